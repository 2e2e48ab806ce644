// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XFS.
 *
 * What changes the file system is logged first: the log's last record that changed anything
 * (xfslog.h) is as good as a counter.  mkfs writes log and AG headers anew, and so does
 * xfs_repair, but a second run of it may change an inode only: inodes are digested too, as
 * far as INODES_MAX goes.
 *
 * Of the superblock its own LSN and checksum are left out: a read-only mount writes them.
 */
#include <errno.h>
#include <string.h>

#include "aipsnap/xfslog.h"
#include "common/cleanup.h"

#define AG_MAX	     16384
#define INODES_MAX   (16ULL << 20)
#define CHUNK_INODES 64
#define SPARSE	     0x2 /* incompatible feature: chunks of inodes may have holes */
#define LEAVES_MAX   65536
#define SB_LEN	     512

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

#define SB_CRC 224 /* offset of the superblock's checksum, 4 bytes */
#define SB_LSN 240 /* … and of its LSN, 8 bytes */

/* The four header sectors of every AG: superblock, AGF, AGI, AGFL. */
static int hash_ags(const struct region *g, const uint8_t *sb, struct sha256 *sha,
		    struct aip_err *err)
{
	uint64_t size = (uint64_t)get_be32(sb + 84) * get_be32(sb + 4);
	uint32_t i, n = get_be32(sb + 88), sector = get_be16(sb + 102);
	uint8_t own[SB_LEN];
	int ret = 0;

	memcpy(own, sb, SB_LEN);
	memset(own + SB_CRC, 0, 4);
	memset(own + SB_LSN, 0, 8);
	sha256_add(sha, own, SB_LEN);
	for (i = 0; !ret && i < n && i < AG_MAX; i++) {
		uint64_t skip = i ? 0 : sector;

		ret = region_hash(g, i * size + skip, 4 * sector - skip, sha, err);
	}
	return ret;
}

/* Byte in the region of file-system block @fsb (AG number above, block in the AG below). */
static uint64_t fsb_to_byte(const uint8_t *sb, uint64_t fsb)
{
	unsigned int shift = sb[124];
	uint64_t ag = fsb >> shift, block = fsb & ((1ULL << shift) - 1);

	return (ag * get_be32(sb + 84) + block) * get_be32(sb + 4);
}

struct inodes {
	const struct region *g;
	const uint8_t *sb;
	struct sha256 *sha;
	uint32_t ag, block;
	bool v5;
	uint64_t left;
};

static int read_ag_block(const struct inodes *in, uint32_t block, uint8_t *buf, struct aip_err *err)
{
	uint64_t at = ((uint64_t)in->ag * get_be32(in->sb + 84) + block) * in->block;

	return block < get_be32(in->sb + 84) ? region_read(in->g, at, buf, in->block, err)
					     : -ERANGE;
}

/* One record of the inode btree: 64 inodes, the holes among them left out. */
static int hash_chunk(struct inodes *in, const uint8_t *rec, struct aip_err *err)
{
	uint32_t agino = get_be32(rec), size = get_be16(in->sb + 104), per = in->sb[123];
	uint16_t holes = in->v5 && get_be32(in->sb + 216) & SPARSE ? get_be16(rec + 4) : 0;
	uint64_t at = ((uint64_t)in->ag * get_be32(in->sb + 84) + (agino >> per)) * in->block +
		      (uint64_t)(agino & ((1U << per) - 1)) * size;
	uint32_t part = CHUNK_INODES / 16 * size;
	int i, ret;

	for (i = 0; i < 16 && in->left >= part; i++) {
		if (holes >> i & 1)
			continue;
		ret = region_hash(in->g, at + i * part, part, in->sha, err);
		if (ret)
			return ret;
		in->left -= part;
	}
	if (i < 16)
		in->left = 0;
	return 0;
}

/* Leaf after leaf of the inode btree that starts at @root. */
static int hash_btree(struct inodes *in, uint32_t root, uint32_t levels, struct aip_err *err)
{
	uint32_t head = in->v5 ? 56 : 16, max = (in->block - head) / 8, i, n, leaves;
	_cleanup_free_ uint8_t *buf = malloc(in->block);
	int ret = buf ? read_ag_block(in, root, buf, err) : -ENOMEM;

	for (; !ret && levels > 1; levels--)
		ret = read_ag_block(in, get_be32(buf + head + 4 * max), buf, err);
	for (leaves = 0; !ret && in->left && leaves < LEAVES_MAX; leaves++) {
		n = get_be16(buf + 6);
		if (memcmp(buf, in->v5 ? "IAB3" : "IABT", 4) || n > (in->block - head) / 16)
			return -ERANGE;
		sha256_add(in->sha, buf, in->block);
		for (i = 0; !ret && i < n && in->left; i++)
			ret = hash_chunk(in, buf + head + 16 * i, err);
		if (ret || get_be32(buf + 12) == UINT32_MAX)
			break;
		ret = read_ag_block(in, get_be32(buf + 12), buf, err);
	}
	return ret;
}

static int hash_inodes(const struct region *g, const uint8_t *sb, struct sha256 *sha,
		       struct aip_err *err)
{
	struct inodes in = { .g = g,
			     .sb = sb,
			     .sha = sha,
			     .block = get_be32(sb + 4),
			     .v5 = (get_be16(sb + 100) & 15) == 5,
			     .left = INODES_MAX };
	uint32_t n = get_be32(sb + 88), sector = get_be16(sb + 102);
	uint8_t agi[64];
	int ret = 0;

	for (in.ag = 0; !ret && in.ag < n && in.ag < AG_MAX && in.left; in.ag++) {
		uint64_t at = (uint64_t)in.ag * get_be32(sb + 84) * in.block + 2 * sector;

		ret = region_read(g, at, agi, sizeof(agi), err);
		if (!ret && (memcmp(agi, "XAGI", 4) || get_be32(agi + 24) > 16))
			ret = -ERANGE;
		if (!ret)
			ret = hash_btree(&in, get_be32(agi + 20), get_be32(agi + 24), err);
	}
	return ret;
}

static int take(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
		struct aip_err *err)
{
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
	ret = hash_ags(g, sb, sha, err);
	if (!ret)
		ret = hash_inodes(g, sb, sha, err);
	if (ret)
		return ret;
	return xfslog_take(g, fsb_to_byte(sb, get_be64(sb + 48)),
			   (uint64_t)get_be32(sb + 96) * get_be32(sb + 4), sha, fp, err);
}

const struct fp_kind fp_xfs = { FP_XFS, probe, identify, take };
