/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shwalk.h: what a script does, in the order in which it would do it.
 *
 * Every way through the script is followed at once: both sides of a condition,
 * the body of each loop, functions where they are called.  Commands behind an
 * unconditional exit are not reached.  The result is the list of the commands that
 * matter (shstorage.h), each with the top-level command ("unit") that runs it.
 */
#ifndef AIP_SHWALK_H
#define AIP_SHWALK_H

#include "patch/shparse.h"
#include "patch/shstorage.h"

struct sh_event {
	enum sh_effect effect;
	size_t unit;	   /* which command of the top level, from 0 */
	unsigned int line; /* where the command itself stands */
	bool conditional;  /* it may be left out */
	bool background;   /* it is not waited for */
	const char *text;  /* the command, for people */
	const char *why;   /* SH_UNSAFE: what it does, else NULL */
};

struct sh_events {
	struct sh_event *v;
	size_t n;
	bool too_many; /* the walk was given up: the script is too big or too tangled */
};

/**
 * sh_walk - list what the script does
 * @script: from sh_parse(); its arena grows
 * @text, @len: the script's text
 * @events: the result; lives in the arena
 *
 * Return: 0 or -ENOMEM.
 */
int sh_walk(struct sh_script *script, const char *text, size_t len, struct sh_events *events);

#endif
