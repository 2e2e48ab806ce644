/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format.h: the table as it lies on disk, little-endian; see doc/table-format.5.
 *
 * Blocks of 4096 bytes:
 *	0               header, copy 0
 *	1 … 64          slots 0 … 63, copy 0
 *	65              header, copy 1
 *	66 … 129        slots, copy 1
 *	130 …           bitmap leaves and maps, in any order
 *
 * A copy is valid when its header's CRC holds and those of all its slots.
 * CLEAN counts only where both copies are valid and equal.
 */
#ifndef AIP_FORMAT_H
#define AIP_FORMAT_H

#include <linux/build_bug.h>
#include <linux/types.h>

#include "history.h"
#include "uapi/aipsnap.h"

#define AIP_TABLE_MAGIC	  "AIPTABLE"
#define AIP_TABLE_VERSION 1
#define AIP_COPY_BLOCKS	  (1 + AIPSNAP_MAX_DEVICES)
#define AIP_DATA_BLOCK	  (2 * AIP_COPY_BLOCKS)

struct aip_disk_header {
	char magic[8];
	__le32 version;
	__le32 crc; /* CRC-32C of this block, this field zero */
	struct aipsnap_id table;
	__le64 seq;	    /* one more with every update */
	__le64 blocks;	    /* of the file */
	__u8 fs_uuid[16];   /* of the file system that holds it */
	__le32 extents_crc; /* CRC-32C of (file, device, count) in sectors, 3 × le64 each */
	__le32 nr_extents;
	__le64 created; /* seconds since 1970 */
	__u8 reserved[128];
	__le32 slot_crc[AIPSNAP_MAX_DEVICES]; /* CRC-32C of the slot's block; 0: empty */
	__u8 reserved2[3632];
};

enum aip_disk_state {
	AIP_DISK_EMPTY = 0,
	AIP_DISK_DIRTY = 1,
	AIP_DISK_CLEAN = 2,
};

struct aip_disk_gen {
	struct aipsnap_id id;
	__le64 time;
	__le32 flags;	/* AIPSNAP_GEN_MERGED */
	__le32 map;	/* first block of its map */
	__le32 map_crc; /* CRC-32C of that block */
	__le32 reserved[3];
};

struct aip_disk_slot {
	__le32 state; /* enum aip_disk_state */
	__le32 slot;
	__le32 chunk_shift;
	__le32 why; /* enum aipsnap_why, of the lineage */
	__le64 sectors;
	__le64 lineage_time;
	struct aipsnap_id lineage;
	struct aipsnap_identity identity;
	__le32 fp_method;
	__u8 fp_digest[32];
	__le32 nr_gens; /* 0 unless CLEAN; oldest first, the last one is open */
	__le32 nr_aliases;
	__u8 reserved[60];
	struct aip_disk_gen gens[AIPSNAP_MAX_GENERATIONS];
	struct aipsnap_id alias[AIP_ALIASES];
	__u8 reserved2[728];
};

#define AIP_DISK_LEAF_NONE 0	      /* nothing changed */
#define AIP_DISK_LEAF_FULL 0xffffffff /* everything changed */
#define AIP_MAP_LEAVES	   511

/* A map: the leaves of one generation, 511 a block, chained. */
struct aip_disk_map {
	__le32 next; /* block; 0 in the last */
	__le32 next_crc;
	struct {
		__le32 block; /* AIP_DISK_LEAF_* or the leaf's block */
		__le32 crc;   /* CRC-32C of the leaf's 4096 bytes */
	} leaf[AIP_MAP_LEAVES];
};

static_assert(sizeof(struct aip_disk_header) == AIPSNAP_TABLE_BLOCK);
static_assert(sizeof(struct aip_disk_slot) == AIPSNAP_TABLE_BLOCK);
static_assert(sizeof(struct aip_disk_map) == AIPSNAP_TABLE_BLOCK);

#endif /* AIP_FORMAT_H */
