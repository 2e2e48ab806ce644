// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/fingerprint.h"
#include "common/cleanup.h"

/* A disk comes last: boot code that leaves 55 AA in a file system's first sector is common. */
static const struct fp_kind *const kinds[] = { &fp_ext, &fp_xfs, &fp_disk };

#define MD_MAGIC 0xa92b4efc

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

uint16_t get_le16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

uint32_t get_le32(const uint8_t *p)
{
	return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

uint16_t get_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

int region_read(const struct region *g, uint64_t offset, void *buf, size_t len, struct aip_err *err)
{
	if (offset > g->len || len > g->len - offset)
		return -ERANGE;
	return reader_read(g->r, g->start + offset, buf, len, err);
}

int region_hash(const struct region *g, uint64_t offset, uint64_t len, struct sha256 *sha,
		struct aip_err *err)
{
	_cleanup_free_ uint8_t *buf = malloc(READER_BOUNCE);

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "%s", g->r->name);
	while (len) {
		size_t n = len < READER_BOUNCE ? len : READER_BOUNCE;
		int ret = region_read(g, offset, buf, n, err);

		if (ret)
			return ret;
		sha256_add(sha, buf, n);
		offset += n;
		len -= n;
	}
	return 0;
}

int fp_unprovable(struct fingerprint *fp, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fp->why, sizeof(fp->why), fmt, ap);
	va_end(ap);
	fp->provable = false;
	return 0;
}

int fp_mark(struct fingerprint *fp, const struct region *g, uint64_t start, uint64_t len)
{
	struct fp_mark *m;

	if (start >= g->len || !len)
		return 0;
	if (len > g->len - start)
		len = g->len - start;
	m = realloc(fp->marks, (fp->n_marks + 1) * sizeof(*m));
	if (!m)
		return -ENOMEM;
	fp->marks = m;
	m[fp->n_marks++] = (struct fp_mark){ g->start + start, len };
	return 0;
}

void fp_set_uuid(struct fingerprint *fp, const uint8_t uuid[16])
{
	static const uint8_t none[16];
	char *p = fp->uuid_text;
	int i;

	memcpy(fp->uuid, uuid, 16);
	*p = 0;
	if (!memcmp(uuid, none, 16))
		return;
	for (i = 0; i < 16; i++)
		p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
}

int fp_content(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
	       struct aip_err *err)
{
	if (g->len > FP_CONTENT_MAX || g->len > fp->content_left)
		return -E2BIG;
	fp->content_left -= g->len;
	return region_hash(g, 0, g->len, sha, err);
}

/* What does not overwrite a superblock that was there before it. */
static const char *find_cover(const struct region *g, const uint8_t *head)
{
	int i;

	if (!memcmp(head, "LUKS\xba\xbe", 6))
		return "an encrypted volume (LUKS)";
	for (i = 0; i < 4; i++)
		if (!memcmp(head + 512 * i, "LABELONE", 8))
			return "a physical volume (LVM)";
	/* md: at the beginning, or 4 KiB behind it */
	if (get_le32(head) == MD_MAGIC || get_le32(head + 4096) == MD_MAGIC)
		return "a member of an md array";
	return fp_disk.probe(g, head) ? "a partition table" : NULL;
}

/*
 * Read the first bytes and find the kind. Return: 0 with *kind NULL when unknown, or -errno.
 * One file system, and something else that may be what counts: nothing says which of them is stale.
 */
static int find_kind(const struct region *g, struct fingerprint *fp, const struct fp_kind **kind,
		     struct aip_err *err)
{
	_cleanup_free_ uint8_t *head = calloc(1, FP_PROBE_LEN);
	const char *cover;
	size_t i;
	int ret;

	*kind = NULL;
	strcpy(fp->kind, "none");
	if (!head)
		return aip_err_errno(err, -ENOMEM, "%s", g->r->name);
	ret = region_read(g, 0, head, g->len < FP_PROBE_LEN ? g->len : FP_PROBE_LEN, err);
	if (ret)
		return ret;
	for (i = 0; i < N_KINDS && !*kind; i++)
		if (!(fp->nested && kinds[i] == &fp_disk) && kinds[i]->probe(g, head))
			*kind = kinds[i];
	if (!*kind)
		return 0;
	(*kind)->identify(g, head, fp);
	if (*kind == &fp_disk)
		return 0;
	cover = find_cover(g, head);
	if (!cover && *kind == &fp_ext && fp_xfs.probe(g, head))
		cover = "an XFS";
	if (cover) {
		snprintf(fp->why, sizeof(fp->why),
			 "both %s and %s are on it, one of them stale (wipefs removes it)",
			 fp->kind, cover);
		*kind = NULL;
	}
	return 0;
}

static int take_content(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
			struct aip_err *err)
{
	int ret = fp_content(g, sha, fp, err);

	if (ret == -E2BIG && fp->why[0])
		return 0;
	if (ret == -E2BIG)
		return fp_unprovable(
			fp, "no ext2/3/4, no XFS, no partition table: nothing can be proved");
	fp->why[0] = 0;
	fp->provable = !ret;
	fp->method = FP_CONTENT;
	strcpy(fp->kind, "content");
	snprintf(fp->detail, sizeof(fp->detail), "content: all of it");
	return ret;
}

int fp_region(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
	      struct aip_err *err)
{
	const struct fp_kind *kind;
	uint64_t len = htole64(g->len);
	int ret = find_kind(g, fp, &kind, err);

	if (ret)
		return ret;
	sha256_add(sha, fp->kind, strlen(fp->kind) + 1);
	sha256_add(sha, &len, sizeof(len));
	if (!kind)
		return take_content(g, sha, fp, err);
	fp->provable = true;
	fp->method = kind->method;
	ret = kind->take(g, sha, fp, err);
	if (ret == -ERANGE)
		ret = fp_unprovable(fp, "damaged: something in it points outside of it");
	return ret;
}

int fingerprint_identify(struct reader *r, struct fingerprint *fp, struct aip_err *err)
{
	const struct region whole = { .r = r, .len = r->size };
	const struct fp_kind *kind;

	*fp = (struct fingerprint)FINGERPRINT_INIT;
	return find_kind(&whole, fp, &kind, err);
}

static int by_start(const void *a, const void *b)
{
	const struct fp_mark *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sorted, and what touches merged. */
static void tidy_marks(struct fingerprint *fp)
{
	size_t i, n = 0;

	qsort(fp->marks, fp->n_marks, sizeof(*fp->marks), by_start);
	for (i = 0; i < fp->n_marks; i++) {
		struct fp_mark *m = &fp->marks[i], *last = n ? &fp->marks[n - 1] : NULL;
		uint64_t end = m->start + m->len;

		if (!last || m->start > last->start + last->len)
			fp->marks[n++] = *m;
		else if (end > last->start + last->len)
			last->len = end - last->start;
	}
	fp->n_marks = n;
}

int fingerprint_take(struct reader *r, struct fingerprint *fp, struct aip_err *err)
{
	const struct region whole = { r, 0, r->size };
	struct sha256 sha;
	int ret;

	*fp = (struct fingerprint)FINGERPRINT_INIT;
	fp->content_left = FP_CONTENT_BUDGET;
	sha256_init(&sha);
	ret = fp_region(&whole, &sha, fp, err);
	sha256_end(&sha, fp->digest);
	if (fp->n_marks)
		tidy_marks(fp);
	if (ret || !fp->provable) {
		fp->provable = false;
		fp->method = FP_NONE;
		fp->n_marks = 0;
		memset(fp->digest, 0, sizeof(fp->digest));
	}
	return ret;
}

void fingerprint_free(struct fingerprint *fp)
{
	free(fp->marks);
	fp->marks = NULL;
	fp->n_marks = 0;
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->provable && b->provable && a->method == b->method &&
	       !memcmp(a->digest, b->digest, sizeof(a->digest));
}
