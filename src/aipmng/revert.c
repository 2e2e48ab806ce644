// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * revert.c: aipmng --revert (somebody wants the pristine scripts) and --erase (the
 * package is going).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aipmng/change.h"
#include "aipmng/history.h"
#include "aipmng/log.h"
#include "aipmng/state.h"
#include "aipmng/status.h"
#include "aipmng/work.h"
#include "common/cleanup.h"

static int revert(struct work *w, struct plan *plan, struct aip_err *err)
{
	int r = work_indexes(w, AIP_OFFLINE, err), again, tries = 0;

	if (r == -ENOMEM)
		return r;
	aip_err_clear(err); /* the records know, too */
	r = work_lock(w, LOCK_WAIT_MS, err);
	if (r < 0)
		return r;
	/* first: whatever happens now, nobody patches again behind our back */
	if (!w->survey.hold) {
		r = state_flag_set(w->ctx, AIP_FLAG_HOLD, "aipmng --revert\n", err);
		if (r == 0)
			history_note(w->ctx, "held", "by aipmng --revert");
	}
	for (again = r == 0; again > 0;) {
		plan_free(plan);
		r = plan_restore(w->ctx, &w->survey, RESTORE_ASKED, plan, err);
		if (r == 0 && plan->work)
			r = change_run(w->ctx, &w->survey, plan, err);
		again = work_retry(w, r, &tries, LOCK_WAIT_MS, err);
		if (again < 0)
			return again;
	}
	if (r == 0 && plan->verdict.code) {
		*err = plan->verdict;
		r = err->code;
	}
	return r;
}

static void tell(const struct ctx *ctx, const struct plan *plan)
{
	int k;

	for (k = 0; k < AIP_KIND_N && ctx->opt.verbose >= 0; k++) {
		const struct step *st = &plan->s[k];

		if (!st->t || !st->t->hook || st->why.code || st->t->state == TARGET_ABSENT)
			continue;
		printf("%s: %s\n", st->t->hook->path,
		       !plan->done		    ? "left as it is"
		       : st->action == STEP_RESTORE ? "restored"
		       : st->action == STEP_STRIP   ? "our lines taken out, your changes kept"
						    : "left as it is");
	}
}

int mode_revert(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	struct plan plan = { 0 };
	struct aip_err err = AIP_ERR_INIT, again = AIP_ERR_INIT;
	struct outcome o;
	int r, opened = work_open(ctx, &w, &err);

	r = opened < 0 ? opened : revert(&w, &plan, &err);
	if (r < 0 && !err.code)
		aip_err_errno(&err, r, "cannot revert");
	outcome_set(&o, "revert", r < 0 ? &err : NULL, "reverted");
	if (plan.s[0].t)
		tell(ctx, &plan);
	plan_free(&plan);
	if (opened == 0 && work_again(&w, &again) == 0)
		status_save(&w, &o);
	if (r < 0)
		return ctx_fail(ctx, &err);
	if (ctx->opt.verbose >= 0)
		puts("The scripts stay like this until 'aipmng --patches'.");
	return AIP_EXIT_OK;
}

/* All together; should that fail, each script for itself. Return: 1 when something stays, 0, -errno. */
static int erase_all(struct work *w, bool tell, struct aip_err *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	int k, left = 0, r = plan_restore(w->ctx, &w->survey, RESTORE_LAST, &plan, err);

	for (k = 0; r == 0 && k < AIP_KIND_N; k++) {
		left |= plan.s[k].why.code != 0;
		if (plan.s[k].why.code && tell)
			aip_log(w->ctx, LOG_WARNING, "%s", plan.s[k].why.msg);
	}
	if (r == 0 && plan.work)
		r = change_run(w->ctx, &w->survey, &plan, err);
	return r < 0 ? r : left;
}

/* There is no later run: what could not be restored, or not be read, is tried once more. */
static int erase_twice(struct work *w, struct aip_err *err)
{
	int r = erase_all(w, false, err);

	if (r <= 0)
		return r;
	aip_err_clear(err);
	r = work_again(w, err);
	if (r == 0)
		r = erase_all(w, true, err);
	return r < 0 ? r : 0;
}

static int erase_one(struct work *w, int only, struct aip_err *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	int k, r = work_again(w, err);

	if (r == 0)
		r = plan_restore(w->ctx, &w->survey, RESTORE_LAST, &plan, err);
	if (r < 0)
		return r;
	for (k = 0; k < AIP_KIND_N; k++)
		if (k != only)
			plan.s[k].action = STEP_KEEP;
	return change_run(w->ctx, &w->survey, &plan, err);
}

int mode_erase(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	struct aip_err err = AIP_ERR_INIT, ignored = AIP_ERR_INIT;
	int k, r;

	if (state_flag_set(ctx, AIP_FLAG_REMOVING, "aipmng --erase\n", &err) < 0)
		aip_log(ctx, LOG_WARNING, "%s", err.msg);
	r = work_open(ctx, &w, &err);
	if (r == 0) {
		work_indexes(&w, AIP_OFFLINE, &ignored);
		r = work_lock(&w, LOCK_BRIEF_MS, &err);
	}
	if (r == 0)
		r = erase_twice(&w, &err);
	if (r < 0 && w.lock.own >= 0) {
		aip_log(ctx, LOG_WARNING, "%s", err.msg);
		for (r = 0, k = AIP_KIND_N - 1; k >= 0; k--)
			if (erase_one(&w, k, &err) < 0)
				r = -EIO;
	}
	if (r < 0)
		aip_log(ctx, LOG_ERR, "%s; the hooks in the scripts do nothing without aipsnap",
			err.msg);
	return AIP_EXIT_OK;
}
