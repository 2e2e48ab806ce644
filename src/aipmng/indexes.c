// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aipmng/indexes.h"
#include "aipmng/strlist.h"

struct aip_loaded *indexes_find(const struct aip_indexes *x, const char *stream)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (strcmp(x->v[i].index->stream, stream) == 0)
			return &x->v[i];
	return NULL;
}

static void drop(struct aip_loaded *l)
{
	aip_index_free(l->index);
	free(l->origin);
}

static void remove_at(struct aip_indexes *x, size_t i)
{
	drop(&x->v[i]);
	x->n--;
	memmove(&x->v[i], &x->v[i + 1], (x->n - i) * sizeof(x->v[0]));
}

/* Of one stream: the higher serial; the cached copy of what is shipped too. */
static bool better(const struct aip_loaded *a, const struct aip_loaded *b)
{
	if (a->index->serial != b->index->serial)
		return a->index->serial > b->index->serial;
	return b->from == AIP_FROM_PACKAGE && strcmp(a->index->sha256, b->index->sha256) == 0;
}

int indexes_add(struct aip_indexes *x, struct aip_index *idx, enum aip_origin from,
		const char *origin)
{
	struct aip_loaded *old = indexes_find(x, idx->stream), *more;
	struct aip_loaded fresh = { idx, from, strdup(origin), false };
	size_t at;

	if (!fresh.origin || (old && !better(&fresh, old))) {
		bool failed = !fresh.origin;

		drop(&fresh);
		return failed ? -ENOMEM : 0;
	}
	if (old)
		remove_at(x, old - x->v);
	more = realloc(x->v, (x->n + 1) * sizeof(*more));
	if (!more) {
		drop(&fresh);
		return -ENOMEM;
	}
	x->v = more;
	/* the shipped one stays last */
	at = x->n;
	while (at > 0 && from != AIP_FROM_PACKAGE && more[at - 1].from == AIP_FROM_PACKAGE)
		at--;
	memmove(&more[at + 1], &more[at], (x->n - at) * sizeof(*more));
	more[at] = fresh;
	x->n++;
	return 1;
}

void indexes_clear(struct aip_indexes *x)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		drop(&x->v[i]);
	free(x->v);
	x->v = NULL;
	x->n = 0;
}

void aip_indexes_free(struct aip_indexes *x)
{
	indexes_clear(x);
	strlist_free(&x->warnings, &x->n_warnings);
	memset(x, 0, sizeof(*x));
}

int indexes_warn(struct aip_indexes *x, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return strlist_add(&x->warnings, &x->n_warnings, "%s", text);
}

int indexes_failed(struct aip_indexes *x, const struct aip_err *why)
{
	struct aip_err *slot = why->exit == AIP_EXIT_REFUSED ? &x->refused : &x->unreachable;

	if (!slot->code)
		*slot = *why;
	return indexes_warn(x, "%s%s%s", why->msg, why->hint[0] ? "; " : "", why->hint);
}

/* What becomes the error need not be a warning too. */
static void unwarn(struct aip_indexes *x, const struct aip_err *why)
{
	size_t i, n = strlen(why->msg);

	for (i = 0; i < x->n_warnings; i++) {
		if (strncmp(x->warnings[i], why->msg, n) != 0)
			continue;
		free(x->warnings[i]);
		x->n_warnings--;
		memmove(&x->warnings[i], &x->warnings[i + 1],
			(x->n_warnings - i) * sizeof(x->warnings[0]));
		return;
	}
}

int indexes_result(struct aip_indexes *x, struct aip_err *err)
{
	const struct aip_err *why = x->refused.code ? &x->refused : &x->unreachable;

	if (x->n)
		return 0;
	if (why->code) {
		unwarn(x, why);
		if (err)
			*err = *why;
		return why->code;
	}
	aip_err_set(err, -ENOENT, "there is no index: none is cached, none is shipped in %s",
		    AIP_SHIPPED);
	aip_err_exit(err, AIP_EXIT_NO_INDEX);
	return aip_err_hint(err,
			    "give the address of one as 'index =' in %s, or install the package "
			    "aip again",
			    AIP_CONF_FILE);
}

int aip_indexes_outcome(const struct aip_indexes *x, struct aip_err *err)
{
	if (!x->refused.code || x->n_answered)
		return 0;
	if (err)
		*err = x->refused;
	return x->refused.code;
}

int aip_indexes_no_patch(const struct aip_indexes *x, struct aip_err *err)
{
	bool outside = false;
	size_t i;

	for (i = 0; i < x->n; i++)
		outside = outside || x->v[i].from != AIP_FROM_PACKAGE;
	if (aip_indexes_outcome(x, err) < 0)
		return x->refused.code;
	if (x->unreachable.code && !outside) {
		if (err)
			*err = x->unreachable;
		return x->unreachable.code;
	}
	aip_err_set(err, -ENOENT, "No patch files found for this system.");
	return aip_err_exit(err, AIP_EXIT_NO_PATCH);
}

bool aip_indexes_is_withdrawn(const struct aip_indexes *x, const char *post)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (aip_index_is_withdrawn(x->v[i].index, post))
			return true;
	return false;
}

const struct aip_index_file *aip_indexes_by_pre(const struct aip_indexes *x, const char *sha256,
						const struct aip_loaded **from)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct aip_index_file *f = aip_index_by_pre(x->v[i].index, sha256);

		if (!f || aip_indexes_is_withdrawn(x, f->post))
			continue;
		if (from)
			*from = &x->v[i];
		return f;
	}
	return NULL;
}

const struct aip_index_file *aip_indexes_by_post(const struct aip_indexes *x, const char *sha256,
						 const struct aip_loaded **from)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct aip_index_file *f = aip_index_by_post(x->v[i].index, sha256);

		if (!f)
			continue;
		if (from)
			*from = &x->v[i];
		return f;
	}
	return NULL;
}
