// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index in memory: filled by indexread.c from JSON or by a publisher entry by
 * entry, then sorted and checked as a whole; looked up by binary search.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/rfc3339.h"
#include "patch/arena.h"
#include "patch/index.h"
#include "patch/udiff.h"

#define EXIT_REFUSED 4
#define STREAM_MAX   64
#define NAME_MAX_LEN 255
#define AFTER_MAX    10000000

struct aip_index_private {
	struct aip_arena arena;
	const struct aip_index_file **by_post;
};

struct aip_index *aip_index_new(void)
{
	struct aip_index *idx = calloc(1, sizeof(*idx));

	if (!idx)
		return NULL;
	idx->stream = "";
	idx->priv = calloc(1, sizeof(*idx->priv));
	if (!idx->priv) {
		free(idx);
		return NULL;
	}
	return idx;
}

void aip_index_free(struct aip_index *idx)
{
	if (!idx)
		return;
	aip_arena_free(&idx->priv->arena);
	free(idx->priv->by_post);
	free(idx->priv);
	free(idx->revoked);
	free(idx->withdrawn);
	free(idx->files);
	free(idx->packages);
	free(idx);
}

void aip_index_freep(struct aip_index **idx)
{
	aip_index_free(*idx);
}

/* ---- adding --------------------------------------------------------------------- */

static int no_memory(struct aip_err *err)
{
	return aip_err_errno(err, -ENOMEM, "cannot hold the index");
}

static bool is_sha256(const char *s)
{
	return aip_is_hex(s, 64);
}

static bool is_fingerprint(const char *s)
{
	return aip_is_hex(s, 40) || aip_is_hex(s, 64);
}

/* Letters, digits, and what names, versions and architectures of packages are made of. */
static bool is_plain(const char *s, size_t max)
{
	size_t n = strlen(s);

	return n && n <= max &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			 "._+-:~^") == n;
}

/* Room for one more in an array that has grown by this function only. */
static int grow(void *list, size_t n, size_t size)
{
	void **p = list, *bigger;

	if (n & (n - 1))
		return 0;
	bigger = realloc(*p, (n ? n * 2 : 1) * size);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	return 0;
}

int aip_index_set_stream(struct aip_index *idx, const char *stream, struct aip_err *err)
{
	if (!is_plain(stream, STREAM_MAX) || strpbrk(stream, "+:~^") ||
	    !isalnum((unsigned char)stream[0]))
		return aip_err_set(err, -EINVAL,
				   "a stream is named with up to %d letters, digits, '.', '_' and "
				   "'-', a letter or digit first",
				   STREAM_MAX);
	idx->stream = aip_arena_str(&idx->priv->arena, stream);
	if (!idx->stream) {
		idx->stream = "";
		return no_memory(err);
	}
	return 0;
}

int aip_index_add_file(struct aip_index *idx, const struct aip_index_file *file,
		       struct aip_err *err)
{
	struct aip_index_file f = *file;

	if (!is_sha256(f.pre) || !is_sha256(f.post) || strcmp(f.pre, f.post) == 0)
		return aip_err_set(err, -EINVAL, "not two different SHA-256 digests in lower case");
	if ((int)f.kind < 0 || f.kind >= AIP_KIND_N || f.text >= aip_hook(f.kind)->n_texts ||
	    f.after > AFTER_MAX)
		return aip_err_set(err, -EINVAL, "no such hook, text or line");
	if (idx->n_files == AIP_INDEX_MAX_ENTRIES)
		return aip_err_set(err, -EFBIG, "more than %d patches", AIP_INDEX_MAX_ENTRIES);
	f.pre = aip_arena_str(&idx->priv->arena, f.pre);
	f.post = aip_arena_str(&idx->priv->arena, f.post);
	if (!f.pre || !f.post || grow(&idx->files, idx->n_files, sizeof(f)) < 0)
		return no_memory(err);
	idx->files[idx->n_files++] = f;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort, drop repetitions. Return: how many are left. */
static size_t sort_texts(const char **list, size_t n)
{
	size_t i, kept = 0;

	if (n)
		qsort(list, n, sizeof(*list), by_text);
	for (i = 0; i < n; i++)
		if (!kept || strcmp(list[kept - 1], list[i]) != 0)
			list[kept++] = list[i];
	return kept;
}

static int copy_package(struct aip_arena *arena, const struct aip_index_package *from,
			struct aip_index_package *to)
{
	size_t i;

	to->name = aip_arena_str(arena, from->name);
	to->evr = aip_arena_str(arena, from->evr);
	to->arch = aip_arena_str(arena, from->arch);
	to->files = aip_arena_alloc(arena, from->n_files * sizeof(*to->files));
	if (!to->name || !to->evr || !to->arch || !to->files)
		return -ENOMEM;
	for (i = 0; i < from->n_files; i++) {
		to->files[i] = aip_arena_str(arena, from->files[i]);
		if (!to->files[i])
			return -ENOMEM;
	}
	to->n_files = sort_texts(to->files, from->n_files);
	return 0;
}

int aip_index_add_package(struct aip_index *idx, const struct aip_index_package *pkg,
			  struct aip_err *err)
{
	struct aip_index_package p;
	size_t i;

	if (!is_plain(pkg->name, NAME_MAX_LEN) || !is_plain(pkg->evr, NAME_MAX_LEN) ||
	    !is_plain(pkg->arch, NAME_MAX_LEN))
		return aip_err_set(err, -EINVAL, "not a package's name, version and architecture");
	if (pkg->n_files > AIP_INDEX_MAX_PKGFILES)
		return aip_err_set(err, -EFBIG, "more than %d patchable files in a package",
				   AIP_INDEX_MAX_PKGFILES);
	for (i = 0; i < pkg->n_files; i++)
		if (!is_sha256(pkg->files[i]))
			return aip_err_set(err, -EINVAL, "not a SHA-256 digest in lower case");
	if (idx->n_packages == AIP_INDEX_MAX_ENTRIES)
		return aip_err_set(err, -EFBIG, "more than %d packages", AIP_INDEX_MAX_ENTRIES);
	if (copy_package(&idx->priv->arena, pkg, &p) < 0 ||
	    grow(&idx->packages, idx->n_packages, sizeof(p)) < 0)
		return no_memory(err);
	idx->packages[idx->n_packages++] = p;
	return 0;
}

static int add_text(struct aip_index *idx, const char ***list, size_t *n, const char *text,
		    struct aip_err *err)
{
	const char *copy;

	if (*n == AIP_INDEX_MAX_LISTED)
		return aip_err_set(err, -EFBIG, "more than %d digests in a list",
				   AIP_INDEX_MAX_LISTED);
	copy = aip_arena_str(&idx->priv->arena, text);
	if (!copy || grow(list, *n, sizeof(**list)) < 0)
		return no_memory(err);
	(*list)[(*n)++] = copy;
	return 0;
}

int aip_index_add_withdrawn(struct aip_index *idx, const char *post, struct aip_err *err)
{
	if (!is_sha256(post))
		return aip_err_set(err, -EINVAL, "not a SHA-256 digest in lower case");
	return add_text(idx, &idx->withdrawn, &idx->n_withdrawn, post, err);
}

int aip_index_add_revoked(struct aip_index *idx, const char *fingerprint, struct aip_err *err)
{
	if (!is_fingerprint(fingerprint))
		return aip_err_set(err, -EINVAL,
				   "not a fingerprint (40 or 64 hex digits in lower case)");
	return add_text(idx, &idx->revoked, &idx->n_revoked, fingerprint, err);
}

/* ---- finishing -------------------------------------------------------------------- */

static int by_pre(const void *a, const void *b)
{
	return strcmp(((const struct aip_index_file *)a)->pre,
		      ((const struct aip_index_file *)b)->pre);
}

static int by_post(const void *a, const void *b)
{
	return strcmp((*(const struct aip_index_file *const *)a)->post,
		      (*(const struct aip_index_file *const *)b)->post);
}

static int by_package(const void *a, const void *b)
{
	const struct aip_index_package *p = a, *q = b;
	size_t i;
	int c = strcmp(p->name, q->name);

	if (c == 0)
		c = strcmp(p->evr, q->evr);
	if (c == 0)
		c = strcmp(p->arch, q->arch);
	for (i = 0; c == 0 && i < p->n_files && i < q->n_files; i++)
		c = strcmp(p->files[i], q->files[i]);
	if (c == 0)
		c = (p->n_files > q->n_files) - (p->n_files < q->n_files);
	return c;
}

static bool same_patch(const struct aip_index_file *a, const struct aip_index_file *b)
{
	return strcmp(a->post, b->post) == 0 && a->kind == b->kind && a->after == b->after &&
	       a->text == b->text;
}

static int finish_files(struct aip_index *idx, struct aip_err *err)
{
	size_t i, kept = 0;

	if (idx->n_files)
		qsort(idx->files, idx->n_files, sizeof(*idx->files), by_pre);
	for (i = 0; i < idx->n_files; i++) {
		const struct aip_index_file *f = &idx->files[i];

		if (!kept || by_pre(&idx->files[kept - 1], f) != 0)
			idx->files[kept++] = *f;
		else if (!same_patch(&idx->files[kept - 1], f))
			return aip_err_set(err, -EEXIST, "two different patches for the file %s",
					   f->pre);
	}
	idx->n_files = kept;
	return 0;
}

/* One result has one origin, and what is patched is not patched again. */
static int finish_posts(struct aip_index *idx, struct aip_err *err)
{
	const struct aip_index_file **list = calloc(idx->n_files + 1, sizeof(*list));
	size_t i;

	if (!list)
		return no_memory(err);
	free(idx->priv->by_post);
	idx->priv->by_post = list;
	for (i = 0; i < idx->n_files; i++)
		list[i] = &idx->files[i];
	qsort(list, idx->n_files, sizeof(*list), by_post);
	for (i = 1; i < idx->n_files; i++)
		if (by_post(&list[i - 1], &list[i]) == 0)
			return aip_err_set(err, -EBADMSG, "two files become %s", list[i]->post);
	for (i = 0; i < idx->n_files; i++)
		if (aip_index_by_pre(idx, idx->files[i].post))
			return aip_err_set(err, -EBADMSG, "the patched file %s has a patch again",
					   idx->files[i].post);
	return 0;
}

static void finish_packages(struct aip_index *idx)
{
	size_t i, kept = 0;

	if (idx->n_packages)
		qsort(idx->packages, idx->n_packages, sizeof(*idx->packages), by_package);
	for (i = 0; i < idx->n_packages; i++)
		if (!kept || by_package(&idx->packages[kept - 1], &idx->packages[i]) != 0)
			idx->packages[kept++] = idx->packages[i];
	idx->n_packages = kept;
}

int aip_index_finish(struct aip_index *idx, struct aip_err *err)
{
	int r;

	if (!idx->stream[0])
		return aip_err_set(err, -EBADMSG, "the index has no stream");
	if (idx->serial < 1)
		return aip_err_set(err, -EBADMSG, "the index has no serial");
	if (idx->expires < idx->issued)
		return aip_err_set(err, -EBADMSG, "the index expires before it is issued");
	idx->n_withdrawn = sort_texts(idx->withdrawn, idx->n_withdrawn);
	idx->n_revoked = sort_texts(idx->revoked, idx->n_revoked);
	finish_packages(idx);
	r = finish_files(idx, err);
	return r < 0 ? r : finish_posts(idx, err);
}

/* ---- looking up ------------------------------------------------------------------- */

const struct aip_index_file *aip_index_by_pre(const struct aip_index *idx, const char *sha256)
{
	const struct aip_index_file key = { .pre = sha256 };

	if (!idx->n_files)
		return NULL;
	return bsearch(&key, idx->files, idx->n_files, sizeof(key), by_pre);
}

const struct aip_index_file *aip_index_by_post(const struct aip_index *idx, const char *sha256)
{
	const struct aip_index_file key = { .post = sha256 }, *k = &key;
	const struct aip_index_file **found;

	if (!idx->n_files || !idx->priv->by_post)
		return NULL;
	found = bsearch(&k, idx->priv->by_post, idx->n_files, sizeof(*found), by_post);
	return found ? *found : NULL;
}

static bool listed(const char **list, size_t n, const char *text)
{
	return n && bsearch(&text, list, n, sizeof(*list), by_text);
}

bool aip_index_is_withdrawn(const struct aip_index *idx, const char *post)
{
	return listed(idx->withdrawn, idx->n_withdrawn, post);
}

bool aip_index_is_revoked(const struct aip_index *idx, const char *fingerprint)
{
	return listed(idx->revoked, idx->n_revoked, fingerprint);
}

int aip_index_check_time(const struct aip_index *idx, time_t now, struct aip_err *err)
{
	char then[AIP_RFC3339_LEN], clock[AIP_RFC3339_LEN];
	bool keys = idx->keys_expire && idx->keys_expire < idx->expires;
	time_t end = keys ? idx->keys_expire : idx->expires;

	if (now <= end)
		return 0;
	aip_err_set(err, -ETIME, "index %s, serial %lld, expired at %s%s; it is %s", idx->stream,
		    (long long)idx->serial, aip_rfc3339(end, then),
		    keys ? " with the keys that signed it" : "", aip_rfc3339(now, clock));
	aip_err_hint(err, "check this machine's clock; if it is right, the publisher has not "
			  "renewed the index or the mirror is out of date");
	aip_err_exit(err, EXIT_REFUSED);
	return -ETIME;
}

/* ---- patches ------------------------------------------------------------------------ */

static const struct aip_hook_text *text_of(const struct aip_index_file *file)
{
	return &aip_hook(file->kind)->texts[file->text];
}

int aip_index_apply(const struct aip_index_file *file, const void *content, size_t len,
		    struct aip_buf *out, struct aip_err *err)
{
	const struct aip_hook_text *t = text_of(file);
	_cleanup_buf_ struct aip_buf made = AIP_BUF_INIT;
	char sha[AIP_SHA256_HEX];
	int r;

	r = aip_sha256_hex(content, len, sha);
	if (r < 0)
		return aip_err_errno(err, r, "cannot compute SHA-256");
	if (strcmp(sha, file->pre) != 0)
		return aip_err_set(err, -ESTALE, "the file is %s, the patch is for %s", sha,
				   file->pre);
	r = aip_udiff_insert(content, len, file->after, t->text, t->len, &made, err);
	if (r == 0)
		r = aip_sha256_hex(made.data, made.len, sha);
	if (r == -ERANGE || (r == 0 && strcmp(sha, file->post) != 0)) {
		aip_err_set(err, -EBADMSG, "the patch for %s does not lead to %s as it says",
			    file->pre, file->post);
		aip_err_hint(err, "the index is wrong; tell its publisher");
		aip_err_exit(err, EXIT_REFUSED);
		return -EBADMSG;
	}
	if (r < 0)
		return r;
	aip_buf_add(out, made.data, made.len);
	return aip_buf_status(out) < 0 ? no_memory(err) : 0;
}

void aip_index_diff(const struct aip_index_file *file, struct aip_buf *out)
{
	const struct aip_hook_text *t = text_of(file);

	if (aip_udiff_make_insertion(file->after, t->text, t->len, out) < 0)
		out->failed = -ENOMEM;
}
