/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cow.h: keeps the old data of chunks before they are overwritten.
 *
 * A write to a chunk that was not copied is held; the chunk is read from the
 * origin, written to the store, and then the write goes on.  A chunk is in one of
 * three states:
 *
 *	on the origin   no write may pass; reads of the image go to the origin
 *	being copied    an aip_copy with the waiting bios; reads go to the origin
 *	copied          writes pass; reads go to its place in the store
 *
 * Read: from the origin, and once more from the store when the chunk turns out
 * to be copied after the data has come, for then a write may have overtaken it.
 * Write (of a held bio): one chunk after the other.  Discard and write-zeroes
 * are writes.
 *
 * All memory of the copying is taken beforehand; when the table of places has no
 * memory the snapshot ends, the origin goes on.
 */
#ifndef AIP_COW_H
#define AIP_COW_H

#include <linux/bio.h>
#include <linux/mempool.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "store.h"

struct aip_release;

enum aip_cow_gate {
	AIP_GATE_BEFORE, /* writes pass, counted by the hook's gate */
	AIP_GATE_CLOSED, /* writes wait: the generations are being switched */
	AIP_GATE_COPY,
};

struct aip_cow {
	struct aip_tracker *tracker;
	struct aip_bdev origin;
	struct aip_store store;
	const u32 *gate; /* enum aip_cow_gate, shared by a set */
	u32 why;	 /* ended by itself; under lock */
	u32 shift;	 /* sectors to chunks */
	u64 sectors;
	u64 chunks;
	unsigned long *copied;
	struct xarray places;

	spinlock_t lock;
	struct bio_list pending;     /* held, not looked at yet */
	struct aip_release *release; /* what may go; outlives us where a device hangs */
	struct list_head idle;	     /* copies: not in use, … */
	struct list_head active;     /* … reading or writing, … */
	struct list_head done;	     /* … a step is over */
	struct list_head again;	     /* reads of the image, to be done from the store */
	struct work_struct work;
	struct delayed_work watch;
	bool late; /* it has found a copy that is */

	atomic_t readers;
	struct bio_set bs;
	struct bio_set read_bs;
	mempool_t reads;
	struct aip_range *own; /* read as zeroes */
	u32 nr_own;
};

int aip_cow_module_init(void);
void aip_cow_module_exit(void);

int aip_cow_init(struct aip_cow *cow, struct aip_tracker *t, dev_t dev, struct aipsnap_member *u,
		 const u32 *gate);
/** No more bios come in (the tracker has let go of it, a grace period is over). */
void aip_cow_exit(struct aip_cow *cow);

/** Takes a write that has to wait; false: it may pass.  Preemption is off. */
bool aip_cow_hold(struct aip_cow *cow, struct bio *bio, sector_t sector, unsigned int nr);
/** The gate is open, or the end has come: looks at what waits. */
void aip_cow_kick(struct aip_cow *cow);
/** Ends it: writes pass, reads fail. */
void aip_cow_fail(struct aip_cow *cow, u32 why);
/**
 * Waits until nothing is held or being copied or read any more; after aip_cow_fail().
 * Writes that it lets go can still be on their way to the device.
 */
void aip_cow_drain(struct aip_cow *cow);

/** Reads from the image. */
void aip_cow_read(struct aip_cow *cow, struct bio *bio);

#endif /* AIP_COW_H */
