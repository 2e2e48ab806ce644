// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "common/bashn.h"
#include "common/spawn.h"

#define COMPLAINT_MAX 65536

/* The first line that bash said, without control characters that a terminal would obey. */
static void first_line(const struct aip_buf *said, char *out, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && i < said->len && said->data[i] != '\n'; i++) {
		unsigned char c = said->data[i];

		out[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	out[i] = 0;
}

int aip_bash_n(const char *root, const void *script, size_t len, int timeout_ms,
	       struct aip_err *err)
{
	static const char *const argv[] = { "/bin/bash", "-n", NULL };
	static const char *const envp[] = { "PATH=/bin:/usr/bin", "LC_ALL=C", NULL };
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	struct aip_spawn s = {
		.argv = argv,
		.envp = envp,
		.root = root && strcmp(root, "/") != 0 ? root : NULL,
		.input = script,
		.input_len = len,
		.output_max = COMPLAINT_MAX,
		.timeout_ms = timeout_ms > 0 ? timeout_ms : AIP_BASHN_TIMEOUT_MS,
		.quiet_stdout = true,
	};
	char line[256];
	int r = aip_spawn(&s, &res, err);

	if (r == -EFBIG)
		return aip_err_set(err, -EBADMSG, "bash -n complains without end");
	if (r < 0)
		return r;
	if (res.status == 0 && res.err.len == 0)
		return 0;
	first_line(&res.err, line, sizeof(line));
	if (!line[0])
		return aip_err_set(err, -EBADMSG, "bash -n ended with status %d", res.status);
	return aip_err_set(err, -EBADMSG, "bash -n complains: %s", line);
}
