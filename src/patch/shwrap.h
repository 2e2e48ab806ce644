/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shwrap.h: commands that run other commands (action, nice, sh -c, find -exec, ...).
 */
#ifndef AIP_SHWRAP_H
#define AIP_SHWRAP_H

#include "patch/shvalue.h"

enum sh_wrap {
	SH_WRAP_NO,	 /* it does not run others */
	SH_WRAP_NOTHING, /* it could, but here it runs none */
	SH_WRAP_FIELDS,	 /* it runs .fields */
	SH_WRAP_STRING,	 /* it runs .text as a script */
	SH_WRAP_UNCLEAR, /* it runs something, and what cannot be told */
};

struct sh_inner {
	struct sh_fields fields;
	const char *text;
	bool background;     /* and does not wait for it */
	bool sees_functions; /* FIELDS: it is itself a function, so its command can be one */
	bool same_shell;     /* STRING: in this shell (eval), not in one of its own */
};

/** sh_unwrap - what a command with these arguments runs in turn. */
enum sh_wrap sh_unwrap(struct sh_arena *arena, const struct sh_fields *f, struct sh_inner *inner);

#endif
