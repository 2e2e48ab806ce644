// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XFS.
 *
 * Its log tells: a read-write mount ends with an unmount record, so the head of the
 * log moves; xfs_repair and mkfs write the log and the AG headers anew.  A log that
 * is not cleanly ended proves nothing (whoever mounts it next, even read-only,
 * replays it).
 *
 * A mount, read-only ones too, clears up to 2 MiB of stale log ahead of the head, and
 * does not move the head by that.  The digest leaves this window out and it is marked.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipsnap/fingerprint.h"

#define AG_MAX	     16384
#define BB	     512 /* unit of the log */
#define SB_LEN	     512
#define RECORD_MAGIC 0xfeedbabe
#define RECORD_BACK  (8 * 256 * 1024 / BB) /* a record header is not further behind the head */
#define WINDOW	     (4 << 20)		   /* marked ahead of the head: twice what is cleared */
#define TAIL	     (64 * 1024)	   /* digested behind the head */
#define OP_UNMOUNT   0x20
#define CYCLE_DATA   32768 /* bytes of a record that one header block covers */

struct log {
	const struct region *g;
	uint64_t start;	 /* byte in the region */
	uint64_t blocks; /* of BB bytes */
	uint64_t head;	 /* block that will be written next */
	uint32_t cycle;	 /* of the block before it */
};

static bool probe(const struct region *g, const uint8_t *head)
{
	uint32_t block = get_be32(head + 4);

	return !memcmp(head, "XFSB", 4) && block >= 512 && block <= 65536 && !(block & (block - 1));
}

static void identify(const struct region *g, const uint8_t *head, struct fingerprint *fp)
{
	strcpy(fp->kind, "xfs");
	fp_set_uuid(fp, head + 32);
}

static uint32_t cycle_of(const uint8_t *block)
{
	return get_be32(block) == RECORD_MAGIC ? get_be32(block + 4) : get_be32(block);
}

static int read_cycle(const struct log *l, uint64_t block, uint32_t *cycle, struct aip_err *err)
{
	uint8_t buf[8];
	int ret = region_read(l->g, l->start + block * BB, buf, sizeof(buf), err);

	*cycle = ret ? 0 : cycle_of(buf);
	return ret;
}

/*
 * Every block of the log carries the number of the pass in which it was written.
 * The head is where the number drops; nowhere means that it is at the very end.
 */
static int find_head(struct log *l, struct aip_err *err)
{
	uint32_t first, last, cycle;
	uint64_t low = 0, high = l->blocks - 1;
	int ret;

	ret = read_cycle(l, low, &first, err);
	if (!ret)
		ret = read_cycle(l, high, &last, err);
	if (ret)
		return ret;
	l->cycle = first;
	l->head = l->blocks;
	if (first == last)
		return 0;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		ret = read_cycle(l, middle, &cycle, err);
		if (ret)
			return ret;
		if (cycle == first)
			low = middle;
		else
			high = middle;
	}
	l->head = high;
	return 0;
}

/* Whether @hdr, the record header at @at, is an unmount record that ends at the head. */
static int is_unmount(const struct log *l, const uint8_t *hdr, uint64_t at, bool *yes,
		      struct aip_err *err)
{
	uint64_t len = get_be32(hdr + 12), size = get_be32(hdr + 320), headers = 1;
	uint8_t op[12];
	int ret;

	*yes = false;
	if (get_be32(hdr + 8) & 2 && size > CYCLE_DATA)
		headers = (size + CYCLE_DATA - 1) / CYCLE_DATA;
	if (get_be32(hdr + 40) != 1 ||
	    (at + headers + (len + BB - 1) / BB) % l->blocks != l->head % l->blocks)
		return 0;
	ret = region_read(l->g, l->start + (at + headers) % l->blocks * BB, op, sizeof(op), err);
	*yes = !ret && op[9] & OP_UNMOUNT;
	return ret;
}

/* Search backwards for the last record. */
static int is_clean(const struct log *l, bool *clean, struct aip_err *err)
{
	uint64_t back, at;
	uint8_t hdr[BB];
	int ret;

	*clean = false;
	for (back = 1; back < l->blocks && back <= RECORD_BACK; back++) {
		at = (l->head + l->blocks - back) % l->blocks;
		ret = region_read(l->g, l->start + at * BB, hdr, BB, err);
		if (ret)
			return ret;
		if (get_be32(hdr) == RECORD_MAGIC)
			return is_unmount(l, hdr, at, clean, err);
	}
	return 0;
}

/* What was written last, up to the head. */
static int hash_tail(const struct log *l, struct sha256 *sha, struct aip_err *err)
{
	uint64_t n = TAIL / BB < l->blocks / 2 ? TAIL / BB : l->blocks / 2;
	uint64_t wrapped = l->head < n ? n - l->head : 0;
	int ret;

	ret = region_hash(l->g, l->start + (l->blocks - wrapped) * BB, wrapped * BB, sha, err);
	n -= wrapped;
	return ret ? ret : region_hash(l->g, l->start + (l->head - n) * BB, n * BB, sha, err);
}

static int mark_window(const struct log *l, struct fingerprint *fp)
{
	uint64_t head = l->head % l->blocks * BB, len = l->blocks * BB;
	uint64_t window = WINDOW < len ? WINDOW : len, first = len - head;
	int ret;

	if (first > window)
		first = window;
	ret = fp_mark(fp, l->g, l->start + head, first);
	return ret ? ret : fp_mark(fp, l->g, l->start, window - first);
}

static int take_log(struct log *l, struct sha256 *sha, struct fingerprint *fp, struct aip_err *err)
{
	uint64_t at[2];
	bool clean;
	int ret;

	ret = find_head(l, err);
	if (!ret)
		ret = is_clean(l, &clean, err);
	if (ret)
		return ret;
	if (!clean)
		return fp_unprovable(fp, "XFS whose log is not cleanly ended: the next mount replays it");
	at[0] = htole64(l->head);
	at[1] = htole64(l->cycle);
	sha256_add(sha, at, sizeof(at));
	ret = hash_tail(l, sha, err);
	return ret ? ret : mark_window(l, fp);
}

/* The four header sectors of every AG: superblock, AGF, AGI, AGFL. */
static int hash_ags(const struct region *g, const uint8_t *sb, struct sha256 *sha,
		    struct aip_err *err)
{
	uint64_t size = (uint64_t)get_be32(sb + 84) * get_be32(sb + 4);
	uint32_t i, n = get_be32(sb + 88), sector = get_be16(sb + 102);
	int ret;

	for (i = 0; i < n && i < AG_MAX; i++) {
		ret = region_hash(g, i * size, 4 * sector, sha, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* Byte in the region of file-system block @fsb (AG number above, block in the AG below). */
static uint64_t fsb_to_byte(const uint8_t *sb, uint64_t fsb)
{
	unsigned int shift = sb[124];
	uint64_t ag = fsb >> shift, block = fsb & ((1ULL << shift) - 1);

	return (ag * get_be32(sb + 84) + block) * get_be32(sb + 4);
}

/* The root inode: mkfs gives it a new birth time and generation. */
static int hash_root(const struct region *g, const uint8_t *sb, struct sha256 *sha,
		     struct aip_err *err)
{
	uint64_t ino = get_be64(sb + 56), size = get_be16(sb + 104), per = sb[123];

	return region_hash(g, fsb_to_byte(sb, ino >> per) + (ino & ((1ULL << per) - 1)) * size,
			   size, sha, err);
}

static int take(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
		struct aip_err *err)
{
	struct log l = { .g = g };
	uint8_t sb[SB_LEN];
	uint16_t sector;
	int ret;

	ret = region_read(g, 0, sb, SB_LEN, err);
	if (ret)
		return ret;
	sector = get_be16(sb + 102);
	if (sector < 512 || sector > 32768 || sector & (sector - 1) || sb[124] > 31 ||
	    sb[123] > 8 || !get_be32(sb + 84) || !get_be32(sb + 88) || !get_be32(sb + 96))
		return fp_unprovable(fp, "damaged superblock");
	if (!get_be64(sb + 48))
		return fp_unprovable(fp, "XFS with its log on another device");
	l.start = fsb_to_byte(sb, get_be64(sb + 48));
	l.blocks = (uint64_t)get_be32(sb + 96) * get_be32(sb + 4) / BB;
	ret = hash_ags(g, sb, sha, err);
	if (!ret)
		ret = hash_root(g, sb, sha, err);
	if (!ret)
		ret = take_log(&l, sha, fp, err);
	if (!ret && fp->provable)
		snprintf(fp->detail, sizeof(fp->detail),
			 "xfs: log at cycle %" PRIu32 ", block %" PRIu64 ", %" PRIu32 " AGs", l.cycle,
			 l.head, get_be32(sb + 88));
	return ret;
}

const struct fp_kind fp_xfs = { FP_XFS, probe, identify, take };
