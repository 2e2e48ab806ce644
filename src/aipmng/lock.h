/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.h: one aipmng at a time changes a root, and none while rpm does.
 */
#ifndef AIP_LOCK_H
#define AIP_LOCK_H

#include "aipmng/aipmng.h"
#include "rpm/pkgdb.h"

#define LOCK_WAIT_MS  30000 /* somebody sits before it */
#define LOCK_BRIEF_MS 10000 /* a trigger, a boot, a timer */

struct lock {
	int own;		/* /var/lib/aip/lock, -1: not held */
	struct aip_rpmlock rpm; /* see pkgdb.h */
};

#define LOCK_INIT                                                                                  \
	{                                                                                          \
		-1, AIP_RPMLOCK_INIT                                                               \
	}

/**
 * lock_take - take our own lock and rpm's
 * @db: NULL: there is no rpm database, so no transaction either
 * @timeout_ms: how long to wait for both together
 *
 * While rpm's lock cannot be had our own is not held, so a trigger inside that
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
