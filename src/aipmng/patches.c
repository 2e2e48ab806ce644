// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patches.c: aipmng --patches: somebody wants the scripts patched, now.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aipmng/history.h"
#include "aipmng/log.h"
#include "aipmng/state.h"
#include "aipmng/status.h"
#include "aipmng/work.h"
#include "common/cleanup.h"

#define APPLIED	 "Successfully applied."
#define NO_PATCH "No patch files found for this system."

/* What came from outside was refused, and nothing better came: then nothing is changed. */
static int refresh(struct work *w, struct aip_err *err)
{
	int r = work_refresh(w, err);

	if (r < 0 && w->idx.refused.code && !err->hint[0])
		aip_err_hint(err, "nothing was changed; aipmng --patches --offline uses the last "
				  "index that was good");
	return r;
}

static int lift(struct ctx *ctx, const struct survey *s, struct aip_err *err)
{
	int r = 0;

	if (s->hold) {
		r = state_flag_clear(ctx, AIP_FLAG_HOLD, err);
		if (r == 0)
			history_note(ctx, "released", "the scripts are patched again from now on");
	}
	if (r == 0 && s->removing)
		r = state_flag_clear(ctx, AIP_FLAG_REMOVING, err);
	return r;
}

static void no_patch(const struct survey *s, struct aip_err *err)
{
	aip_err_set(err, -ENOENT, NO_PATCH);
	if (s->no_package.code)
		aip_err_hint(err, "%s", s->no_package.msg);
	else
		aip_err_hint(err, "%s has no such boot scripts", s->package->nevra);
	aip_err_exit(err, AIP_EXIT_NO_PATCH);
}

/* Does the work, tells nobody. Return: 0; or -errno with @err, exit code included. */
static int apply(struct work *w, struct plan *plan, struct aip_err *err)
{
	int r;

	if (!survey_has_set(&w->survey)) {
		no_patch(&w->survey, err);
		return err->code;
	}
	r = refresh(w, err);
	if (r == 0)
		r = work_lock(w, LOCK_WAIT_MS, err);
	if (r == 0 && !survey_has_set(&w->survey)) {
		no_patch(&w->survey, err);
		r = err->code;
	}
	if (r == 0)
		r = lift(w->ctx, &w->survey, err);
	if (r == 0)
		r = work_apply(w, plan, LOCK_WAIT_MS, err);
	if (r == 0 && plan->verdict.code) {
		*err = plan->verdict;
		r = err->code;
	}
	return r;
}

static const char *done_word(const struct step *st)
{
	switch (st->action) {
	case STEP_PATCH:
		return "patched";
	case STEP_MOVE:
		return "moved to another patch";
	case STEP_HEAL:
		return "replaced by the new script from .rpmnew, patched";
	case STEP_ADAPT:
		return "patched at a place that was proved";
	case STEP_RESTORE:
		return "restored, since the set cannot be complete";
	case STEP_ADOPT:
		return "patched already, recorded now";
	default:
		return st->t->state == TARGET_PATCHED ? "patched already"
		       : st->t->state == TARGET_STALE ? "patched for an older package"
						      : "left as it is";
	}
}

static void tell_text(const struct work *w, const struct plan *plan, const struct aip_err *err)
{
	int k;

	for (k = 0; k < AIP_KIND_N && w->ctx->opt.verbose >= 0; k++) {
		const struct step *st = &plan->s[k];

		if (!st->t || !st->t->hook)
			continue; /* not planned; or it could not be looked at again */
		if (!err->code || (plan->done && step_changes(st)))
			printf("%s: %s\n", st->t->hook->path, done_word(st));
		if (plan->done && st->action == STEP_ADAPT && st->proof)
			fputs(st->proof, stdout);
		if (st->why.code && strcmp(st->why.msg, NO_PATCH) != 0 &&
		    strcmp(st->why.msg, err->msg) != 0)
			fprintf(stderr, "aipmng: %s\n", st->why.msg);
	}
	if (!err->code)
		puts(APPLIED);
}

static void tell_json(struct work *w, const struct plan *plan, const struct outcome *o)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct status s;
	struct aip_jsonw j;
	int k;

	if (status_make(w, o, &s) < 0)
		return;
	aip_jsonw_init(&j, &text, true);
	aip_jsonw_object(&j, NULL);
	aip_jsonw_int(&j, "exit", o->exit);
	aip_jsonw_str(&j, "message", o->message);
	aip_jsonw_array(&j, "changes");
	for (k = 0; k < AIP_KIND_N; k++) {
		const struct step *st = &plan->s[k];

		if (!st->t || !st->t->hook)
			continue;
		aip_jsonw_object(&j, NULL);
		aip_jsonw_str(&j, "path", st->t->hook->path);
		aip_jsonw_str(&j, "action",
			      step_changes(st) && !plan->done ? "failed" : step_name(st->action));
		if (st->why.code)
			aip_jsonw_str(&j, "why", st->why.msg);
		aip_jsonw_end(&j);
	}
	aip_jsonw_end(&j);
	aip_jsonw_object(&j, "status");
	status_json(&s, &j);
	aip_jsonw_end(&j);
	aip_jsonw_end(&j);
	if (aip_buf_status(&text) == 0)
		fwrite(text.data, 1, text.len, stdout);
	status_free(&s);
}

static int tell_error(const struct ctx *ctx, const struct aip_err *err)
{
	if (err->exit != AIP_EXIT_NO_PATCH || strcmp(err->msg, NO_PATCH) != 0)
		return ctx_fail(ctx, err);
	if (!ctx->opt.json)
		puts(NO_PATCH);
	if (err->hint[0])
		fprintf(stderr, "aipmng: %s\n", err->hint);
	return err->exit;
}

int mode_patches(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	struct plan plan = { 0 };
	struct aip_err err = AIP_ERR_INIT, again = AIP_ERR_INIT;
	struct outcome o;
	int r, opened = work_open(ctx, &w, &err);

	r = opened < 0 ? opened : apply(&w, &plan, &err);
	if (r == 0)
		aip_err_clear(&err);
	if (r < 0 && !err.code)
		aip_err_errno(&err, r, "cannot apply the patches");
	outcome_set(&o, "patches", &err, APPLIED);
	if (!ctx->opt.json)
		tell_text(&w, &plan, &err);
	r = r < 0 ? tell_error(ctx, &err) : AIP_EXIT_OK;
	if (opened == 0) {
		int changed = work_again(&w, &again);

		/* where there is no rpm database this is no system, and gets no state */
		if (changed == 0 && w.db)
			status_save(&w, &o);
		if (changed == 0 && ctx->opt.json)
			tell_json(&w, &plan, &o);
	}
	plan_free(&plan);
	return r;
}
