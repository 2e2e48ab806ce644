/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h: the table: two copies of header and slots, and an allocator of blocks.
 *
 * One table at a time.  table->lock covers the slots and the headers on disk;
 * the allocator is under the control lock.  Order: control lock, table lock.
 */
#ifndef AIP_TABLE_H
#define AIP_TABLE_H

#include <linux/mutex.h>

#include "file.h"
#include "format.h"

struct aip_table {
	struct mutex lock;
	struct aip_file file;
	u32 blocks;
	u32 free;
	u32 hint;
	unsigned long *used;
	struct aip_disk_header header;
	struct aip_disk_slot *slots[AIPSNAP_MAX_DEVICES];
	unsigned int copies; /* valid ones when it was loaded, bits 0 and 1 */
	bool equal;	     /* both, and the same */
	bool bad;	     /* the last update failed */
	bool mend;	     /* the copies may differ in any slot: the next update writes all */
	u64 written;
};

/** The loaded table or NULL; changes under the control lock. */
extern struct aip_table *aip_table;

/** Reads (or, with AIPSNAP_TABLE_FORMAT, makes) a table; it becomes aip_table. */
int aip_table_load(struct aipsnap_table_load *arg);
void aip_table_unload(void);

/** A free block, 0 when there is none. */
u32 aip_table_alloc(struct aip_table *table);
/** Claims a block that a map names; false: out of range or claimed twice. */
bool aip_table_claim(struct aip_table *table, u32 block);
void aip_table_release(struct aip_table *table, u32 block);

/** Writes slot `n` as it is in memory and the header, to both copies, FUA.  Under table->lock. */
int aip_table_update(struct aip_table *table, u32 n);

#endif /* AIP_TABLE_H */
