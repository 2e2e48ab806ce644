/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h: the table: two copies of header and slots, and an allocator of blocks.
 *
 * One table at a time.  table->lock covers the slots and the headers on disk;
 * the allocator is under the control lock.  Order: control lock, table lock.
 */
#ifndef AIP_TABLE_H
#define AIP_TABLE_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

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
	/* slots that are DIRTY on disk, in both copies */
	DECLARE_BITMAP(dirty, AIPSNAP_MAX_DEVICES);
	struct delayed_work again; /* after an update that failed */
	unsigned long wait;	   /* before the next try, jiffies */
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

/**
 * Writes slot `n` as it is in memory (AIPSNAP_MAX_DEVICES: none) and the header, to both copies, FUA.
 * Under table->lock.  After an error it is tried again, with all slots, until it is done: a device whose
 * DIRTY could not be written must not be found CLEAN by a boot to which the storage is good again.
 */
int aip_table_update(struct aip_table *table, u32 n);

/** Whether slot `n` is DIRTY on disk, in both copies.  Under table->lock. */
static inline bool aip_table_is_dirty(const struct aip_table *table, u32 n)
{
	return test_bit(n, table->dirty);
}

#endif /* AIP_TABLE_H */
