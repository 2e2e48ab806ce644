// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aipmng/conf.h"
#include "aipmng/load.h"
#include "aipmng/strlist.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/rfc3339.h"
#include "common/root.h"

static int nomem(struct aip_err *err)
{
	return aip_err_errno(err, -ENOMEM, "cannot load the index");
}

static void load_free(struct load *l)
{
	accept_free(&l->state);
	trust_free(&l->trust);
}

time_t load_clock(const struct load *l, const struct accept_state *st)
{
	time_t now = accept_clock(st);
	size_t i;

	for (i = 0; i < l->out->n; i++)
		if (l->out->v[i].from == AIP_FROM_PACKAGE && l->out->v[i].index->issued > now)
			now = l->out->v[i].index->issued;
	return now;
}

/* ---- the package's own, and the cache ------------------------------------------ */

static int read_shipped(const struct ctx *ctx, struct aip_buf *text, struct aip_err *err)
{
	_cleanup_free_ char *rel = NULL;
	int r = aip_root_resolve(ctx->rootfd, AIP_SHIPPED, 1, &rel, err);

	return r < 0 ? r : aip_read_file(ctx->rootfd, rel, AIP_INDEX_MAX_BYTES, text, err);
}

/* The shipped index may revoke keys too, but never so many that nobody could sign any more. */
static int revoke_shipped(struct load *l, const struct aip_index *idx)
{
	size_t before = l->trust.n_revoked, i;
	bool enough = trust_usable(&l->trust) >= l->trust.threshold;

	for (i = 0; i < idx->n_revoked; i++)
		if (trust_revoke(&l->trust, idx->revoked[i]) < 0)
			return -ENOMEM;
	if (!enough || trust_usable(&l->trust) >= l->trust.threshold)
		return 0;
	while (l->trust.n_revoked > before)
		free(l->trust.revoked[--l->trust.n_revoked]);
	return indexes_warn(l->out,
			    "%s revokes so many keys that too few would be left; it is not "
			    "followed: put the publisher's new key into %s",
			    AIP_SHIPPED, AIP_KEYS_DIR);
}

static int load_shipped(struct load *l)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	struct aip_index *idx = NULL;
	int r;

	r = read_shipped(l->ctx, &text, &why);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == 0)
		r = aip_index_parse(text.data ? text.data : "", text.len, AIP_SHIPPED, &idx, &why);
	if (r == -ENOMEM)
		return r;
	if (!idx)
		return indexes_warn(l->out, "%s; install the package aip again", why.msg);
	r = revoke_shipped(l, idx);
	if (r < 0) {
		aip_index_free(idx);
		return r;
	}
	r = indexes_add(l->out, idx, AIP_FROM_PACKAGE, AIP_SHIPPED);
	return r < 0 ? r : 0;
}

static int open_cached(struct load *l, const char *stream, const char *path, struct aip_index **idx,
		       struct aip_err *why)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	int r;

	r = cache_read(l->ctx, stream, &text, why);
	if (r == 0)
		r = trust_open(&l->trust, text.data ? text.data : "", text.len, path, idx, why);
	if (r == 0 && strcmp((*idx)->stream, stream) != 0)
		r = aip_err_set(why, -EBADMSG, "%s holds stream %s", path, (*idx)->stream);
	if (r == 0)
		r = accept_judge(&l->state, *idx, false, 0, path, why);
	if (r >= 0)
		r = accept_note(&l->state, *idx, load_clock(l, &l->state));
	if (r >= 0)
		r = trust_revoke_state(&l->trust, &l->state);
	if (r < 0) {
		aip_index_free(*idx);
		*idx = NULL;
	}
	return r < 0 ? r : 0;
}

static int load_cached(struct load *l, const char *stream)
{
	_cleanup_free_ char *path = cache_path(stream);
	struct aip_err why = AIP_ERR_INIT;
	struct aip_index *idx = NULL;
	const struct aip_loaded *other;
	int r;

	if (!path)
		return -ENOMEM;
	r = open_cached(l, stream, path, &idx, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return indexes_warn(l->out, "the cached index is not used: %s", why.msg);
	other = indexes_find(l->out, stream);
	if (other && other->index->serial == idx->serial &&
	    strcmp(other->index->sha256, idx->sha256) != 0 &&
	    indexes_warn(l->out, "%s and %s differ under one serial; the latter is used", path,
			 other->origin) < 0) {
		aip_index_free(idx);
		return -ENOMEM;
	}
	r = indexes_add(l->out, idx, AIP_FROM_CACHE, path);
	return r < 0 ? r : 0;
}

/* Everything that needs no network. */
static int load_local(struct load *l)
{
	char **streams = NULL;
	size_t n = 0, i;
	int r;

	r = trust_revoke_state(&l->trust, &l->state);
	if (r == 0)
		r = load_shipped(l);
	if (r == 0)
		r = cache_list(l->ctx, &streams, &n);
	if (l->trust.n_keys)
		for (i = 0; r == 0 && i < n; i++)
			r = load_cached(l, streams[i]);
	strlist_free(&streams, &n);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------- */

static int setup(struct load *l, struct aip_err *err)
{
	struct aip_err warn = AIP_ERR_INIT;
	int r;

	r = accept_load(l->ctx, &l->state, &warn);
	if (r == 0 && warn.code)
		r = indexes_warn(l->out, "%s; %s", warn.msg, warn.hint);
	if (r < 0)
		return nomem(err);
	r = trust_load(l->ctx, l->ctx->conf->signatures, &l->trust, &l->out->warnings,
		       &l->out->n_warnings, err);
	if (r < 0)
		return r;
	cache_sources_load(l->ctx, &l->sources);
	return 0;
}

static int check_threshold(struct load *l)
{
	size_t usable = trust_usable(&l->trust);

	if (!l->trust.n_keys || usable >= l->trust.threshold)
		return 0;
	return indexes_warn(l->out,
			    "%zu trusted key%s that %s not revoked cannot make the %u signatures "
			    "that %s demands: only the shipped index is used",
			    usable, usable == 1 ? "" : "s", usable == 1 ? "is" : "are",
			    l->trust.threshold, AIP_CONF_FILE);
}

/* A key was revoked: what it had signed is opened again without it. */
static int reopen(struct load *l)
{
	struct aip_indexes before = *l->out;
	size_t i;
	int r;

	l->out->v = NULL;
	l->out->n = 0;
	r = load_local(l);
	/* what is still there keeps its origin: only the key's own is gone */
	for (i = 0; i < l->out->n; i++) {
		struct aip_loaded *now = &l->out->v[i], *then;

		then = indexes_find(&before, now->index->stream);
		if (then && strcmp(then->index->sha256, now->index->sha256) == 0) {
			char *origin = now->origin;

			now->origin = then->origin;
			now->from = then->from;
			then->origin = origin;
		}
	}
	indexes_clear(&before);
	return r;
}

static int mark_stale(struct load *l, bool warn)
{
	time_t now = load_clock(l, &l->state);
	size_t i;

	for (i = 0; i < l->out->n; i++) {
		struct aip_loaded *e = &l->out->v[i];
		struct aip_err why = AIP_ERR_INIT;

		e->stale = aip_index_check_time(e->index, now, &why) < 0;
		if (e->stale && warn && e->from != AIP_FROM_PACKAGE &&
		    indexes_warn(l->out,
				 "%s: %s; it was not renewed, and is still used for the files "
				 "that it knows",
				 e->origin, why.msg) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool any(void *arg, const struct aip_indexes *have)
{
	return have->n > 0;
}

/* Should it fail, the next run fetches in full. */
static void save_sources(const struct load *l)
{
	_cleanup_close_ int lock = accept_lock(l->ctx, NULL);

	if (lock >= 0)
		cache_sources_save(l->ctx, &l->sources, NULL);
}

static int run(struct load *l, enum aip_load_mode mode, aip_enough_fn enough, void *arg)
{
	int r = load_local(l);

	if (r == 0)
		r = check_threshold(l);
	if (r == 0 && (mode == AIP_REFRESH || (mode == AIP_CACHE_FIRST && !enough(arg, l->out))))
		r = load_outside(l, mode, enough, arg);
	if (r == 0 && l->revoked)
		r = reopen(l);
	if (l->sources_changed)
		save_sources(l);
	l->out->n_keys = trust_usable(&l->trust);
	return r < 0 ? r : mark_stale(l, mode == AIP_REFRESH);
}

int aip_indexes_load_until(struct ctx *ctx, enum aip_load_mode mode, aip_enough_fn enough,
			   void *arg, struct aip_indexes *out, struct aip_err *err)
{
	_cleanup_(load_free) struct load l = { .ctx = ctx, .out = out };
	int r;

	if (ctx->opt.offline)
		mode = AIP_OFFLINE;
	r = setup(&l, err);
	if (r < 0)
		return r;
	r = run(&l, mode, enough ? enough : any, arg);
	if (r < 0)
		return nomem(err);
	/* an index that was asked for by name and refused is not replaced by another one */
	if (ctx->opt.index && out->refused.code)
		indexes_clear(out);
	return indexes_result(out, err);
}

int aip_indexes_load(struct ctx *ctx, enum aip_load_mode mode, struct aip_indexes *out,
		     struct aip_err *err)
{
	return aip_indexes_load_until(ctx, mode, NULL, NULL, out, err);
}

int aip_reset_serial(struct ctx *ctx, const char *stream, struct aip_err *err)
{
	struct aip_indexes cached = AIP_INDEXES_INIT;
	_cleanup_(load_free) struct load l = { .ctx = ctx, .out = &cached };
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_close_ int lock = -1;
	int r;

	if (!accept_is_stream(stream))
		return aip_err_set(err, -EINVAL, "'%s' is not the name of a stream", stream);
	lock = accept_lock(ctx, err);
	if (lock < 0)
		return lock;
	/* what the cached index revokes, which is about to go, is remembered */
	r = setup(&l, err);
	if (r == 0 && load_local(&l) < 0)
		r = nomem(err);
	aip_indexes_free(&cached);
	if (r < 0)
		return r;
	r = accept_forget(&l.state, stream);
	if (r < 0 && r != -ENOENT)
		return aip_err_errno(err, r, "cannot forget stream %s", stream);
	if (r < 0 && cache_read(ctx, stream, &text, NULL) < 0) {
		aip_err_set(err, -ENOENT, "nothing is known of stream %s", stream);
		return aip_err_hint(err, "'aipmng --status' shows the streams");
	}
	/* without its index first: should this be cut short, the serial still counts */
	r = l.state.frozen ? 0 : cache_drop(ctx, stream, err);
	if (r == 0)
		r = accept_save(ctx, &l.state, err);
	return r;
}
