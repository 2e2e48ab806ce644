// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log is a ring of blocks of 512 bytes (BB).  Every block begins with the number of
 * the pass (cycle) in which it was written; the four bytes that stood there are
 * kept in the header of the record.  A record is a header block (more than one if
 * records may be larger than 32 KiB) and operations: 12 bytes of head, and data.  A
 * transaction is the operations START, a transaction header, for each changed item a
 * description and its data, COMMIT.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipsnap/xfslog.h"
#include "common/cleanup.h"

#define BB	     512
#define RECORD_MAGIC 0xfeedbabe
#define RECORD_BACK  (8 * 256 * 1024 / BB) /* a record's header is not further behind its end */
#define RECORD_SMALL 32768 /* what one header block describes; larger ones are not looked into */
#define RECORDS_MAX  100000
#define WINDOW	     (4 << 20)	 /* marked ahead of the head: twice what a mount clears */
#define TAIL	     (64 * 1024) /* digested with the last record */
#define SUPER_MARK   4096
#define CLIENT_TRANS 0x69
#define CLIENT_LOG   0xaa
#define OP_START     0x01
#define OP_COMMIT    0x02
#define OP_UNMOUNT   0x20
#define TRANS_MAGIC  0x5452414e
#define ITEM_BUFFER  0x123c

struct log {
	const struct region *g;
	uint64_t start;	 /* byte in the region */
	uint64_t blocks; /* of BB bytes */
	uint64_t head;	 /* block that will be written next, 0 … blocks - 1 */
};

struct record {
	uint64_t at;	  /* block of its header */
	uint64_t payload; /* block of its first data */
	uint64_t end;	  /* block behind it */
	uint32_t len, ops, previous;
	uint8_t header[BB];
};

static int read_log(const struct log *l, uint64_t block, void *buf, size_t len, struct aip_err *err)
{
	return region_read(l->g, l->start + block % l->blocks * BB, buf, len, err);
}

static int read_cycle(const struct log *l, uint64_t block, uint32_t *cycle, struct aip_err *err)
{
	uint8_t buf[8];
	int ret = read_log(l, block, buf, sizeof(buf), err);

	if (!ret)
		*cycle = get_be32(buf) == RECORD_MAGIC ? get_be32(buf + 4) : get_be32(buf);
	return ret;
}

/* The head is where the number of the pass drops; nowhere means that it is at the very end. */
static int find_head(struct log *l, struct aip_err *err)
{
	uint64_t low = 0, high = l->blocks - 1;
	uint32_t first, last = 0, cycle;
	int ret;

	ret = read_cycle(l, low, &first, err);
	if (!ret)
		ret = read_cycle(l, high, &last, err);
	l->head = 0;
	if (ret || first == last)
		return ret;
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

static int read_record(const struct log *l, uint64_t at, struct record *r, struct aip_err *err)
{
	uint64_t size, headers = 1;
	int ret = read_log(l, at, r->header, BB, err);

	if (ret)
		return ret;
	if (get_be32(r->header) != RECORD_MAGIC)
		return -ENOENT;
	size = get_be32(r->header + 320);
	if (get_be32(r->header + 8) & 2 && size > RECORD_SMALL)
		headers = (size + RECORD_SMALL - 1) / RECORD_SMALL;
	r->at = at;
	r->len = get_be32(r->header + 12);
	r->previous = get_be32(r->header + 36);
	r->ops = get_be32(r->header + 40);
	r->payload = (at + headers) % l->blocks;
	r->end = (at + headers + ((uint64_t)r->len + BB - 1) / BB) % l->blocks;
	return 0;
}

/* The record that ends at the head. Return: -ENOENT when there is none. */
static int last_record(const struct log *l, struct record *r, struct aip_err *err)
{
	uint64_t back;
	int ret;

	for (back = 1; back < l->blocks && back <= RECORD_BACK; back++) {
		ret = read_record(l, (l->head + l->blocks - back) % l->blocks, r, err);
		if (ret == -ENOENT)
			continue;
		return ret || r->end == l->head ? ret : -ENOENT;
	}
	return -ENOENT;
}

/* The data of a record of at most RECORD_SMALL bytes, with the bytes under the cycle numbers put back. */
static int read_payload(const struct log *l, const struct record *r, uint8_t *buf,
			struct aip_err *err)
{
	uint64_t i, n = (r->len + BB - 1) / BB;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		ret = read_log(l, r->payload + i, buf + i * BB, BB, err);
		memcpy(buf + i * BB, r->header + 44 + 4 * i, 4);
	}
	return ret;
}

struct item {
	unsigned int regions; /* of the current item, still to come */
};

/* One region of a transaction: whether it belongs to the superblock's buffer. */
static bool is_super(struct item *item, const uint8_t *data, uint32_t len)
{
	uint32_t magic;
	uint16_t type, regions, blocks;
	uint64_t block;

	if (item->regions) {
		item->regions--;
		return true;
	}
	/* native byte order: a log is replayed only by its own kind of machine */
	if (len < 16)
		return false;
	memcpy(&magic, data, 4);
	if (magic == TRANS_MAGIC)
		return true;
	memcpy(&type, data, 2);
	memcpy(&regions, data + 2, 2);
	memcpy(&blocks, data + 6, 2);
	memcpy(&block, data + 8, 8);
	if (type != ITEM_BUFFER || block || !regions || blocks > SUPER_MARK / BB)
		return false;
	item->regions = regions - 1;
	return true;
}

/* Whether a record changes nothing but superblock and log. */
static bool is_harmless(const struct record *r, const uint8_t *payload)
{
	struct item item = { 0 };
	uint32_t i, at = 0;

	for (i = 0; i < r->ops; i++) {
		const uint8_t *op = payload + at;
		uint32_t len;

		if (r->len - at < 12)
			return false;
		len = get_be32(op + 4);
		at += 12;
		if (len > r->len - at)
			return false;
		at += len;
		if (op[8] == CLIENT_LOG && op[9] == OP_UNMOUNT)
			continue;
		if (op[8] != CLIENT_TRANS || op[9] & ~(OP_START | OP_COMMIT) ||
		    (len && !is_super(&item, op + 12, len)))
			return false;
	}
	return r->ops > 0;
}

static int check_harmless(const struct log *l, const struct record *r, bool *harmless,
			  struct aip_err *err)
{
	_cleanup_free_ uint8_t *buf = NULL;
	int ret;

	*harmless = false;
	if (r->len > RECORD_SMALL || !r->len)
		return 0;
	buf = malloc(RECORD_SMALL + BB);
	if (!buf)
		return -ENOMEM;
	ret = read_payload(l, r, buf, err);
	*harmless = !ret && is_harmless(r, buf);
	return ret;
}

static int is_unmount(const struct log *l, const struct record *r, bool *yes, struct aip_err *err)
{
	uint8_t op[12];
	int ret;

	*yes = false;
	if (r->ops != 1)
		return 0;
	ret = read_log(l, r->payload, op, sizeof(op), err);
	*yes = !ret && op[9] & OP_UNMOUNT;
	return ret;
}

/*
 * From the last record back to the one that changed something, or to the first that mkfs or
 * xfs_repair wrote into an empty log.  Return: 0, or -ENOENT when the ring was overwritten.
 */
static int walk_back(const struct log *l, struct record *r, struct aip_err *err)
{
	uint32_t steps;
	bool harmless;
	int ret;

	for (steps = 0; steps < RECORDS_MAX; steps++) {
		uint64_t at = r->at, lsn = get_be64(r->header + 16);

		ret = check_harmless(l, r, &harmless, err);
		if (ret || !harmless || r->previous == UINT32_MAX)
			return ret;
		if (r->previous >= l->blocks)
			return -ERANGE;
		ret = read_record(l, r->previous, r, err);
		if (ret)
			return ret;
		if (r->end != at || get_be64(r->header + 16) >= lsn)
			return -ENOENT;
	}
	return -ENOENT;
}

static int hash_ring(const struct log *l, uint64_t from, uint64_t n, struct sha256 *sha,
		     struct aip_err *err)
{
	uint64_t first = l->blocks - from < n ? l->blocks - from : n;
	int ret = region_hash(l->g, l->start + from * BB, first * BB, sha, err);

	return ret ? ret : region_hash(l->g, l->start, (n - first) * BB, sha, err);
}

/* The superblock, and the log from behind the record @r to ahead of the head. */
static int mark(const struct log *l, const struct record *r, struct fingerprint *fp)
{
	uint64_t n = (l->head + l->blocks - r->end) % l->blocks + WINDOW / BB, first;
	int ret = fp_mark(fp, l->g, 0, SUPER_MARK);

	if (n > l->blocks)
		n = l->blocks;
	first = l->blocks - r->end < n ? l->blocks - r->end : n;
	if (!ret)
		ret = fp_mark(fp, l->g, l->start + r->end * BB, first * BB);
	return ret ? ret : fp_mark(fp, l->g, l->start, (n - first) * BB);
}

int xfslog_take(const struct region *g, uint64_t start, uint64_t len, struct sha256 *sha,
		struct fingerprint *fp, struct aip_err *err)
{
	struct log l = { .g = g, .start = start, .blocks = len / BB };
	struct record r;
	uint64_t n, lsn;
	bool clean;
	int ret;

	if (l.blocks < 64)
		return -ERANGE;
	ret = find_head(&l, err);
	if (!ret)
		ret = last_record(&l, &r, err);
	if (!ret)
		ret = is_unmount(&l, &r, &clean, err);
	if (ret == -ENOENT || (!ret && !clean))
		return fp_unprovable(
			fp, "XFS whose log was not cleanly ended: the next mount replays it");
	if (!ret)
		ret = walk_back(&l, &r, err);
	if (ret == -ENOENT)
		return fp_unprovable(
			fp, "XFS whose log was overwritten by mounts that changed nothing");
	if (ret)
		return ret;
	/* the record and what stands before it: its place, number and content */
	lsn = get_be64(r.header + 16);
	n = (r.end + l.blocks - r.at) % l.blocks;
	n += TAIL / BB < r.at ? TAIL / BB : r.at;
	ret = hash_ring(&l, (r.end + l.blocks - n) % l.blocks, n, sha, err);
	snprintf(fp->detail, sizeof(fp->detail),
		 "xfs: last change logged in cycle %" PRIu64 ", block %" PRIu64, lsn >> 32,
		 lsn & UINT32_MAX);
	lsn = htole64(lsn);
	sha256_add(sha, &lsn, sizeof(lsn));
	return ret ? ret : mark(&l, &r, fp);
}
