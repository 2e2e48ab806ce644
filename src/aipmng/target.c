// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aipmng/replace.h"
#include "aipmng/target.h"
#include "common/cleanup.h"
#include "common/root.h"

const char *target_state_name(enum target_state s)
{
	static const char *const names[] = {
		[TARGET_ABSENT] = "absent",	    [TARGET_MISSING] = "missing",
		[TARGET_PATCHED] = "patched",	    [TARGET_STALE] = "patched-stale",
		[TARGET_PATCHABLE] = "patchable",   [TARGET_PRISTINE_UNKNOWN] = "pristine-unknown",
		[TARGET_CUSTOMISED] = "customised",
	};

	return names[s];
}

int blob_set(struct blob *b, const void *data, size_t len)
{
	int r;

	aip_buf_reset(&b->buf);
	aip_buf_add(&b->buf, data, len);
	r = aip_buf_status(&b->buf);
	return r < 0 ? r : aip_sha256_hex(b->buf.data, b->buf.len, b->sha);
}

void blob_free(struct blob *b)
{
	aip_buf_free(&b->buf);
	b->sha[0] = 0;
}

void target_free(struct target *t)
{
	free(t->rel);
	blob_free(&t->now);
	blob_free(&t->pristine);
	blob_free(&t->rpmnew);
	memset(t, 0, sizeof(*t));
}

bool target_in_header(const struct target *t, const struct blob *b)
{
	char sum[AIP_DIGEST_HEX_MAX];

	return t->rpm && t->rpm->digest[0] && b->sha[0] &&
	       aip_digest_hex(t->rpm->algo, b->buf.data, b->buf.len, sum) == 0 &&
	       strcmp(sum, t->rpm->digest) == 0;
}

size_t hook_find(enum aip_kind kind, const struct aip_buf *text, size_t *at, int *which)
{
	const struct aip_hook *hook = aip_hook(kind);
	size_t found = 0, i;

	for (i = 0; i < hook->n_texts && text->data; i++) {
		const struct aip_hook_text *ht = &hook->texts[i];
		const char *p = text->data, *end = text->data + text->len;

		while ((p = memmem(p, end - p, ht->text, ht->len))) {
			if (p == text->data || p[-1] == '\n') {
				if (!found++) {
					if (at)
						*at = p - text->data;
					if (which)
						*which = i;
				}
			}
			p++;
		}
	}
	return found;
}

int hook_strip(enum aip_kind kind, int text, size_t after, const struct aip_buf *patched,
	       struct blob *out)
{
	const struct aip_hook_text *ht = &aip_hook(kind)->texts[text];
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	const char *p = patched->data, *end = p + patched->len;
	size_t line;

	for (line = 0; line < after && p; line++) {
		p = memchr(p, '\n', end - p);
		p = p ? p + 1 : NULL;
	}
	if (!p || (size_t)(end - p) < ht->len || memcmp(p, ht->text, ht->len) != 0)
		return -EBADMSG;
	aip_buf_add(&b, patched->data, p - patched->data);
	aip_buf_add(&b, p + ht->len, end - p - ht->len);
	if (aip_buf_status(&b) < 0)
		return -ENOMEM;
	return blob_set(out, b.len ? b.data : "", b.len);
}

/* What lies beside a script: PATH.rpmnew, PATH.rpmsave.  Faults there do not matter. */
static int beside(const struct ctx *ctx, const struct target *t, const char *suffix,
		  struct blob *out)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	_cleanup_free_ char *rel = NULL;
	struct stat st;

	if (asprintf(&rel, "%s%s", t->rel, suffix) < 0)
		return -ENOMEM;
	if (file_read_whole(ctx->rootfd, rel, &b, &st, NULL) < 0)
		return -ENOENT;
	return blob_set(out, b.len ? b.data : "", b.len);
}

int target_load(const struct ctx *ctx, enum aip_kind kind, const struct aip_rpmfile *rpm,
		const struct record *record, struct target *t, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	int r;

	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->hook = aip_hook(kind);
	t->rpm = rpm;
	t->record = record;
	if (!rpm || !rpm->listed) {
		t->state = TARGET_ABSENT;
		return 0;
	}
	t->state = TARGET_MISSING;
	r = aip_root_resolve(ctx->rootfd, t->hook->path, 1, &t->rel, &why);
	if (r == 0)
		r = file_read_whole(ctx->rootfd, t->rel, &b, &t->st, &why);
	if (r == -ENOMEM)
		return aip_err_errno(err, r, "cannot read %s", t->hook->path);
	if (r == -ENOENT) {
		aip_err_set(&t->blocked, r, "%s is missing", t->hook->path);
		aip_err_hint(&t->blocked, "reinstall the package initscripts");
		return 0;
	}
	t->state = TARGET_CUSTOMISED;
	if (r < 0) {
		t->blocked = why;
		return 0;
	}
	r = blob_set(&t->now, b.len ? b.data : "", b.len);
	if (r == 0)
		r = beside(ctx, t, ".rpmnew", &t->rpmnew);
	if (r < 0 && r != -ENOENT)
		return aip_err_errno(err, r, "cannot read %s", t->hook->path);
	if (t->st.st_nlink != 1)
		aip_err_set(&t->blocked, -EMLINK, "%s has %lu hard links", t->hook->path,
			    (unsigned long)t->st.st_nlink);
	t->hooks = hook_find(kind, &t->now.buf, NULL, NULL);
	t->rpmnew_is_new = target_in_header(t, &t->rpmnew);
	if (record) {
		_cleanup_(blob_free) struct blob save = { 0 };

		t->rpmsave_ours = beside(ctx, t, ".rpmsave", &save) == 0 &&
				  strcmp(save.sha, record->post) == 0;
	}
	return 0;
}

/* Is it one of our patches?  By the record first: it knows adapted ones too. */
static int known_patch(struct target *t, const struct aip_indexes *idx)
{
	const struct record *rec = t->record;
	int r = -ENOENT;

	t->entry = aip_indexes_by_post(idx, t->now.sha, &t->from);
	if (t->entry && t->entry->kind != t->kind)
		t->entry = NULL;
	if (rec && strcmp(rec->post, t->now.sha) == 0) {
		r = hook_strip(t->kind, rec->text, rec->after, &t->now.buf, &t->pristine);
		if (r == 0 && strcmp(t->pristine.sha, rec->pre) == 0) {
			t->by_record = true;
			t->after = rec->after;
			t->text = rec->text;
			return 0;
		}
	}
	if (r == -ENOMEM || !t->entry)
		return r == -ENOMEM ? r : -ENOENT;
	t->after = t->entry->after;
	t->text = t->entry->text;
	r = hook_strip(t->kind, t->text, t->after, &t->now.buf, &t->pristine);
	if (r == 0 && strcmp(t->pristine.sha, t->entry->pre) == 0)
		return 0;
	t->entry = NULL;
	return r == -ENOMEM ? r : -ENOENT;
}

/* A patch is fresh when the newest header says that the file under it is the file that should be there. */
static bool fresh(const struct target *t)
{
	const struct record *rec = t->record;

	if (!t->rpm->digest[0] || target_in_header(t, &t->pristine))
		return true;
	/* adapted to a customised file: fresh as long as the package is the same */
	return t->by_record && rec->how == RECORD_BY_ADAPTING && rec->header_algo == t->rpm->algo &&
	       strcmp(rec->header_digest, t->rpm->digest) == 0;
}

bool target_was_packaged(const struct target *t)
{
	const struct record *rec = t->by_record ? t->record : NULL;
	char sum[AIP_DIGEST_HEX_MAX];

	if (!rec || !rec->header_digest[0])
		return t->entry != NULL;
	return aip_digest_hex(rec->header_algo, t->pristine.buf.data, t->pristine.buf.len, sum) ==
		       0 &&
	       strcmp(sum, rec->header_digest) == 0;
}

bool target_unread(const struct target *t)
{
	int code = t->blocked.code;

	/* what is no regular file, or too large, is no script of ours */
	return code && !t->now.sha[0] && code != -ENOENT && code != -EINVAL && code != -ELOOP &&
	       code != -EFBIG;
}

int target_classify(struct target *t, const struct aip_indexes *idx, struct aip_err *err)
{
	int r;

	t->entry = NULL;
	t->from = NULL;
	t->withdrawn = t->by_record = false;
	blob_free(&t->pristine);
	if (t->state == TARGET_ABSENT || t->state == TARGET_MISSING || !t->now.sha[0])
		return 0;
	r = known_patch(t, idx);
	if (r == -ENOMEM)
		return aip_err_errno(err, r, "cannot judge %s", t->hook->path);
	if (r == 0) {
		t->state = fresh(t) ? TARGET_PATCHED : TARGET_STALE;
		t->withdrawn = aip_indexes_is_withdrawn(idx, t->now.sha);
		return 0;
	}
	blob_free(&t->pristine);
	t->entry = aip_indexes_by_pre(idx, t->now.sha, &t->from);
	if (t->entry && t->entry->kind == t->kind) {
		t->state = TARGET_PATCHABLE;
		return 0;
	}
	t->entry = NULL;
	t->state = target_in_header(t, &t->now) ? TARGET_PRISTINE_UNKNOWN : TARGET_CUSTOMISED;
	return 0;
}
