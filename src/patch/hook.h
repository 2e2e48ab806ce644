/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hook.h: the files that aip patches and the only texts it ever puts there.
 * This table is what a client believes; an index cannot add to it.
 */
#ifndef AIP_HOOK_H
#define AIP_HOOK_H

#include <stddef.h>

/* In the order of application; reverting goes the other way. */
enum aip_kind { AIP_KIND_RC_SYSINIT, AIP_KIND_HALT, AIP_KIND_N };

struct aip_hook_text {
	const char *text; /* whole lines, the last one ends in a newline */
	size_t len;
	size_t lines;
};

struct aip_hook {
	const char *path;   /* "/etc/rc.d/rc.sysinit" */
	const char *name;   /* "rc.sysinit": for people, options and JSON */
	const char *sample; /* "rc.sysinit-sample.patch" */
	const char *what;   /* what the hook does, a few words */
	size_t n_texts;	    /* at least 1 */
	const struct aip_hook_text
		*texts; /* accepted texts; [0] is the one that is inserted today */
};

/** aip_hook - Return: the entry of a kind; never NULL for 0 <= @kind < AIP_KIND_N. */
const struct aip_hook *aip_hook(enum aip_kind kind);

/** aip_kind_by_path - Return: the kind whose path is exactly @path, or -ENOENT. */
int aip_kind_by_path(const char *path);

/** aip_kind_by_name - Return: the kind whose short name is exactly @name, or -ENOENT. */
int aip_kind_by_name(const char *name);

/** aip_hook_match - Return: number of the text of @kind that equals @len bytes at @text, or -ENOENT. */
int aip_hook_match(enum aip_kind kind, const void *text, size_t len);

#endif
