// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "aipmng/adapt.h"
#include "aipmng/change.h"
#include "aipmng/history.h"
#include "aipmng/log.h"
#include "aipmng/replace.h"
#include "aipmng/state.h"
#include "common/cleanup.h"
#include "common/root.h"

/* One script on its way. */
struct item {
	struct step *st;
	struct replace file;
	bool intended; /* its intent may be on disk */
};

struct run {
	const struct ctx *ctx;
	struct aip_rpmdb *db;	   /* NULL: there is none */
	struct item v[AIP_KIND_N]; /* in the order of the renames */
	size_t n;
};

static void collect(struct run *run, struct plan *p)
{
	int i;

	for (i = 0; i < AIP_KIND_N; i++) {
		int k = p->restoring ? AIP_KIND_N - 1 - i : i;

		if (step_changes(&p->s[k]))
			run->v[run->n++] = (struct item){ .st = &p->s[k], .file = REPLACE_INIT };
	}
}

static int check_syntax(struct run *run, struct aip_err *err)
{
	size_t i;

	for (i = 0; i < run->n; i++) {
		const struct step *st = run->v[i].st;
		int r;

		if (st->action == STEP_RESTORE || st->action == STEP_STRIP)
			continue; /* a file that was there before; the plan has asked bash */
		r = adapt_bash_n(run->ctx, st->next.buf.data, st->next.buf.len, err);
		if (r < 0) {
			aip_err_prefix(err, "the patched %s is refused", st->t->hook->path);
			return r == -EBADMSG ? aip_err_exit(err, AIP_EXIT_REFUSED) : r;
		}
	}
	return 0;
}

/* All that can fail for lack of space or permission, before the first script changes. */
static int prepare(struct run *run, struct aip_err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < run->n; i++) {
		struct step *st = run->v[i].st;

		r = replace_prepare(&run->v[i].file, run->ctx->rootfd, st->t->rel, st->t->now.sha,
				    st->next.buf.data, st->next.buf.len, st->mtime, err);
	}
	for (i = 0; r == 0 && i < run->n; i++) {
		const struct blob *old = &run->v[i].st->pristine;

		if (old->sha[0])
			r = pristine_save(run->ctx, old->sha, old->buf.data, old->buf.len, err);
	}
	for (i = 0; r == 0 && i < run->n; i++) {
		run->v[i].intended = true;
		r = record_intend(run->ctx, run->v[i].st->rec, err);
	}
	return r;
}

/* Where old and new cannot be exchanged rpm is locked out for the instant of a rename. */
static int put_in_place(struct run *run, struct replace *file, struct aip_err *err)
{
	struct aip_rpmlock lock = AIP_RPMLOCK_INIT;
	int r = replace_commit(file, err);

	if (r != -ENOSYS)
		return r;
	r = run->db ? aip_rpmlock_try(run->db, &lock, err) : 0;
	if (r < 0)
		return r;
	aip_err_clear(err);
	file->plain = true;
	r = replace_commit(file, err);
	aip_rpmlock_release(&lock);
	return r;
}

/* A renamed script goes back to what it was a moment ago, record included. */
static int take_back(struct run *run, struct item *it, struct aip_err *err)
{
	const struct target *t = it->st->t;
	struct replace back = REPLACE_INIT;
	int r;

	r = replace_prepare(&back, run->ctx->rootfd, t->rel, it->st->next.sha, t->now.buf.data,
			    t->now.buf.len, &t->st.st_mtim, err);
	if (r == 0)
		r = put_in_place(run, &back, err);
	replace_end(&back);
	if (r < 0 && !back.renamed)
		return r;
	if (t->record)
		return record_put(run->ctx, t->record, err);
	return record_drop(run->ctx, t->kind, err);
}

static void undo(struct run *run, struct aip_err *err)
{
	size_t i;

	for (i = run->n; i-- > 0;) {
		struct item *it = &run->v[i];
		struct aip_err why = AIP_ERR_INIT;

		replace_end(&it->file);
		if (it->file.stuck || (it->file.renamed && take_back(run, it, &why) < 0)) {
			aip_log(run->ctx, LOG_ERR, "%s could not be taken back: %s",
				it->st->t->hook->path, it->file.stuck ? err->msg : why.msg);
			aip_err_hint(err,
				     "%s is changed already and could not be taken back; "
				     "the next aipmng --reconcile settles it",
				     it->st->t->hook->path);
			continue; /* its intent stays, the next run reads it */
		}
		if (it->intended)
			record_cancel(run->ctx, it->st->t->kind, NULL);
	}
}

static int commit(struct run *run, struct aip_err *err)
{
	size_t i;
	int r = run->db && run->n ? aip_rpmlock_ask(run->db, err) : 0;

	if (r < 0)
		return r; /* a transaction has begun: it goes first */
	for (i = 0; i < run->n; i++) {
		struct item *it = &run->v[i];

		r = put_in_place(run, &it->file, err);
		if (r == 0)
			r = record_commit(run->ctx, it->st->rec, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void remove_beside(const struct ctx *ctx, const struct target *t, const char *suffix,
			  const char *why)
{
	_cleanup_free_ char *rel = NULL;

	if (asprintf(&rel, "%s%s", t->rel, suffix) < 0) {
		rel = NULL;
		return;
	}
	if (unlinkat(ctx->rootfd, rel, 0) == 0)
		aip_log(ctx, LOG_NOTICE, "removed %s%s: %s", t->hook->path, suffix, why);
}

/* What does not matter to the scripts: a fault here is for the next run. */
static void tidy(const struct ctx *ctx, struct plan *p)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++) {
		const struct step *st = &p->s[k];

		if (st->unlink_rpmnew)
			remove_beside(ctx, st->t, ".rpmnew", "it is in place now");
		if (st->unlink_rpmsave)
			remove_beside(ctx, st->t, ".rpmsave",
				      "it was the patched file, byte for byte");
		if (st->drop_record)
			record_drop(ctx, st->t->kind, NULL);
		/* the old script, should it not have gone at once; all intents are over */
		if (step_changes(st))
			replace_sweep(ctx->rootfd, st->t->rel);
	}
}

static int adopt(const struct ctx *ctx, const struct step *st, struct aip_err *err)
{
	int r = pristine_save(ctx, st->pristine.sha, st->pristine.buf.data, st->pristine.buf.len,
			      err);

	return r < 0 ? r : record_put(ctx, st->rec, err);
}

/* Keep the copies that a record or an intent may need. */
static void sweep_pristine(const struct ctx *ctx)
{
	const char *keep[2 * AIP_KIND_N];
	struct records recs;
	size_t n = 0;
	int k;

	if (records_load(ctx, &recs, NULL) < 0)
		return;
	for (k = 0; k < AIP_KIND_N; k++) {
		if (recs.applied[k])
			keep[n++] = recs.applied[k]->pre;
		if (recs.intent[k])
			keep[n++] = recs.intent[k]->pre;
	}
	if (!recs.n_foreign) /* it may speak of a copy */
		pristine_sweep(ctx, keep, n);
	records_free(&recs);
}

int change_run(const struct ctx *ctx, struct survey *s, struct plan *p, struct aip_err *err)
{
	struct run run = { .ctx = ctx, .db = s->db };
	size_t i;
	int k, r;

	collect(&run, p);
	r = check_syntax(&run, err);
	if (r == 0)
		r = prepare(&run, err);
	if (r == 0)
		r = commit(&run, err);
	if (r < 0) {
		undo(&run, err);
		if (r != -EAGAIN && r != -ESTALE) /* those are tried again */
			history_failure(ctx, err);
		return r;
	}
	p->done = true;
	for (i = 0; i < run.n; i++)
		history_step(ctx, s, run.v[i].st);
	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		if (p->s[k].action == STEP_ADOPT)
			r = adopt(ctx, &p->s[k], err);
	tidy(ctx, p);
	sweep_pristine(ctx);
	return r;
}

int change_settle(const struct ctx *ctx, struct survey *s, struct aip_err *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	bool patched = false, bare = false;
	int k, r;

	for (k = 0; k < AIP_KIND_N; k++) {
		patched |= s->t[k].state == TARGET_PATCHED || s->t[k].state == TARGET_STALE;
		bare |= s->t[k].hooks == 0 && !target_unread(&s->t[k]);
	}
	if (!patched || !bare)
		return 0;
	r = plan_restore(ctx, s, RESTORE_ASKED, &plan, err);
	return r < 0 ? r : change_run(ctx, s, &plan, err);
}

static int recover_one(const struct ctx *ctx, const struct record *rec, struct aip_err *err)
{
	_cleanup_free_ char *rel = NULL;
	_cleanup_(blob_free) struct blob now = { 0 };
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	const struct aip_hook *hook = aip_hook(rec->kind);
	struct stat st;
	bool done = false;

	if (aip_root_resolve(ctx->rootfd, hook->path, 1, &rel, NULL) == 0 &&
	    file_read_whole(ctx->rootfd, rel, &b, &st, NULL) == 0 &&
	    blob_set(&now, b.len ? b.data : "", b.len) == 0)
		done = strcmp(now.sha, rec->result) == 0 ||
		       /* changed again by somebody, after our rename: our block tells */
		       (rec->action == RECORD_APPLY && strcmp(now.sha, rec->from) != 0 &&
			hook_find(rec->kind, &b, NULL, NULL));
	aip_log(ctx, LOG_NOTICE, "%s: an interrupted change was %s", hook->path,
		done ? "carried out" : "not carried out");
	return done ? record_commit(ctx, rec, err) : record_cancel(ctx, rec->kind, err);
}

/*
 * What lies beside the script.  With an intent it is judged before anything is removed: it may be
 * what an exchange has brought out, somebody else's file, and the only copy.  Without an intent nothing has been
 * exchanged: intents are written before the first exchange, and go after what it brought out.
 */
static int recover_beside(const struct ctx *ctx, enum aip_kind kind, const struct record *intent,
			  struct aip_err *err)
{
	_cleanup_free_ char *rel = NULL;
	const char *path = aip_hook(kind)->path;
	int r;

	if (aip_root_resolve(ctx->rootfd, path, 1, &rel, NULL) < 0)
		return 0;
	if (!intent) {
		replace_sweep(ctx->rootfd, rel);
		return 0;
	}
	r = replace_recover(ctx->rootfd, rel, intent->from, intent->result, err);
	if (r > 0)
		aip_log(ctx, LOG_WARNING,
			"%s: a run was interrupted in the instant in which somebody else replaced "
			"it; the other's file is %s",
			path,
			r == REPLACE_PUT_BACK ? "in place again" : "kept beside it as .aipsave");
	return r < 0 ? r : 0;
}

int change_recover(const struct ctx *ctx, struct aip_err *err)
{
	struct records recs;
	int k, r = records_load(ctx, &recs, err);
	_cleanup_close_ int state = ctx_dir(ctx, AIP_STATE_DIR, 0, NULL);
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR "/records", 0, NULL);

	if (r < 0)
		return r;
	/* files of ours that were never renamed into place: what a record says is in the record */
	if (state >= 0)
		state_sweep(state);
	if (dir >= 0)
		state_sweep(dir);
	for (k = 0; r == 0 && k < AIP_KIND_N; k++) {
		r = recover_beside(ctx, k, recs.intent[k], err);
		if (r == 0 && recs.intent[k])
			r = recover_one(ctx, recs.intent[k], err);
	}
	records_free(&recs);
	return r;
}
