// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aipmng/log.h"
#include "aipmng/state.h"
#include "aipmng/status.h"
#include "aipmng/strlist.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/rfc3339.h"
#include "json/json.h"

#define STATUS_VERSION 1
#define STATUS_FILE    "status.json"

void outcome_set(struct outcome *o, const char *mode, const struct aip_err *err,
		 const char *message)
{
	memset(o, 0, sizeof(*o));
	snprintf(o->mode, sizeof(o->mode), "%s", mode);
	aip_rfc3339(time(NULL), o->time);
	if (!err || !err->code) {
		snprintf(o->message, sizeof(o->message), "%s", message);
		return;
	}
	o->exit = err->exit ? err->exit : AIP_EXIT_ERROR;
	snprintf(o->message, sizeof(o->message), "%s%s%s", err->msg, err->hint[0] ? "; " : "",
		 err->hint);
}

/*
 *	verdict		when
 *	no-package	initscripts is not installed, or has none of the files
 *	removing	the package aip is being removed
 *	held		reverted by hand
 *	patched		all scripts are
 *	outdated	all are, but a patch was made for an older package
 *	partly-patched	some are
 *	not-patched	none is
 */
static const char *verdict_of(const struct survey *s)
{
	int k, patched = 0, stale = 0;

	if (!survey_has_set(s))
		return "no-package";
	if (s->removing)
		return "removing";
	if (s->hold)
		return "held";
	for (k = 0; k < AIP_KIND_N; k++) {
		stale += s->t[k].state == TARGET_STALE;
		patched += s->t[k].state == TARGET_PATCHED || s->t[k].state == TARGET_STALE;
	}
	if (patched == AIP_KIND_N)
		return stale ? "outdated" : "patched";
	return patched ? "partly-patched" : "not-patched";
}

#define NOTE(s, ...) strlist_add(&(s)->attention, &(s)->n_attention, __VA_ARGS__)

/* Is another script of the set in the way of patching this one? */
static const struct target *in_the_way(const struct survey *v, const struct target *t)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		if (&v->t[k] != t && v->t[k].state != TARGET_PATCHABLE &&
		    v->t[k].state != TARGET_PATCHED && v->t[k].state != TARGET_STALE)
			return &v->t[k];
	return NULL;
}

static int note_patchable(struct status *s, const struct target *t)
{
	const struct target *other = in_the_way(s->survey, t);

	if (other)
		return NOTE(s, "%s is not patched, though an index has its patch: %s has to be too",
			    t->hook->path, other->hook->path);
	return NOTE(s, "%s is not patched, though an index has its patch: run aipmng --patches",
		    t->hook->path);
}

static int note_target(struct status *s, const struct target *t)
{
	const char *path = t->hook->path;
	int r = 0;

	if (t->blocked.code)
		r = NOTE(s, "%s%s%s", t->blocked.msg, t->blocked.hint[0] ? "; " : "",
			 t->blocked.hint);
	if (r == 0 && t->state == TARGET_STALE)
		r = NOTE(s, "%s carries a patch for an older package%s", path,
			 t->rpmnew_is_new ? "; the new script lies beside it as .rpmnew"
					  : "; reinstall initscripts to get the new script");
	if (r == 0 && t->state == TARGET_CUSTOMISED && !t->blocked.code)
		r = NOTE(s, "%s is customised%s: it is left alone", path,
			 t->hooks ? ", with the hook in it" : "");
	if (r == 0 && t->state == TARGET_PRISTINE_UNKNOWN)
		r = NOTE(s, "no index knows %s as the installed package has it", path);
	if (r == 0 && t->state == TARGET_PATCHABLE && !s->survey->hold)
		r = note_patchable(s, t);
	if (r == 0 && t->withdrawn)
		r = NOTE(s, "the patch of %s was withdrawn", path);
	if (r == 0 && t->rpmnew.sha[0] && t->state != TARGET_STALE)
		r = NOTE(s, "%s.rpmnew is there: merge it by hand, then run aipmng --patches",
			 path);
	return r;
}

static int note_rest(struct status *s)
{
	const struct survey *v = s->survey;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < v->records.n_foreign; i++)
		r = NOTE(s, "record %s is kept, but not understood: %s", v->records.foreign[i].name,
			 v->records.foreign[i].why);
	for (i = 0; r == 0 && i < s->idx->n; i++)
		if (s->idx->v[i].stale)
			r = NOTE(s, "the index %s (%s) has expired: nobody renews it",
				 s->idx->v[i].index->stream, s->idx->v[i].origin);
	if (r == 0 && v->no_package.code)
		r = NOTE(s, "%s", v->no_package.msg);
	return r;
}

int status_make(const struct work *w, const struct outcome *last, struct status *out)
{
	int k, r = 0;

	memset(out, 0, sizeof(*out));
	out->ctx = w->ctx;
	out->survey = &w->survey;
	out->idx = &w->idx;
	out->last = *last;
	if (!w->survey.t[0].hook)
		return -ENODATA; /* it could not be looked at */
	out->verdict = verdict_of(&w->survey);
	r = driver_look(w->ctx, &out->driver);
	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		r = note_target(out, &w->survey.t[k]);
	return r < 0 ? r : note_rest(out);
}

void status_free(struct status *s)
{
	driver_free(&s->driver);
	strlist_free(&s->attention, &s->n_attention);
}

static const char *how_name(const struct target *t)
{
	if (!t->by_record)
		return "found";
	switch (t->record->how) {
	case RECORD_BY_ADAPTING:
		return "adapted";
	case RECORD_FOUND:
		return "found";
	default:
		return "index";
	}
}

static void patch_json(const struct target *t, struct aip_jsonw *w)
{
	const struct record *rec = t->by_record ? t->record : NULL;
	char stamp[AIP_RFC3339_LEN];

	aip_jsonw_object(w, "patch");
	aip_jsonw_str(w, "pre", t->pristine.sha);
	aip_jsonw_str(w, "post", t->now.sha);
	aip_jsonw_uint(w, "after_line", t->after);
	aip_jsonw_str(w, "how", how_name(t));
	aip_jsonw_bool(w, "recorded", t->by_record);
	aip_jsonw_bool(w, "withdrawn", t->withdrawn);
	if (rec && rec->stream) {
		aip_jsonw_str(w, "stream", rec->stream);
		aip_jsonw_int(w, "serial", rec->serial);
	}
	if (rec) {
		aip_jsonw_str(w, "applied", aip_rfc3339(rec->applied, stamp));
		aip_jsonw_str(w, "package", rec->package);
	}
	if (rec && rec->proof)
		aip_jsonw_str(w, "proof", rec->proof);
	aip_jsonw_end(w);
}

static void target_json(const struct target *t, struct aip_jsonw *w)
{
	aip_jsonw_object(w, NULL);
	aip_jsonw_str(w, "path", t->hook->path);
	aip_jsonw_str(w, "state", target_state_name(t->state));
	if (t->now.sha[0])
		aip_jsonw_str(w, "sha256", t->now.sha);
	if (t->state == TARGET_PATCHED || t->state == TARGET_STALE)
		patch_json(t, w);
	if (t->state == TARGET_PATCHABLE && t->from)
		aip_jsonw_str(w, "available", t->from->index->stream);
	aip_jsonw_uint(w, "hooks", t->hooks);
	aip_jsonw_bool(w, "rpmnew", t->rpmnew.sha[0] != 0);
	if (t->blocked.code)
		aip_jsonw_str(w, "blocked", t->blocked.msg);
	aip_jsonw_end(w);
}

static const char *origin_name(enum aip_origin o)
{
	return o == AIP_FROM_NETWORK ? "network" : o == AIP_FROM_CACHE ? "cache" : "package";
}

static void indexes_json(const struct aip_indexes *idx, struct aip_jsonw *w)
{
	char stamp[AIP_RFC3339_LEN];
	size_t i;

	aip_jsonw_array(w, "indexes");
	for (i = 0; i < idx->n; i++) {
		const struct aip_loaded *l = &idx->v[i];

		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "stream", l->index->stream);
		aip_jsonw_int(w, "serial", l->index->serial);
		aip_jsonw_str(w, "from", origin_name(l->from));
		aip_jsonw_str(w, "origin", l->origin);
		aip_jsonw_str(w, "issued", aip_rfc3339(l->index->issued, stamp));
		aip_jsonw_str(w, "expires", aip_rfc3339(l->index->expires, stamp));
		aip_jsonw_bool(w, "stale", l->stale);
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
}

void status_json(const struct status *s, struct aip_jsonw *w)
{
	const struct survey *v = s->survey;
	char stamp[AIP_RFC3339_LEN];
	size_t i;
	int k;

	aip_jsonw_int(w, "version", STATUS_VERSION);
	aip_jsonw_str(w, "aip", AIP_VERSION);
	aip_jsonw_str(w, "checked", aip_rfc3339(time(NULL), stamp));
	aip_jsonw_str(w, "verdict", s->verdict);
	aip_jsonw_str(w, "package", v->package ? v->package->nevra : NULL);
	aip_jsonw_bool(w, "hold", v->hold);
	aip_jsonw_bool(w, "removing", v->removing);
	aip_jsonw_bool(w, "adapt", ctx_adapt(s->ctx));
	aip_jsonw_array(w, "files");
	for (k = 0; k < AIP_KIND_N; k++)
		target_json(&v->t[k], w);
	aip_jsonw_end(w);
	indexes_json(s->idx, w);
	aip_jsonw_uint(w, "keys", s->idx->n_keys);
	driver_json(&s->driver, "driver", w);
	aip_jsonw_array(w, "attention");
	for (i = 0; i < s->n_attention; i++)
		aip_jsonw_str(w, NULL, s->attention[i]);
	aip_jsonw_end(w);
	if (s->last.time[0]) {
		aip_jsonw_object(w, "last");
		aip_jsonw_str(w, "mode", s->last.mode);
		aip_jsonw_str(w, "time", s->last.time);
		aip_jsonw_int(w, "exit", s->last.exit);
		aip_jsonw_str(w, "message", s->last.message);
		aip_jsonw_end(w);
	}
}

static void target_text(const struct target *t, FILE *out)
{
	const struct record *rec = t->by_record ? t->record : NULL;
	char stamp[AIP_RFC3339_LEN];

	fprintf(out, "%-26s %s", t->hook->path, target_state_name(t->state));
	if (t->state == TARGET_PATCHED || t->state == TARGET_STALE) {
		if (rec && rec->how == RECORD_BY_ADAPTING)
			fprintf(out, ", adapted %s", aip_rfc3339(rec->applied, stamp));
		else if (rec && rec->stream)
			fprintf(out, ", index %s serial %lld, %s", rec->stream,
				(long long)rec->serial, aip_rfc3339(rec->applied, stamp));
		else
			fputs(", not recorded", out);
	} else if (t->state == TARGET_PATCHABLE && t->from) {
		fprintf(out, ", index %s has its patch", t->from->index->stream);
	}
	fputc('\n', out);
	if (rec && rec->proof)
		fprintf(out, "%s", rec->proof);
}

void status_text(const struct status *s, FILE *out)
{
	const struct survey *v = s->survey;
	char stamp[AIP_RFC3339_LEN];
	size_t i;
	int k;

	fprintf(out, "Boot scripts: %s", s->verdict);
	if (v->package)
		fprintf(out, " (%s)", v->package->nevra);
	fputc('\n', out);
	for (k = 0; k < AIP_KIND_N; k++)
		target_text(&v->t[k], out);
	if (v->hold)
		fputs("Held: reverted by hand; 'aipmng --patches' lifts it\n", out);
	if (v->removing)
		fputs("Marked for removal; 'aipmng --patches' lifts it\n", out);
	for (i = 0; i < s->idx->n; i++) {
		const struct aip_loaded *l = &s->idx->v[i];

		fprintf(out, "Index %s serial %lld, expires %s, from %s\n", l->index->stream,
			(long long)l->index->serial, aip_rfc3339(l->index->expires, stamp),
			l->origin);
	}
	if (!s->idx->n)
		fputs("Index: none\n", out);
	if (!s->idx->n_keys)
		fputs("Keys: none; only the index that the package ships is used\n", out);
	driver_text(&s->driver, out);
	if (s->last.time[0])
		fprintf(out, "Last run: --%s at %s: %s\n", s->last.mode, s->last.time,
			s->last.message);
	for (i = 0; i < s->n_attention; i++)
		fprintf(out, "Attention: %s\n", s->attention[i]);
}

/* @alone: nobody else writes here, so that what a killed run left can be removed. */
static int save(const struct work *w, const struct outcome *last, bool alone, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_close_ int dir = ctx_dir(w->ctx, AIP_STATE_DIR, 0755, err);
	struct aip_jsonw j;
	struct status s;
	int r;

	if (dir < 0)
		return dir;
	r = status_make(w, last, &s);
	if (r < 0) {
		status_free(&s);
		return aip_err_errno(err, r, "cannot make the status");
	}
	aip_jsonw_init(&j, &text, true);
	aip_jsonw_object(&j, NULL);
	status_json(&s, &j);
	aip_jsonw_end(&j);
	status_free(&s);
	if (aip_buf_status(&text) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot make the status");
	if (alone)
		state_sweep(dir);
	return aip_write_file(dir, STATUS_FILE, text.data, text.len, 0644, err);
}

/*
 * Somebody else is at work, and writes the status when it ends.  But it may be stuck, and that a run had to
 * give up because of it has to be seen.  The file is renamed into place as ever; should the other have ended
 * since we looked, what it did is looked at again, so that nothing older stays over something newer.
 */
static int save_beside(struct work *w, const struct outcome *last, struct lock *lock,
		       struct aip_err *err)
{
	int r = save(w, last, false, err);

	if (r < 0 || lock_brief(w->ctx, lock, NULL) < 0)
		return r;
	r = work_again(w, err);
	return r < 0 ? r : save(w, last, true, err);
}

void status_save(struct work *w, const struct outcome *last)
{
	_cleanup_lock_ struct lock lock = LOCK_INIT;
	struct aip_err err = AIP_ERR_INIT;
	int r = 0;

	if (w->lock.own < 0)
		r = lock_brief(w->ctx, &lock, &err);
	if (r == -EAGAIN && !last->exit)
		return; /* who is at work there writes it anyway */
	if (r == -EAGAIN)
		r = save_beside(w, last, &lock, &err);
	else if (r == 0)
		r = save(w, last, true, &err);
	/* what stands in the way of the status may be what the run failed of */
	if (r < 0 && !strstr(last->message, err.msg))
		aip_log(w->ctx, LOG_WARNING, "%s", err.msg);
}

void status_last(const struct ctx *ctx, struct outcome *out)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0, NULL);
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	const char *mode, *time, *message;
	struct aip_json_val last;
	int64_t exit;

	memset(out, 0, sizeof(*out));
	if (dir < 0 || aip_read_file(dir, STATUS_FILE, 1u << 20, &text, NULL) < 0 ||
	    aip_json_parse(text.data, text.len, STATUS_FILE, NULL, &doc, NULL) < 0 ||
	    aip_json_object(aip_json_root(doc), "last", &last, NULL) < 0 ||
	    aip_json_str(last, "mode", &mode, NULL) < 0 ||
	    aip_json_str(last, "time", &time, NULL) < 0 ||
	    aip_json_str(last, "message", &message, NULL) < 0 ||
	    aip_json_int(last, "exit", 0, 255, &exit, NULL) < 0)
		return;
	snprintf(out->mode, sizeof(out->mode), "%s", mode);
	snprintf(out->time, sizeof(out->time), "%s", time);
	snprintf(out->message, sizeof(out->message), "%s", message);
	out->exit = exit;
}
