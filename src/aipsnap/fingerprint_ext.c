// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ext2, ext3, ext4.
 *
 * A read-write mount sets s_mtime, s_mnt_count and s_state, ext4 counts what it wrote in
 * s_kbytes_written, and a journal counts its commits; e2fsck sets s_lastcheck; what
 * allocates or frees anything changes the free counts in superblock and descriptors.  Only
 * debugfs can change an inode in place and leave all of these as they were: so the
 * inodes in use are digested too, as far as INODES_MAX goes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipsnap/fingerprint.h"

#define SB_OFFSET	     1024
#define SB_LEN		     1024
#define DESC_MAX	     (64ULL << 20) /* descriptors beyond are not read: a file system of 128 TiB */
#define INODES_MAX	     (16ULL << 20)
#define JOURNAL_MAGIC	     0xc03b3998
#define EXTENT_MAGIC	     0xf30a
#define EXTENT_DEPTH	     5
#define INODE_EXTENTS	     0x80000
#define COMPAT_JOURNAL	     0x4
#define COMPAT_SPARSE2	     0x200
#define INCOMPAT_RECOVER     0x4
#define INCOMPAT_JOURNAL_DEV 0x8
#define INCOMPAT_META_BG     0x10
#define INCOMPAT_64BIT	     0x80
#define INCOMPAT_EXT4	     0x3f7c0 /* extents, 64bit, mmp, flex_bg and later ones */
#define DESC_INODE_UNINIT    0x1
#define RO_SPARSE	     0x1
#define RO_DESC_CSUM	     0x410 /* gdt_csum, metadata_csum: descriptors tell the unused inodes */
#define RO_EXT4		     0xffffff8 /* huge_file and later ones */

struct ext {
	const struct region *g;
	uint8_t sb[SB_LEN];
	uint32_t block; /* bytes */
	uint64_t first, blocks;
	uint32_t per_group, inodes_per_group, inode_size, desc_size;
	uint32_t compat, incompat, ro_compat;
	uint64_t groups, desc_per_block, desc_blocks;
};

static bool probe(const struct region *g, const uint8_t *head)
{
	const uint8_t *sb = head + SB_OFFSET;

	/* magic; a block size and a first block that exist keep chance out */
	return get_le16(sb + 0x38) == 0xef53 && get_le32(sb + 0x18) <= 6 &&
	       get_le32(sb + 0x14) <= 1 && get_le32(sb + 0x20) != 0;
}

static bool understand(struct ext *e)
{
	const uint8_t *sb = e->sb;

	e->compat = get_le32(sb + 0x5c);
	e->incompat = get_le32(sb + 0x60);
	e->ro_compat = get_le32(sb + 0x64);
	e->block = 1024U << get_le32(sb + 0x18);
	e->first = get_le32(sb + 0x14);
	e->blocks = get_le32(sb + 4);
	if (e->incompat & INCOMPAT_64BIT)
		e->blocks |= (uint64_t)get_le32(sb + 0x150) << 32;
	e->per_group = get_le32(sb + 0x20);
	e->inodes_per_group = get_le32(sb + 0x28);
	e->inode_size = get_le32(sb + 0x4c) ? get_le16(sb + 0x58) : 128;
	e->desc_size = e->incompat & INCOMPAT_64BIT ? get_le16(sb + 0xfe) : 32;
	if (!e->inodes_per_group || e->blocks <= e->first || e->inode_size < 128 ||
	    e->inode_size > e->block || e->desc_size < 32 || e->desc_size > e->block ||
	    e->desc_size & (e->desc_size - 1))
		return false;
	e->groups = (e->blocks - e->first + e->per_group - 1) / e->per_group;
	e->desc_per_block = e->block / e->desc_size;
	e->desc_blocks = (e->groups + e->desc_per_block - 1) / e->desc_per_block;
	return true;
}

static void identify(const struct region *g, const uint8_t *head, struct fingerprint *fp)
{
	const uint8_t *sb = head + SB_OFFSET;

	if (get_le32(sb + 0x60) & INCOMPAT_EXT4 || get_le32(sb + 0x64) & RO_EXT4)
		strcpy(fp->kind, "ext4");
	else
		strcpy(fp->kind, get_le32(sb + 0x5c) & COMPAT_JOURNAL ? "ext3" : "ext2");
	fp_set_uuid(fp, sb + 0x68);
}

static bool power_of(uint64_t n, unsigned int base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

static bool has_super(const struct ext *e, uint64_t group)
{
	if (e->compat & COMPAT_SPARSE2)
		return !group || group == get_le32(e->sb + 0x24c) ||
		       group == get_le32(e->sb + 0x250);
	return group <= 1 || !(e->ro_compat & RO_SPARSE) || power_of(group, 3) ||
	       power_of(group, 5) || power_of(group, 7);
}

/* Block that holds descriptor block @i. */
static uint64_t desc_block(const struct ext *e, uint64_t i)
{
	uint64_t group = e->desc_per_block * i;

	if (!(e->incompat & INCOMPAT_META_BG) || i < get_le32(e->sb + 0x104))
		return (e->block == 1024 ? 1 : 0) + 1 + i;
	return e->first + group * e->per_group + has_super(e, group) +
	       (!group && e->block == 1024 && !e->first);
}

static int read_block(const struct ext *e, uint64_t block, uint32_t skip, void *buf, size_t len,
		      struct aip_err *err)
{
	if (block >= e->blocks || skip + len > e->block)
		return -ERANGE;
	return region_read(e->g, block * e->block + skip, buf, len, err);
}

static int hash_descriptors(const struct ext *e, struct sha256 *sha, struct aip_err *err)
{
	uint64_t i, n = e->desc_blocks, run;
	int ret;

	if (n > DESC_MAX / e->block)
		n = DESC_MAX / e->block;
	for (i = 0; i < n; i += run) {
		uint64_t at = desc_block(e, i);

		for (run = 1; i + run < n && desc_block(e, i + run) == at + run; run++)
			;
		if (at >= e->blocks || run > e->blocks - at)
			return -ERANGE;
		ret = region_hash(e->g, at * e->block, run * e->block, sha, err);
		if (ret)
			return ret;
	}
	return 0;
}

struct group {
	uint64_t inodes; /* block of its inode table */
	uint32_t used;	 /* inodes at its start that may be in use */
};

static int read_group(const struct ext *e, uint64_t group, struct group *g, struct aip_err *err)
{
	uint8_t desc[64] = { 0 };
	uint32_t unused;
	int ret;

	ret = read_block(e, desc_block(e, group / e->desc_per_block),
			 group % e->desc_per_block * e->desc_size, desc,
			 e->desc_size < 64 ? e->desc_size : 64, err);
	if (ret)
		return ret;
	g->inodes = get_le32(desc + 8) | (uint64_t)get_le32(desc + 0x28) << 32;
	g->used = e->inodes_per_group;
	if (!(e->ro_compat & RO_DESC_CSUM))
		return 0;
	unused = get_le16(desc + 0x1c) | (uint32_t)get_le16(desc + 0x32) << 16;
	if (get_le16(desc + 0x12) & DESC_INODE_UNINIT || unused >= g->used)
		g->used = 0;
	else
		g->used -= unused;
	return 0;
}

static int hash_inodes(const struct ext *e, struct sha256 *sha, struct aip_err *err)
{
	uint64_t group, left = INODES_MAX;
	struct group g;
	int ret;

	for (group = 0; group < e->groups && left; group++) {
		uint64_t len;

		ret = read_group(e, group, &g, err);
		if (ret)
			return ret;
		len = (uint64_t)g.used * e->inode_size;
		if (len > left)
			len = left;
		if (g.inodes > e->blocks)
			return -ERANGE;
		ret = region_hash(e->g, g.inodes * e->block, len, sha, err);
		if (ret)
			return ret;
		left -= len;
	}
	return 0;
}

/* The inode of number @ino (its first 128 bytes). */
static int read_inode(const struct ext *e, uint32_t ino, uint8_t inode[128], struct aip_err *err)
{
	uint64_t group = (ino - 1) / e->inodes_per_group, offset;
	struct group g;
	int ret;

	if (!ino || group >= e->groups)
		return -ERANGE;
	ret = read_group(e, group, &g, err);
	if (ret)
		return ret;
	offset = (uint64_t)((ino - 1) % e->inodes_per_group) * e->inode_size;
	return read_block(e, g.inodes + offset / e->block, offset % e->block, inode, 128, err);
}

/* First block of a file, by way of its extent tree or block map. */
static int first_block(const struct ext *e, const uint8_t inode[128], uint64_t *block,
		       struct aip_err *err)
{
	uint8_t node[24];
	int depth, ret;

	memcpy(node, inode + 0x28, sizeof(node));
	*block = get_le32(node);
	if (!(get_le32(inode + 0x20) & INODE_EXTENTS))
		return *block ? 0 : -ERANGE;
	for (depth = 0; depth <= EXTENT_DEPTH; depth++) {
		/* header, then the first entry; the first one of all starts at block 0 */
		if (get_le16(node) != EXTENT_MAGIC || !get_le16(node + 2) || get_le32(node + 12))
			return -ERANGE;
		if (!get_le16(node + 6)) {
			*block = get_le32(node + 20) | (uint64_t)get_le16(node + 18) << 32;
			return 0;
		}
		*block = get_le32(node + 16) | (uint64_t)get_le16(node + 20) << 32;
		ret = read_block(e, *block, 0, node, sizeof(node), err);
		if (ret)
			return ret;
	}
	return -ERANGE;
}

/* The journal's superblock: its sequence number grows with every commit. */
static int hash_journal(const struct ext *e, struct sha256 *sha, uint32_t *sequence,
			struct aip_err *err)
{
	uint8_t inode[128], jsb[1024];
	uint64_t block;
	int ret;

	ret = read_inode(e, get_le32(e->sb + 0xe0), inode, err);
	if (!ret)
		ret = first_block(e, inode, &block, err);
	if (!ret)
		ret = read_block(e, block, 0, jsb, sizeof(jsb), err);
	if (ret)
		return ret;
	if (get_be32(jsb) != JOURNAL_MAGIC)
		return -ERANGE;
	*sequence = get_be32(jsb + 0x18);
	sha256_add(sha, jsb, sizeof(jsb));
	return 0;
}

static int take(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
		struct aip_err *err)
{
	struct ext e = { .g = g };
	uint32_t sequence = 0;
	uint64_t written;
	int ret;

	ret = region_read(g, SB_OFFSET, e.sb, SB_LEN, err);
	if (ret)
		return ret;
	if (!understand(&e))
		return fp_unprovable(fp, "damaged superblock");
	if (e.incompat & INCOMPAT_JOURNAL_DEV)
		return fp_unprovable(fp, "journal of another device");
	written = get_le64(e.sb + 0x178);
	sha256_add(sha, e.sb, SB_LEN);
	ret = hash_descriptors(&e, sha, err);
	if (!ret)
		ret = hash_inodes(&e, sha, err);
	if (!ret && e.compat & COMPAT_JOURNAL && !get_le32(e.sb + 0xe4))
		ret = hash_journal(&e, sha, &sequence, err);
	if (!ret)
		snprintf(fp->detail, sizeof(fp->detail),
			 "%s: %" PRIu64 " KiB written, mount count %u, journal sequence %" PRIu32
			 ", %" PRIu64 " groups%s",
			 fp->kind, written, get_le16(e.sb + 0x34), sequence, e.groups,
			 e.incompat & INCOMPAT_RECOVER ? ", journal not replayed" : "");
	return ret;
}

const struct fp_kind fp_ext = { FP_EXT, probe, identify, take };
