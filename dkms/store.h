/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store.h: difference storage of a snapshot: room for chunks, in a preallocated
 * file or on a block device.
 *
 * Its blocks are our own: in every image they read as zeroes, and as they come
 * and go they are marked changed on the devices that they lie on.
 */
#ifndef AIP_STORE_H
#define AIP_STORE_H

#include "file.h"
#include "tracker.h"

/** Sectors first … first + nr - 1. */
struct aip_range {
	u64 first;
	u64 nr;
};

/** What one or more stores lie on. */
struct aip_medium;

struct aip_store {
	struct list_head list; /* of the medium */
	struct aip_medium *medium;
	u64 first; /* sector of the medium */
	u32 chunk_sectors;
	u64 room; /* chunks */
	u64 used;
};

/**
 * Opens what `u` names; -EBUSY with why OWN: it lies on the origin of an older
 * snapshot, or another snapshot has (part of) this room.
 */
int aip_store_open(struct aip_store *store, struct aipsnap_member *u, u32 chunk_shift);
void aip_store_close(struct aip_store *store);
/** Whether it lies on a tracked device, whole or in part. */
bool aip_store_is_on(const struct aip_store *store, struct aip_tracker *t);
/** The next free place; false: full. */
bool aip_store_alloc(struct aip_store *store, u64 *place);
/** Where sector `offset` of a place is, and how many follow it there. */
struct block_device *aip_store_map(struct aip_store *store, u64 place, u32 offset, u64 *sector,
				   u64 *nr);

/**
 * Own ranges (table and all stores) on a tracked device, in its own sectors,
 * sorted; an array to be freed with kvfree().
 */
int aip_own_ranges(const struct aip_tracker *t, struct aip_range **ranges, u32 *nr);

/** Marks the extents of the table as changed, as it comes and as it goes. */
void aip_own_mark_table(void);

#endif /* AIP_STORE_H */
