/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.h: one aipmng at a time changes a root, and none while rpm does.
 *
 * rpm's own lock is not taken: without a terminal rpm does not wait for it, and a
 * transaction would fail because of us.  That none runs is asked before the work and
 * again right before the scripts are exchanged; what is exchanged then is
 * looked at (replace.h), so a transaction that begins in between loses nothing.
 */
#ifndef AIP_LOCK_H
#define AIP_LOCK_H

#include "aipmng/aipmng.h"
#include "rpm/pkgdb.h"

#define LOCK_WAIT_MS  30000 /* somebody sits before it */
#define LOCK_BRIEF_MS 10000 /* a trigger, a boot, a timer */

struct lock {
	int own; /* /var/lib/aip/lock, -1: not held */
};

#define LOCK_INIT                                                                                  \
	{                                                                                          \
		-1                                                                                 \
	}

/**
 * lock_take - take our own lock at a time when no transaction of rpm runs but one around us
 * @db: NULL: there is no rpm database, so no transaction either
 * @timeout_ms: how long to wait for both together
 *
 * While a transaction is waited for our own lock is not held, so a trigger inside that
 * transaction gets it: the two cannot wait for each other.
 *
 * Return: 0, -EAGAIN when somebody else holds one (@err says who), or -errno.
 */
int lock_take(const struct ctx *ctx, struct aip_rpmdb *db, int timeout_ms, struct lock *lock,
	      struct aip_err *err);

/** lock_brief - our own lock only, without waiting: for a file of /var/lib/aip. Return: 0, -EAGAIN or -errno. */
int lock_brief(const struct ctx *ctx, struct lock *lock, struct aip_err *err);
void lock_release(struct lock *lock);

#define _cleanup_lock_ _cleanup_(lock_release)

#endif
