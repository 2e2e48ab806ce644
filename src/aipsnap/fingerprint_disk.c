// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole disk: GPT or MBR, each partition by its own kind, what lies between
 * them by content.
 *
 * A partition that cannot be proved (swap, EFI, LVM, a file system unknown here) does
 * not cost the disk its lineage: it is marked as a whole.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/fingerprint.h"
#include "common/cleanup.h"

#define PARTS_MAX	256
#define GPT_ENTRIES_MAX (1U << 20)
#define EBR_MAX		128
#define EBR_KEPT	(EBR_MAX + 4)

struct part {
	uint64_t start, len; /* bytes */
};

struct disk {
	const struct region *g;
	struct part parts[PARTS_MAX];
	unsigned int n;
	unsigned int sector;
};

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* A boot sector of FAT or NTFS ends in 55 AA too; its "partition entries" are code. */
static bool probe(const struct region *g, const uint8_t *head)
{
	uint64_t sectors = g->len / g->r->sector;
	bool any = false;
	int i;

	if (get_le16(head + 510) != 0xaa55)
		return false;
	for (i = 0; i < 4; i++) {
		const uint8_t *p = head + 446 + 16 * i;

		if (p[0] & 0x7f)
			return false;
		if (!p[4])
			continue;
		if (!get_le32(p + 8) || get_le32(p + 8) >= sectors)
			return false;
		any = true;
	}
	return any;
}

static bool is_gpt(const struct region *g, const uint8_t *head)
{
	return head[446 + 4] == 0xee && !memcmp(head + g->r->sector, "EFI PART", 8);
}

static void identify(const struct region *g, const uint8_t *head, struct fingerprint *fp)
{
	uint8_t uuid[16] = { 0 };

	if (is_gpt(g, head)) {
		strcpy(fp->kind, "gpt");
		memcpy(uuid, head + g->r->sector + 56, 16);
	} else {
		strcpy(fp->kind, "mbr");
		memcpy(uuid, head + 440, 4);
	}
	fp_set_uuid(fp, uuid);
}

/* Return: 0, -ERANGE when it leaves the disk, -E2BIG when there are too many. */
static int add(struct disk *d, uint64_t first, uint64_t sectors)
{
	uint64_t all = d->g->len / d->sector;

	if (first >= all || !sectors || sectors > all - first)
		return -ERANGE;
	if (d->n == PARTS_MAX)
		return -E2BIG;
	d->parts[d->n++] = (struct part){ first * d->sector, sectors * d->sector };
	return 0;
}

/*
 * Logical partitions: a chain of boot records inside the extended one.  The sectors of
 * the chain lie in gaps, where their content is digested.
 */
static int read_logical(struct disk *d, uint64_t extended, struct aip_err *err)
{
	uint64_t at = extended;
	uint8_t ebr[512];
	int ret, i;

	for (i = 0; i < EBR_MAX; i++) {
		const uint8_t *p = ebr + 446;

		ret = region_read(d->g, at * d->sector, ebr, sizeof(ebr), err);
		if (ret)
			return ret;
		if (get_le16(ebr + 510) != 0xaa55)
			return 0;
		if (p[4]) {
			ret = add(d, at + get_le32(p + 8), get_le32(p + 12));
			if (ret)
				return ret;
		}
		if (!is_extended(p[16 + 4]))
			return 0;
		at = extended + get_le32(p + 16 + 8);
	}
	return -E2BIG;
}

static int read_mbr(struct disk *d, const uint8_t *mbr, struct aip_err *err)
{
	int i, ret;

	for (i = 0; i < 4; i++) {
		const uint8_t *p = mbr + 446 + 16 * i;

		if (!p[4])
			continue;
		if (is_extended(p[4]))
			ret = read_logical(d, get_le32(p + 8), err);
		else
			ret = add(d, get_le32(p + 8), get_le32(p + 12));
		if (ret)
			return ret;
	}
	return 0;
}

static int read_gpt(struct disk *d, const uint8_t *hdr, struct sha256 *sha, struct aip_err *err)
{
	static const uint8_t unused[16];
	uint32_t n = get_le32(hdr + 80), size = get_le32(hdr + 84), i;
	_cleanup_free_ uint8_t *entries = NULL;
	int ret;

	if (size < 128 || !n || n > GPT_ENTRIES_MAX / size)
		return -ERANGE;
	entries = malloc((size_t)n * size);
	if (!entries)
		return -ENOMEM;
	ret = region_read(d->g, get_le64(hdr + 72) * d->sector, entries, (size_t)n * size, err);
	if (ret)
		return ret;
	sha256_add(sha, hdr, 512);
	sha256_add(sha, entries, (size_t)n * size);
	for (i = 0; i < n && !ret; i++) {
		const uint8_t *e = entries + (size_t)i * size;
		uint64_t first = get_le64(e + 32), last = get_le64(e + 40);

		if (memcmp(e, unused, 16))
			ret = last < first ? -ERANGE : add(d, first, last - first + 1);
	}
	return ret;
}

static int by_start(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* What lies outside of every partition. */
static int take_gap(const struct disk *d, uint64_t from, uint64_t to, struct sha256 *sha,
		    struct fingerprint *fp, struct aip_err *err)
{
	struct region gap = { d->g->r, d->g->start + from, to - from };
	int ret;

	if (from >= to)
		return 0;
	ret = fp_content(&gap, sha, fp, err);
	return ret == -E2BIG ? fp_mark(fp, &gap, 0, gap.len) : ret;
}

/* A partition proves itself, or is marked.  Its marks are kept only when it does. */
static int take_part(const struct disk *d, const struct part *p, struct sha256 *sha,
		     struct fingerprint *fp, bool *proved, struct aip_err *err)
{
	struct fingerprint inner = { .nested = true, .content_left = fp->content_left };
	struct region g = { d->g->r, d->g->start + p->start, p->len };
	struct sha256 own;
	uint8_t digest[SHA256_LEN];
	size_t i;
	int ret;

	sha256_init(&own);
	ret = fp_region(&g, &own, &inner, err);
	sha256_end(&own, digest);
	*proved = !ret && inner.provable;
	fp->content_left = inner.content_left;
	if (*proved) {
		sha256_add(sha, digest, sizeof(digest));
		for (i = 0; i < inner.n_marks && !ret; i++)
			ret = fp_mark(fp, d->g, inner.marks[i].start - d->g->start,
				      inner.marks[i].len);
	} else if (!ret) {
		ret = fp_mark(fp, &g, 0, g.len);
	}
	fingerprint_free(&inner);
	return ret;
}

static int take_all(struct disk *d, struct sha256 *sha, struct fingerprint *fp, struct aip_err *err)
{
	unsigned int i, proved = 0;
	uint64_t at = 0;
	bool yes;
	int ret;

	qsort(d->parts, d->n, sizeof(d->parts[0]), by_start);
	for (i = 0; i < d->n; i++) {
		const struct part *p = &d->parts[i];

		if (p->start < at)
			return fp_unprovable(fp, "partitions that overlap");
		ret = take_gap(d, at, p->start, sha, fp, err);
		if (!ret)
			ret = take_part(d, p, sha, fp, &yes, err);
		if (ret)
			return ret;
		proved += yes;
		at = p->start + p->len;
	}
	ret = take_gap(d, at, d->g->len, sha, fp, err);
	snprintf(fp->detail, sizeof(fp->detail),
		 "%s: %u partitions, %u proved, the rest counts as changed at every start",
		 fp->kind, d->n, proved);
	return ret;
}

static int take(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
		struct aip_err *err)
{
	_cleanup_free_ struct disk *d = calloc(1, sizeof(*d));
	_cleanup_free_ uint8_t *head = calloc(1, FP_PROBE_LEN);
	int ret;

	if (!d || !head)
		return aip_err_errno(err, -ENOMEM, "%s", g->r->name);
	d->g = g;
	d->sector = g->r->sector;
	ret = region_read(g, 0, head, FP_PROBE_LEN, err);
	if (ret)
		return ret;
	sha256_add(sha, head, 512);
	ret = is_gpt(g, head) ? read_gpt(d, head + d->sector, sha, err) : read_mbr(d, head, err);
	if (ret == -E2BIG)
		return fp_unprovable(fp, "more than %u partitions", PARTS_MAX);
	return ret ? ret : take_all(d, sha, fp, err);
}

const struct fp_kind fp_disk = { FP_DISK, probe, identify, take };
