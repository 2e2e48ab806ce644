// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reconcile.c: aipmng --reconcile: what a trigger, a timer and a boot call.  Makes the
 * scripts what they should be, from what is at hand, and never fails anybody.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aipmng/change.h"
#include "aipmng/log.h"
#include "aipmng/status.h"
#include "aipmng/work.h"
#include "common/cleanup.h"

#define NOTHING "nothing to do"
#define DONE	"done"

/* Under the locks. Held: what an interrupted --revert has left patched goes back. */
static int carry_out(struct work *w, struct plan *plan, struct aip_err *err)
{
	int r;

	if (!w->survey.hold)
		return work_apply(w, plan, LOCK_BRIEF_MS, err);
	r = plan_restore(w->ctx, &w->survey, RESTORE_FINISH, plan, err);
	return r == 0 && plan->work ? change_run(w->ctx, &w->survey, plan, err) : r;
}

static int make_plan(struct work *w, struct plan *plan, struct aip_err *err)
{
	if (w->survey.hold)
		return plan_restore(w->ctx, &w->survey, RESTORE_FINISH, plan, err);
	return plan_apply(w->ctx, &w->survey, &w->idx, plan, err);
}

/* Look; only when there is something to do take the locks and look again. */
static int reconcile(struct work *w, const char **said, struct aip_err *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	enum aip_load_mode mode = w->ctx->opt.refresh ? AIP_REFRESH : AIP_CACHE_FIRST;
	int r;

	*said = NOTHING;
	if (!survey_has_set(&w->survey)) {
		if (w->survey.no_package.code)
			*err = w->survey.no_package;
		return 0;
	}
	r = work_indexes(w, mode, err);
	if (r == -ENOMEM)
		return r;
	aip_err_clear(err); /* without an index, records still say what to do */
	r = make_plan(w, &plan, err);
	if (r == 0 && plan.work) {
		plan_free(&plan);
		r = work_lock(w, LOCK_BRIEF_MS, err);
		if (r < 0 || w->survey.removing)
			return r;
		*said = DONE;
		r = carry_out(w, &plan, err);
	}
	if (r == 0)
		*err = plan.verdict;
	return r;
}

int mode_reconcile(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	struct aip_err err = AIP_ERR_INIT, again = AIP_ERR_INIT;
	const char *said = NOTHING;
	struct outcome before, now;
	int r = work_open(ctx, &w, &err);
	bool seen = r == 0; /* there is something that a status can be made of */

	if (r == 0 && w.survey.removing)
		return AIP_EXIT_OK;
	if (r == 0)
		r = reconcile(&w, &said, &err);
	if (r < 0 && !err.code)
		aip_err_errno(&err, r, "cannot reconcile");
	outcome_set(&now, "reconcile", &err, said);
	status_last(ctx, &before);
	/* a timer must not say the same thing every hour */
	if (now.exit && strcmp(before.message, now.message) != 0)
		aip_log(ctx, LOG_WARNING, "%s", now.message);
	else if (ctx->opt.verbose > 0)
		aip_log(ctx, LOG_DEBUG, "%s", now.message);
	if (seen && (strcmp(said, DONE) != 0 || work_again(&w, &again) == 0))
		status_save(&w, &now);
	return AIP_EXIT_OK;
}
