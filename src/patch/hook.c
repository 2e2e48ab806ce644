// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "patch/hook.h"

#define TEXT(s, n)                                                                                 \
	{                                                                                          \
		(s), sizeof(s) - 1, (n)                                                            \
	}

static const struct aip_hook_text rc_sysinit_texts[] = {
	TEXT("# start tracking\n"
	     "if [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n"
	     "\t/etc/aipsnap start --tracking\n"
	     "fi\n",
	     4),
};

static const struct aip_hook_text halt_texts[] = {
	TEXT("# now clear dirty flag on tracking table\n"
	     "[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag\n",
	     2),
};

#define TEXTS(a) .n_texts = sizeof(a) / sizeof((a)[0]), .texts = (a)

static const struct aip_hook hooks[AIP_KIND_N] = {
	[AIP_KIND_RC_SYSINIT] = {
		.path = "/etc/rc.d/rc.sysinit",
		.name = "rc.sysinit",
		.sample = "rc.sysinit-sample.patch",
		.what = "starts tracking before any file system is checked",
		TEXTS(rc_sysinit_texts),
	},
	[AIP_KIND_HALT] = {
		.path = "/etc/rc.d/init.d/halt",
		.name = "halt",
		.sample = "halt-sample.patch",
		.what = "seals the table after every file system is read-only",
		TEXTS(halt_texts),
	},
};

const struct aip_hook *aip_hook(enum aip_kind kind)
{
	return &hooks[kind];
}

int aip_kind_by_path(const char *path)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		if (strcmp(hooks[k].path, path) == 0)
			return k;
	return -ENOENT;
}

int aip_kind_by_name(const char *name)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		if (strcmp(hooks[k].name, name) == 0)
			return k;
	return -ENOENT;
}

int aip_hook_match(enum aip_kind kind, const void *text, size_t len)
{
	size_t i;

	for (i = 0; i < hooks[kind].n_texts; i++)
		if (hooks[kind].texts[i].len == len &&
		    memcmp(hooks[kind].texts[i].text, text, len) == 0)
			return i;
	return -ENOENT;
}
