/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracker.h: follows the writes to one device, a range of a disk.
 *
 * Each write that begins is counted and marked in the open generation, under
 * one reading of `open` with preemption off.  So, once aip_tracker_switch() has
 * put another generation there and a grace period is over, no bio joins the
 * old generation any more, and the old side of the flights going to zero says
 * that all of its writes are over.
 *
 * Lives from aip_tracker_new() to aip_tracker_put(); in between it can be in
 * the registry.  The disk is pinned in memory, not held open, so that it can
 * be removed, deactivated or unplugged at any time.
 */
#ifndef AIP_TRACKER_H
#define AIP_TRACKER_H

#include <linux/blkdev.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "flight.h"
#include "history.h"

struct aip_device;
struct aip_snapshot;

enum aip_guard {
	AIP_PASS = 0,
	AIP_WATCH, /* being sealed: our own writes are left out of the account */
	AIP_HOLD,  /* the table says CLEAN: writes are held until it says DIRTY */
};

struct aip_tracker {
	struct hlist_node hash;
	struct gendisk *disk;
	sector_t start;
	sector_t sectors;
	u32 shift; /* sectors to chunks */
	union {
		struct {
			u32 guard;  /* enum aip_guard */
			u32 shared; /* there are others in its bucket of the registry */
		};
		u64 special; /* either */
	};
	struct aip_gen *open; /* changes under RCU */
	struct aip_flights flights;
	struct aip_snapshot *snapshot; /* changes under RCU */
	bool uncounted;		       /* a write is in flight that could not be counted */
	bool stuck;		       /* writes of the generation before the last did not end */
	bool overrun;		       /* a write went beyond `sectors` */

	struct module *owner; /* of the disk's driver: its code frees the disk */
	int partno;
	u64 diskseq;
	unsigned int slept;   /* aip_sleep_count() as it was made */
	struct aip_bdev keep; /* kernels without disk sequence numbers */
	struct aip_device *device;

	spinlock_t held_lock;
	struct bio_list held;
	struct work_struct held_work;
};

/**
 * Makes a tracker for device number `dev`, with `gen` open (NULL: one is made,
 * see ->open).  Not yet in the registry.  -EOPNOTSUPP with `why`: cannot be tracked.
 */
struct aip_tracker *aip_tracker_new(dev_t dev, u32 chunk_shift, u32 *why);
/** Needs to be out of the registry; waits for bios in flight (leaks itself, and the module, when they never end). */
void aip_tracker_put(struct aip_tracker *t);

static inline u64 aip_tracker_chunks(const struct aip_tracker *t)
{
	return (t->sectors + (1ULL << t->shift) - 1) >> t->shift;
}

/** Writes seen, ever. */
u64 aip_tracker_writes(const struct aip_tracker *t);
u64 aip_tracker_in_flight(const struct aip_tracker *t);

/**
 * 0 while the device is what it was; -ENXIO gone, -ESTALE other medium,
 * -EFBIG another size or place.
 */
int aip_tracker_check(const struct aip_tracker *t);

/** Opens `gen`; returns the one that was open.  aip_tracker_settle() has to follow. */
struct aip_gen *aip_tracker_switch(struct aip_tracker *t, struct aip_gen *gen);

/**
 * After a switch from `old` (and a grace period, see aip_tracker_switch):
 * waits for the writes marked in it; those that do not end in time are
 * marked in the open generation too.  So is all, where a write was uncounted.
 */
void aip_tracker_settle(struct aip_tracker *t, struct aip_gen *old, unsigned int timeout_ms);

/** True when a bio that begins at absolute `sector` touches the device. */
static __always_inline bool aip_tracker_touches(const struct aip_tracker *t, sector_t sector,
						u64 nr)
{
	return sector + nr > t->start && sector < t->start + t->sectors;
}

/** Marks the part of a write that is on the device, in the open generation. */
void aip_tracker_mark(struct aip_tracker *t, sector_t sector, unsigned int nr);

/** Counts and marks a write of `nr` sectors at absolute `sector`.  Preemption is off. */
void aip_tracker_account(struct aip_tracker *t, struct bio *bio, sector_t sector, unsigned int nr);

/**
 * The same for the usual write, in few instructions: one within one chunk of a
 * device that nothing special is the matter with.  False: nothing was done.
 */
static __always_inline bool aip_tracker_account_fast(struct aip_tracker *t, struct bio *bio,
						     sector_t sector, unsigned int nr)
{
	sector_t from = sector - t->start, last = from + nr - 1;
	u64 chunk = from >> t->shift;
	struct aip_flight *flight;
	struct aip_gen *gen;

	/* one that begins before the device has a `from` beyond all chunks */
	if (unlikely(READ_ONCE(t->special) || last >= t->sectors || chunk != last >> t->shift))
		return false;
	flight = aip_flight_get();
	if (unlikely(!flight))
		return false;
	gen = READ_ONCE(t->open);
	aip_flight_begin(flight, gen->count, bio);
	aip_map_mark_one(&gen->map, chunk);
	return true;
}

#endif /* AIP_TRACKER_H */
