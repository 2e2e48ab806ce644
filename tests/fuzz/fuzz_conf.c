// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * aip.conf: whatever a file holds, what is accepted stays within the documented limits; and the
 * glance at a .repo file.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "aipmng/conf.h"
#include "aipmng/yumrepo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct conf *c)
{
	size_t i;

	if (c->n_index > AIP_CONF_MAX_INDEX || c->timeout < 1 || c->timeout > 3600 ||
	    c->connect_timeout < 1 || c->connect_timeout > 300 || c->trigger_timeout < 1 ||
	    c->trigger_timeout > 300 || c->signatures < 1 || c->signatures > 16)
		__builtin_trap();
	for (i = 0; i < c->n_index; i++)
		if (strncmp(c->index[i], "http", 4) != 0 &&
		    strncmp(c->index[i], "file:///", 8) != 0)
			__builtin_trap();
	if ((c->sslcacert && *c->sslcacert != '/') || (c->proxy && !*c->proxy) ||
	    (c->repo && !*c->repo))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aip_err err = AIP_ERR_INIT;
	struct conf *c = conf_new();
	int r;

	r = conf_parse(c, (const char *)data, size, "aip.conf", &err);
	if (r == 0)
		check(c);
	else if (!strstr(err.msg, "aip.conf:"))
		__builtin_trap();
	conf_free(c);
	r = yumrepo_scan((const char *)data, size, "aip");
	if (r != 0 && r != 1 && r != -ENOENT)
		__builtin_trap();
	return 0;
}
