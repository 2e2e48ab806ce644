/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h: a generation's bitmap in the table.
 *
 * A leaf that was not touched since it was written is not written again.
 * Blocks are overwritten in place: while a device is tracked its slot is DIRTY
 * and nothing of it counts.  All under the control lock.
 */
#ifndef AIP_RECORD_H
#define AIP_RECORD_H

#include "format.h"
#include "history.h"
#include "table.h"

struct aip_saved_leaf {
	u32 block; /* AIP_DISK_LEAF_* or a block */
	u32 crc;
};

/** Where a generation lies. */
struct aip_saved {
	struct aip_table *table;
	u32 nr_leaves;
	u32 nr_maps;
	u32 *map;     /* blocks of the chain */
	u32 map_crc;  /* of its first block */
	bool written; /* all of it is as in memory, but for stale leaves */
	struct aip_saved_leaf *leaf;
};

/** Gives the blocks back; NULL is fine. */
void aip_saved_free(struct aip_saved *saved);

/** Blocks that aip_record_save() will need beyond those the generation has. */
u64 aip_record_needs(const struct aip_gen *gen);
/**
 * Writes what is stale.  Where no block is free the leaf is stored as wholly
 * changed.  -ENOSPC: not even its map has room.  *bytes grows by what was written.
 */
int aip_record_save(struct aip_table *table, struct aip_gen *gen, u64 *bytes);

/** Reads the map chain of a stored generation and claims its blocks; -EBADMSG: damaged. */
int aip_record_claim(struct aip_table *table, struct aip_gen *gen, u32 map, u32 map_crc);
/** Reads the leaves of a claimed generation; -EBADMSG: damaged. */
int aip_record_load(struct aip_gen *gen);

#endif /* AIP_RECORD_H */
