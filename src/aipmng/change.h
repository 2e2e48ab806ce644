/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change.h: carries a plan out, safely.
 *
 *	every new script passes bash -n		nothing on disk so far
 *	new files beside the old ones, fsync	no space, no permission: found out here
 *	pristine copies, intents		a crash from here on is noticed
 *	for each script: look again, exchange,	one instant each; rc.sysinit first,
 *		fsync, commit its record	when restoring halt first
 *	a failure in between			takes back what was renamed
 *
 * Killed at any point, each script is wholly old or wholly new;
 * change_recover() finishes the book-keeping in the next run.
 */
#ifndef AIP_CHANGE_H
#define AIP_CHANGE_H

#include "aipmng/plan.h"

/**
 * change_run - carry out
 * Needs the locks of lock.h.  Records, history, log and pristine copies are kept up.
 * Return: 0, or -errno: then the scripts are as they were, unless @err says otherwise.
 */
int change_run(const struct ctx *ctx, struct survey *s, struct plan *p, struct aip_err *err);

/**
 * change_settle - after a failed change: the set must agree
 * Where one script is patched and another is not, the patched ones are restored.
 * @s: as it is now
 * Return: 0 or -errno.
 */
int change_settle(const struct ctx *ctx, struct survey *s, struct aip_err *err);

/**
 * change_recover - after a crash: settle intents by what the scripts hold, remove temporary files
 * Needs the locks; to be called before the survey that a change is planned by.
 * Return: 0 or -errno.
 */
int change_recover(const struct ctx *ctx, struct aip_err *err);

#endif
