/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * work.h: what every mode that looks at the scripts has in its hands.
 */
#ifndef AIP_WORK_H
#define AIP_WORK_H

#include "aipmng/lock.h"
#include "aipmng/plan.h"
#include "aipmng/source.h"
#include "aipmng/survey.h"

struct work {
	struct ctx *ctx;
	struct aip_rpmdb *db; /* NULL: no database, see no_db */
	struct aip_err no_db;
	struct aip_indexes idx;
	struct survey survey;
	struct lock lock;
};

/**
 * work_open - the rpm database and a first look at the scripts, no index yet
 * @w: released with work_close(), also after a failure
 * Return: 0 or -errno; a root without a database is fine.
 */
int work_open(struct ctx *ctx, struct work *w, struct aip_err *err);
void work_close(struct work *w);

#define _cleanup_work_ _cleanup_(work_close)

/** work_indexes - load indexes, as far as needed (AIP_CACHE_FIRST), log warnings, judge the scripts. Return: as aip_indexes_load(). */
int work_indexes(struct work *w, enum aip_load_mode mode, struct aip_err *err);

/**
 * work_refresh - ask every source, log warnings, judge the scripts
 * Return: as aip_indexes_load(); also a failure: every source that answered gave what was refused.
 */
int work_refresh(struct work *w, struct aip_err *err);

/** work_lock - take the locks, settle what a crash left, look at the scripts again. Return: 0, -EAGAIN, -errno. */
int work_lock(struct work *w, int timeout_ms, struct aip_err *err);

/**
 * work_apply - plan and patch, under the locks; what fails half way is settled
 * @plan: what was planned, for the caller to show and free
 * Return: 0 (see plan->verdict) or -errno.
 */
int work_apply(struct work *w, struct plan *plan, int timeout_ms, struct aip_err *err);

/**
 * work_retry - after a change that rpm came in the way of: wait, look again
 * @r: how it ended; @tries: 0 at first
 * Return: 1 try again; 0 not, @r stays the result; -errno when the locks cannot be had.
 */
int work_retry(struct work *w, int r, int *tries, int timeout_ms, struct aip_err *err);

/** work_again - look at the scripts again, after a change. Return: 0 or -errno. */
int work_again(struct work *w, struct aip_err *err);

#endif
