// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "aipmng/change.h"
#include "aipmng/log.h"
#include "aipmng/work.h"

#define TRIES_MAX 3

static int open_db(struct work *w, struct aip_err *err)
{
	int r;

	aip_rpmdb_close(w->db);
	w->db = NULL;
	r = aip_rpmdb_open(w->ctx->root, &w->db, &w->no_db);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*err = w->no_db;
	return r;
}

int work_again(struct work *w, struct aip_err *err)
{
	survey_free(&w->survey);
	return survey_make(w->ctx, w->db, &w->no_db, &w->idx, &w->survey, err);
}

int work_open(struct ctx *ctx, struct work *w, struct aip_err *err)
{
	int r;

	*w = (struct work){ .ctx = ctx, .lock = LOCK_INIT };
	r = open_db(w, err);
	return r < 0 ? r : work_again(w, err);
}

/* Log what was noticed, but not what becomes the run's error. */
static void warn(const struct work *w, const struct aip_err *but)
{
	size_t i, n = strlen(but->msg);

	for (i = 0; i < w->idx.n_warnings; i++)
		if (!but->code || strncmp(w->idx.warnings[i], but->msg, n) != 0)
			aip_log(w->ctx, LOG_WARNING, "%s", w->idx.warnings[i]);
}

int work_indexes(struct work *w, enum aip_load_mode mode, struct aip_err *err)
{
	int r = aip_indexes_load_until(w->ctx, mode, survey_satisfied, &w->survey, &w->idx, err);

	warn(w, err);
	if (survey_judge(&w->survey, &w->idx, r < 0 ? NULL : err) < 0)
		return -ENOMEM;
	return r;
}

int work_refresh(struct work *w, struct aip_err *err)
{
	int r = aip_indexes_load_until(w->ctx, AIP_REFRESH, survey_satisfied, &w->survey, &w->idx,
				       err);

	if (r == 0)
		r = aip_indexes_outcome(&w->idx, err);
	warn(w, err);
	if (survey_judge(&w->survey, &w->idx, r < 0 ? NULL : err) < 0)
		return -ENOMEM;
	return r;
}

int work_lock(struct work *w, int timeout_ms, struct aip_err *err)
{
	int r = lock_take(w->ctx, w->db, timeout_ms, &w->lock, err);

	if (r == 0)
		r = change_recover(w->ctx, err);
	if (r == 0)
		r = open_db(w, err); /* what rpm wrote while we waited */
	return r < 0 ? r : work_again(w, err);
}

int work_retry(struct work *w, int r, int *tries, int timeout_ms, struct aip_err *err)
{
	if ((r != -EAGAIN && r != -ESTALE) || ++*tries > TRIES_MAX)
		return 0;
	lock_release(&w->lock);
	aip_err_clear(err);
	r = work_lock(w, timeout_ms, err);
	return r < 0 ? r : 1;
}

/* What failed half way: the set must agree all the same. */
static void settle(struct work *w)
{
	struct aip_err err = AIP_ERR_INIT;

	if (work_again(w, &err) < 0 || change_settle(w->ctx, &w->survey, &err) < 0)
		aip_log(w->ctx, LOG_ERR, "the scripts could not be settled: %s", err.msg);
}

/* A transaction that began in the same instant may have replaced a script since. */
static int check_stands(struct work *w, const struct plan *plan, struct aip_err *err)
{
	int k, r = work_again(w, err);

	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		if (step_changes(&plan->s[k]) &&
		    strcmp(w->survey.t[k].now.sha, plan->s[k].next.sha) != 0)
			r = aip_err_set(err, -ESTALE, "%s was replaced right after it was changed",
					w->survey.t[k].hook->path);
	return r;
}

int work_apply(struct work *w, struct plan *plan, int timeout_ms, struct aip_err *err)
{
	int r, again, tries = 0;

	do {
		plan_free(plan);
		r = plan_apply(w->ctx, &w->survey, &w->idx, plan, err);
		if (r == 0 && plan->work)
			r = change_run(w->ctx, &w->survey, plan, err);
		if (r == 0 && plan->done)
			r = check_stands(w, plan, err);
		again = work_retry(w, r, &tries, timeout_ms, err);
	} while (again > 0);
	if (again < 0)
		return again;
	/* the targets stay where they are in memory, so the plan can still be shown */
	if (r < 0 && plan->work && r != -EAGAIN)
		settle(w);
	return r;
}

void work_close(struct work *w)
{
	survey_free(&w->survey);
	aip_indexes_free(&w->idx);
	lock_release(&w->lock);
	aip_rpmdb_close(w->db);
	w->db = NULL;
}
