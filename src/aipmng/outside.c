// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * outside.c: the sources outside of this machine.  Each is asked through the helper; what it
 * gives is opened (trust.h), judged (accept.h) and stored (cache.h) before it is used.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aipmng/conf.h"
#include "aipmng/helper.h"
#include "aipmng/load.h"
#include "aipmng/log.h"
#include "aipmng/strlist.h"
#include "aipmng/yumrepo.h"
#include "common/cleanup.h"

#define MIRRORS_TRIED_MAX 8 /* of one repository, whose index was fetched and refused */

static int nomem(struct aip_err *err)
{
	return aip_err_errno(err, -ENOMEM, "cannot load the index");
}

/* What the cached indexes say is remembered too, whatever became of the state file. */
static int note_loaded(const struct load *l, struct accept_state *st)
{
	int changed = 0;
	size_t i;

	for (i = 0; i < l->out->n; i++) {
		int r = 0;

		if (l->out->v[i].from != AIP_FROM_PACKAGE)
			r = accept_note(st, l->out->v[i].index, load_clock(l, st));
		if (r < 0)
			return r;
		changed |= r;
	}
	return changed;
}

/*
 * Judge an index and, if it may be used, store it: first in the cache, then in the state, so that a
 * serial is never remembered without its index.  Return: 1 known before, 0 new, or -errno.
 */
static int commit(struct load *l, const struct aip_index *idx, const struct aip_buf *envelope,
		  const char *origin, struct aip_err *err)
{
	_cleanup_close_ int lock = accept_lock(l->ctx, err);
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;
	const struct aip_loaded *have = indexes_find(l->out, idx->stream);
	int known, changed, r = 0;

	if (lock < 0)
		return lock;
	/* another aipmng may have been here since we looked */
	if (accept_load(l->ctx, &st, NULL) < 0)
		return nomem(err);
	changed = note_loaded(l, &st);
	if (changed < 0)
		return aip_err_errno(err, changed, "%s: cannot be remembered", origin);
	known = accept_judge(&st, idx, true, load_clock(l, &st), origin, err);
	if (known < 0)
		return known;
	if (!have || strcmp(have->index->sha256, idx->sha256) != 0)
		r = cache_store(l->ctx, idx->stream, envelope->data, envelope->len, err);
	if (r == 0 && (!known || changed)) {
		r = accept_note(&st, idx, load_clock(l, &st));
		if (r < 0)
			return aip_err_errno(err, r, "%s: cannot be remembered", origin);
		r = accept_save(l->ctx, &st, err);
	}
	if (r < 0)
		return r;
	accept_free(&l->state);
	l->state = st;
	st = (struct accept_state)ACCEPT_STATE_INIT;
	return known;
}

/* Remember how to ask this source whether it has something new. */
static void remember(struct load *l, const char *id, const struct helper_reply *re,
		     const struct aip_index *idx)
{
	struct cache_source src = { .serial = idx->serial };

	strcpy(src.id, id);
	strcpy(src.etag, re->etag);
	strcpy(src.modified, re->modified);
	strcpy(src.stream, idx->stream);
	cache_source_put(&l->sources, &src);
	l->sources_changed = true;
}

static int revoke_listed(struct load *l, const struct aip_index *idx)
{
	size_t i;

	for (i = 0; i < idx->n_revoked; i++) {
		int r = trust_revoke(&l->trust, idx->revoked[i]);

		if (r < 0)
			return r;
		l->revoked = l->revoked || r;
	}
	return 0;
}

/* What we have is what this source has. */
static int mark_fetched(struct aip_loaded *have, const char *origin)
{
	char *copy;

	if (have->from == AIP_FROM_PACKAGE)
		return 0;
	copy = strdup(origin);
	if (!copy)
		return -ENOMEM;
	free(have->origin);
	have->origin = copy;
	have->from = AIP_FROM_NETWORK;
	return 0;
}

/* Verify, judge and store what came. */
static int take(struct load *l, const char *id, const struct helper_reply *re, struct aip_err *err)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	struct aip_loaded *have;
	int known, r;

	r = trust_open(&l->trust, re->body.data ? re->body.data : "", re->body.len, re->origin,
		       &idx, err);
	if (r < 0 && r != -ENOMEM && !err->hint[0])
		aip_err_hint(
			err,
			"check what is served there: an index signed by aip-mkindex is needed");
	if (r < 0)
		return r;
	known = commit(l, idx, &re->body, re->origin, err);
	/* no need to fetch that in full again; of a repository the good mirror is remembered */
	if (known == -ESTALE && !re->mirror)
		remember(l, id, re, idx);
	if (known < 0)
		return known;
	remember(l, id, re, idx);
	if (!known)
		aip_log(l->ctx, LOG_NOTICE, "accepted index %s serial %" PRId64 " from %s",
			idx->stream, idx->serial, re->origin);
	r = revoke_listed(l, idx);
	if (r < 0)
		return nomem(err);
	have = indexes_find(l->out, idx->stream);
	if (have && strcmp(have->index->sha256, idx->sha256) == 0)
		return mark_fetched(have, re->origin) < 0 ? nomem(err) : 0;
	r = indexes_add(l->out, TAKE_PTR(idx), AIP_FROM_NETWORK, re->origin);
	return r < 0 ? nomem(err) : 0;
}

/* What this source said last, if we still have what it was about, or something newer. */
static const struct cache_source *known_of(const struct load *l, const char *id)
{
	const struct cache_source *src = cache_source_find(&l->sources, id);
	const struct aip_loaded *have = src ? indexes_find(l->out, src->stream) : NULL;

	return have && have->index->serial >= src->serial ? src : NULL;
}

/* The source still has what it had: that may be what we have, or be behind it. */
static int unchanged(struct load *l, const struct cache_source *known,
		     const struct helper_reply *re, struct aip_err *err)
{
	const struct accept_stream *s = accept_find(&l->state, known->stream);
	struct aip_loaded *have = indexes_find(l->out, known->stream);

	aip_log(l->ctx, LOG_DEBUG, "%s: unchanged", re->origin);
	if (s && known->serial < s->serial)
		return accept_refuse_old(s, known->serial, re->origin, err);
	if (have->index->serial == known->serial && mark_fetched(have, re->origin) < 0)
		return nomem(err);
	return 0;
}

/* Ask once. Return: 0 answered, 1 there is no such source, or -errno; @mirror: who gave what was refused. */
static int ask_once(struct load *l, const struct helper_source *src, const char *id,
		    char *const *skip, size_t n_skip, long ms, char **mirror, struct aip_err *err)
{
	_cleanup_(helper_reply_free) struct helper_reply re = HELPER_REPLY_INIT;
	const struct cache_source *known = known_of(l, id);
	size_t i;
	int r;

	r = helper_ask(l->ctx, src, known, skip, n_skip, ms, &re, err);
	for (i = 0; i < re.n_notes; i++)
		if (indexes_warn(l->out, "%s: %s", src->repo ? src->repo : "", re.notes[i]) < 0)
			return nomem(err);
	if (r == HELPER_NONE)
		return 1;
	if (r == HELPER_UNCHANGED && known)
		r = unchanged(l, known, &re, err);
	else if (r == HELPER_UNCHANGED)
		r = aip_err_set(err, -EPROTO, "%s: 'unchanged' without having been asked",
				re.origin);
	else if (r == HELPER_BODY)
		r = take(l, id, &re, err);
	if (r < 0)
		*mirror = TAKE_PTR(re.mirror);
	return r;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

/* Ask a source, in case of a repository mirror after mirror as long as what comes is refused. */
static int ask(struct load *l, const struct helper_source *src, long ms, struct aip_err *err)
{
	long deadline = now_ms() + ms;
	struct aip_err first = AIP_ERR_INIT;
	char **skip = NULL, id[65];
	size_t n = 0;
	int r;

	r = helper_source_id(src, id);
	if (r < 0)
		return nomem(err);
	do {
		_cleanup_free_ char *mirror = NULL;

		r = ask_once(l, src, id, skip, n, deadline - now_ms(), &mirror, err);
		if (r < 0 && !first.code)
			first = *err;
		if (r >= 0 || r == -ENOMEM || !mirror)
			break;
		if (indexes_warn(l->out, "%s", err->msg) < 0 ||
		    strlist_add(&skip, &n, "%s", mirror) < 0) {
			r = nomem(err);
			break;
		}
	} while (n < MIRRORS_TRIED_MAX && now_ms() < deadline);
	strlist_free(&skip, &n);
	if (r < 0 && r != -ENOMEM) {
		*err = first; /* what the first mirror gave says more than that there was no other */
		r = first.code;
	}
	return r;
}

struct source_list {
	struct helper_source v[AIP_CONF_MAX_INDEX + 1];
	size_t n;
};

static void list_sources(const struct ctx *ctx, struct source_list *s)
{
	const struct conf *c = ctx->conf;
	size_t i;

	s->n = 0;
	if (ctx->opt.index) {
		s->v[s->n++].url = ctx->opt.index;
		return;
	}
	for (i = 0; i < c->n_index; i++)
		s->v[s->n++].url = c->index[i];
	if (c->repo && yumrepo_enabled(ctx, c->repo))
		s->v[s->n++].repo = c->repo;
}

static int no_key(struct load *l)
{
	struct aip_err why = AIP_ERR_INIT;

	aip_err_set(&why, -ENOKEY,
		    "no index from outside is accepted: there is no trusted key, neither "
		    "%s nor in %s",
		    AIP_KEY_FILE, AIP_KEYS_DIR);
	aip_err_hint(&why, "put the publisher's public key into %s", AIP_KEYS_DIR);
	aip_err_exit(&why, AIP_EXIT_REFUSED);
	return indexes_failed(l->out, &why);
}

int load_outside(struct load *l, enum aip_load_mode mode, aip_enough_fn enough, void *arg)
{
	const struct conf *c = l->ctx->conf;
	long deadline = now_ms() + c->trigger_timeout * 1000L;
	struct source_list s = { .n = 0 };
	size_t i;

	list_sources(l->ctx, &s);
	if (s.n && !l->trust.n_keys)
		return no_key(l);
	for (i = 0; i < s.n; i++) {
		long ms = c->timeout * 1000L;
		struct aip_err why = AIP_ERR_INIT;
		int r;

		if (mode == AIP_CACHE_FIRST) {
			if (i > 0 && enough && enough(arg, l->out))
				break;
			/* a source that hangs leaves the others their share of the time */
			ms = (deadline - now_ms()) / (long)(s.n - i);
			if (ms <= 0)
				break;
		}
		r = ask(l, &s.v[i], ms, &why);
		l->out->n_asked += r <= 0;
		l->out->n_answered += r == 0;
		if (r == -ENOMEM || (r < 0 && indexes_failed(l->out, &why) < 0))
			return -ENOMEM;
	}
	return 0;
}
