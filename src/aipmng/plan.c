// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aipmng/adapt.h"
#include "aipmng/plan.h"
#include "common/cleanup.h"

const char *step_name(enum step_action a)
{
	static const char *const names[] = {
		[STEP_KEEP] = "keep",	    [STEP_ADOPT] = "adopt", [STEP_PATCH] = "patch",
		[STEP_MOVE] = "move",	    [STEP_HEAL] = "heal",   [STEP_ADAPT] = "adapt",
		[STEP_RESTORE] = "restore", [STEP_STRIP] = "strip",
	};

	return names[a];
}

bool step_changes(const struct step *st)
{
	return st->action != STEP_KEEP && st->action != STEP_ADOPT;
}

static void step_reset(struct step *st)
{
	blob_free(&st->next);
	blob_free(&st->pristine);
	record_free(TAKE_PTR(st->rec));
	st->action = STEP_KEEP;
	st->mtime = NULL;
	st->unlink_rpmnew = false;
}

void plan_free(struct plan *p)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++) {
		step_reset(&p->s[k]);
		free(p->s[k].proof);
	}
	memset(p, 0, sizeof(*p));
}

struct record *step_record(const struct survey *s, const struct target *t,
			   enum record_action action, enum record_how how)
{
	struct record *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return NULL;
	rec->kind = t->kind;
	rec->action = action;
	rec->how = how;
	rec->applied = time(NULL);
	rec->mtime = t->st.st_mtim;
	strcpy(rec->from, t->now.sha);
	if (t->record && t->by_record)
		rec->mtime = t->record->mtime;
	if (t->rpm) {
		rec->header_algo = t->rpm->algo;
		strcpy(rec->header_digest, t->rpm->digest);
	}
	if (s->package) {
		rec->package = strdup(s->package->nevra);
		if (!rec->package) {
			record_free(rec);
			return NULL;
		}
	}
	return rec;
}

/* The record of what @entry of the index @from leads to. */
static int record_entry(const struct survey *s, struct step *st, const struct aip_index_file *entry,
			const struct aip_loaded *from, enum record_how how)
{
	struct record *rec = step_record(s, st->t, RECORD_APPLY, how);

	if (!rec)
		return -ENOMEM;
	st->rec = rec;
	strcpy(rec->pre, entry->pre);
	strcpy(rec->post, entry->post);
	strcpy(rec->result, entry->post);
	rec->after = entry->after;
	rec->text = entry->text;
	rec->serial = from->index->serial;
	rec->stream = strdup(from->index->stream);
	rec->origin = strdup(from->origin);
	return rec->stream && rec->origin ? 0 : -ENOMEM;
}

/* Put the patch @entry over the pristine bytes @base. */
static int with_entry(const struct survey *s, struct step *st, enum step_action action,
		      const struct blob *base, const struct aip_index_file *entry,
		      const struct aip_loaded *from, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	int r = aip_index_apply(entry, base->buf.data, base->buf.len, &out, err);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		/* a bad entry is this script's affair; what becomes of the others is the set's */
		aip_err_prefix(err, "%s", st->t->hook->path);
		st->why = *err;
		aip_err_clear(err);
		return 0;
	}
	st->action = action;
	r = blob_set(&st->next, out.data, out.len);
	if (r == 0)
		r = blob_set(&st->pristine, base->buf.data, base->buf.len);
	if (r == 0)
		r = record_entry(s, st, entry, from, RECORD_BY_INDEX);
	return r < 0 ? aip_err_errno(err, r, "cannot make the new %s", st->t->hook->path) : 0;
}

static void cannot(struct step *st, int code, int exit_code, const char *what)
{
	aip_err_set(&st->why, code, "%s %s", st->t->hook->path, what);
	aip_err_exit(&st->why, exit_code);
}

/* A script that carries a known patch over what the package says. */
static int forward_patched(const struct survey *s, const struct aip_indexes *idx, struct step *st,
			   struct aip_err *err)
{
	struct target *t = st->t;
	const struct aip_loaded *from = NULL;
	const struct aip_index_file *other = aip_indexes_by_pre(idx, t->pristine.sha, &from);
	bool adapted = t->by_record && t->record->how == RECORD_BY_ADAPTING;
	int r;

	if (other && other->kind != t->kind)
		other = NULL;
	if (other && (t->withdrawn || adapted) && strcmp(other->post, t->now.sha) != 0)
		return with_entry(s, st, STEP_MOVE, &t->pristine, other, from, err);
	if (t->withdrawn) {
		cannot(st, -ENOENT, AIP_EXIT_NO_PATCH,
		       "has a patch that was withdrawn, and there is no other");
		return 0;
	}
	if ((!t->by_record || adapted) && t->entry && !s->records.kept[t->kind]) {
		st->action = STEP_ADOPT;
		r = blob_set(&st->pristine, t->pristine.buf.data, t->pristine.buf.len);
		if (r == 0)
			r = record_entry(s, st, t->entry, t->from,
					 adapted ? RECORD_BY_INDEX : RECORD_FOUND);
		if (r < 0)
			return aip_err_errno(err, r, "cannot make the record of %s", t->hook->path);
	}
	return 0;
}

static void mtime_beside(const struct ctx *ctx, struct step *st)
{
	_cleanup_free_ char *rel = NULL;
	struct stat s;

	if (asprintf(&rel, "%s.rpmnew", st->t->rel) < 0)
		return;
	if (fstatat(ctx->rootfd, rel, &s, AT_SYMLINK_NOFOLLOW) == 0) {
		st->mtime_buf = s.st_mtim;
		if (st->rec)
			st->rec->mtime = s.st_mtim;
	}
}

/* A known patch over an outdated script: the new one lies beside it, perhaps. */
static int forward_stale(const struct ctx *ctx, const struct survey *s,
			 const struct aip_indexes *idx, struct step *st, struct aip_err *err)
{
	struct target *t = st->t;
	const struct aip_loaded *from = NULL;
	const struct aip_index_file *entry = NULL;
	int r;

	if (t->rpmnew_is_new && target_was_packaged(t))
		entry = aip_indexes_by_pre(idx, t->rpmnew.sha, &from);
	if (entry && entry->kind == t->kind && !t->blocked.code) {
		r = with_entry(s, st, STEP_HEAL, &t->rpmnew, entry, from, err);
		if (r == 0 && st->action == STEP_HEAL) {
			mtime_beside(ctx, st);
			st->unlink_rpmnew = true;
		}
		return r;
	}
	if (t->withdrawn)
		cannot(st, -ENOENT, AIP_EXIT_NO_PATCH,
		       "has a patch that was withdrawn, and there is no other");
	return 0;
}

static int forward_unknown(const struct ctx *ctx, const struct survey *s,
			   const struct aip_indexes *idx, struct step *st, struct aip_err *err)
{
	struct target *t = st->t;

	if (ctx_adapt(ctx) && !t->blocked.code)
		return adapt_step(ctx, s, st, err);
	if (t->state == TARGET_PRISTINE_UNKNOWN) {
		aip_indexes_no_patch(idx, &st->why);
		return 0;
	}
	cannot(st, -EPERM, AIP_EXIT_CUSTOMISED,
	       t->hooks ? "was edited, with the hook in it, and is left alone"
			: "is customised and is left alone");
	aip_err_hint(&st->why, "compare it with %s/%s, or try: aipmng --diff --adapt",
		     AIP_SAMPLES_DIR, t->hook->sample);
	return 0;
}

static int forward(const struct ctx *ctx, const struct survey *s, const struct aip_indexes *idx,
		   struct step *st, struct aip_err *err)
{
	struct target *t = st->t;

	switch (t->state) {
	case TARGET_ABSENT:
		cannot(st, -ENOENT, AIP_EXIT_NO_PATCH, "is not in the installed initscripts");
		return 0;
	case TARGET_MISSING:
		st->why = t->blocked;
		return 0;
	case TARGET_PATCHED:
		return forward_patched(s, idx, st, err);
	case TARGET_STALE:
		return forward_stale(ctx, s, idx, st, err);
	case TARGET_PATCHABLE:
		if (!t->blocked.code)
			return with_entry(s, st, STEP_PATCH, &t->now, t->entry, t->from, err);
		st->why = t->blocked;
		return 0;
	case TARGET_PRISTINE_UNKNOWN:
	case TARGET_CUSTOMISED:
		if (t->blocked.code) {
			st->why = t->blocked;
			return 0;
		}
		return forward_unknown(ctx, s, idx, st, err);
	}
	return 0;
}

/* The pristine script back; where rpm has put the newer one beside it, that one. */
static int backward_patched(const struct ctx *ctx, const struct survey *s, struct step *st,
			    struct aip_err *err)
{
	struct target *t = st->t;
	bool newer = t->state == TARGET_STALE && t->rpmnew_is_new && target_was_packaged(t);
	const struct blob *to = newer ? &t->rpmnew : &t->pristine;
	int r;

	if (t->blocked.code) {
		st->why = t->blocked;
		return 0;
	}
	st->action = STEP_RESTORE;
	r = blob_set(&st->next, to->buf.data, to->buf.len);
	st->rec = step_record(s, t, RECORD_RESTORE, t->record ? t->record->how : RECORD_FOUND);
	if (r < 0 || !st->rec)
		return aip_err_errno(err, r < 0 ? r : -ENOMEM, "cannot restore %s", t->hook->path);
	strcpy(st->rec->pre, t->pristine.sha);
	strcpy(st->rec->post, t->now.sha);
	strcpy(st->rec->result, to->sha);
	st->rec->after = t->after;
	st->rec->text = t->text;
	st->mtime_buf = st->rec->mtime;
	if (newer)
		mtime_beside(ctx, st);
	if (newer || t->by_record)
		st->mtime = &st->mtime_buf;
	st->unlink_rpmnew = newer;
	return 0;
}

/* Edited since we patched it: our block, exactly, and once, can still be taken out. */
static int backward_edited(const struct ctx *ctx, const struct survey *s, struct step *st,
			   struct aip_err *err)
{
	struct target *t = st->t;
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	size_t at = 0, len;
	int which = 0, r;

	hook_find(t->kind, &t->now.buf, &at, &which);
	len = t->hook->texts[which].len;
	aip_buf_add(&b, t->now.buf.data, at);
	aip_buf_add(&b, t->now.buf.data + at + len, t->now.buf.len - at - len);
	st->action = STEP_STRIP;
	r = aip_buf_status(&b);
	if (r == 0)
		r = blob_set(&st->next, b.len ? b.data : "", b.len);
	st->rec = step_record(s, t, RECORD_RESTORE, t->record->how);
	if (r < 0 || !st->rec)
		return aip_err_errno(err, r < 0 ? r : -ENOMEM, "cannot restore %s", t->hook->path);
	strcpy(st->rec->pre, t->record->pre);
	strcpy(st->rec->post, t->record->post);
	strcpy(st->rec->result, st->next.sha);
	st->rec->after = t->record->after;
	st->rec->text = which;
	if (adapt_bash_n(ctx, b.data, b.len, &st->why) < 0) {
		step_reset(st);
		aip_err_prefix(&st->why, "%s without our lines", t->hook->path);
		aip_err_exit(&st->why, AIP_EXIT_CUSTOMISED);
	}
	return 0;
}

static int backward(const struct ctx *ctx, const struct survey *s, struct step *st,
		    struct aip_err *err)
{
	struct target *t = st->t;

	if (t->state == TARGET_PATCHED || t->state == TARGET_STALE)
		return backward_patched(ctx, s, st, err);
	if (target_unread(t)) {
		st->why = t->blocked;
		return 0;
	}
	if (t->state != TARGET_CUSTOMISED || !t->now.sha[0] ||
	    !memmem(t->now.buf.data, t->now.buf.len, "/etc/aipsnap", 12))
		return 0; /* nothing of ours in it */
	if (t->hooks == 1 && t->record && !t->blocked.code)
		return backward_edited(ctx, s, st, err);
	cannot(st, -EPERM, AIP_EXIT_CUSTOMISED,
	       t->hooks > 1 ? "has our lines more than once and is left alone"
	       : t->hooks   ? "has our lines, but aipmng did not put them there: left alone"
			    : "calls aipsnap in a way that aipmng did not write: left alone");
	aip_err_hint(&st->why, "remove the lines by hand; %s/%s shows them", AIP_SAMPLES_DIR,
		     t->hook->sample);
	return 0;
}

/* The worst reason is the verdict: a fault, then a refusal, then customised, then nothing known. */
static int weight(const struct aip_err *e)
{
	switch (e->exit) {
	case AIP_EXIT_NO_PATCH:
	case AIP_EXIT_NO_INDEX:
		return 1;
	case AIP_EXIT_CUSTOMISED:
		return 2;
	case AIP_EXIT_REFUSED:
		return 3;
	default:
		return 4;
	}
}

static void judge(struct plan *p)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++) {
		struct step *st = &p->s[k];

		if (st->why.code && (!p->verdict.code || weight(&st->why) > weight(&p->verdict)))
			p->verdict = st->why;
	}
}

/* What else is to be tidied up, and whether there is any work at all. */
static void finish(const struct survey *s, struct plan *p)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++) {
		struct step *st = &p->s[k];
		const struct target *t = st->t;

		st->unlink_rpmsave = t->rpmsave_ours;
		st->drop_record = t->record && st->action == STEP_KEEP && !t->by_record &&
				  t->hooks == 0 && t->now.sha[0];
		p->work |= st->action != STEP_KEEP || st->unlink_rpmsave || st->drop_record ||
			   s->records.intent[k];
	}
}

static void begin(struct survey *s, struct plan *p)
{
	int k;

	memset(p, 0, sizeof(*p));
	for (k = 0; k < AIP_KIND_N; k++)
		p->s[k].t = &s->t[k];
}

/* The set cannot be complete: nothing is applied, and what is there goes back. */
static int fall_back(const struct ctx *ctx, struct survey *s, struct plan *p, struct aip_err *err)
{
	bool back = false;
	int k, r = 0;

	for (k = 0; k < AIP_KIND_N; k++) {
		const struct target *t = p->s[k].t;

		if (p->s[k].why.code && !target_unread(t) && (t->hooks == 0 || t->withdrawn))
			back = true;
	}
	p->restoring = true;
	for (k = 0; r == 0 && k < AIP_KIND_N; k++) {
		struct step *st = &p->s[k];
		struct aip_err why = st->why;

		step_reset(st);
		if (back && (st->t->state == TARGET_PATCHED || st->t->state == TARGET_STALE))
			r = backward_patched(ctx, s, st, err);
		if (why.code)
			st->why = why;
	}
	return r;
}

int plan_apply(const struct ctx *ctx, struct survey *s, const struct aip_indexes *idx,
	       struct plan *out, struct aip_err *err)
{
	int k, r = 0;

	begin(s, out);
	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		r = forward(ctx, s, idx, &out->s[k], err);
	if (r == 0) {
		judge(out);
		if (out->verdict.code)
			r = fall_back(ctx, s, out, err);
		finish(s, out);
	}
	if (r < 0)
		plan_free(out);
	return r;
}

int plan_restore(const struct ctx *ctx, struct survey *s, enum restore_why why, struct plan *out,
		 struct aip_err *err)
{
	int k, r = 0;

	begin(s, out);
	out->restoring = true;
	for (k = AIP_KIND_N - 1; r == 0 && k >= 0; k--) {
		/* never the first unpatched under a later one that still is */
		if (out->verdict.code && why != RESTORE_LAST)
			break;
		/* what somebody has put there by hand since is not ours to take */
		if (why == RESTORE_FINISH && !s->t[k].by_record)
			continue;
		r = backward(ctx, s, &out->s[k], err);
		judge(out);
	}
	/* a fault may be gone the next time: then both go back together */
	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		if (why != RESTORE_LAST && out->verdict.code &&
		    out->verdict.exit != AIP_EXIT_CUSTOMISED)
			step_reset(&out->s[k]);
	if (r == 0)
		finish(s, out);
	else
		plan_free(out);
	return r;
}
