/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.h: /dev/aipsnap<N>, a read-only image of a tracked device.
 *
 * Made in steps by switch.c: prepare (all that can fail), close and open the
 * gate of the set, publish (the disk appears).  Ends when it is removed, when its
 * origin is sealed, stopped or lost, or by itself when the storage is full or
 * fails; then reads give EIO until it is removed.  One snapshot a device.
 */
#ifndef AIP_SNAPSHOT_H
#define AIP_SNAPSHOT_H

#include "tracker.h"

struct aip_snapshot_set;

struct aip_snapshot_set *aip_snapshot_set_new(void);
void aip_snapshot_set_put(struct aip_snapshot_set *set);
/** A snapshot was prepared for it. */
bool aip_snapshot_set_used(const struct aip_snapshot_set *set);
u64 aip_snapshot_set_number(const struct aip_snapshot_set *set);
/** From here on writes to the members wait, until the gate is opened. */
void aip_snapshot_close_gate(struct aip_snapshot_set *set);
void aip_snapshot_open_gate(struct aip_snapshot_set *set);

/** Everything but the disk; -EBUSY: the device has a snapshot, or (why OWN) the storage lies on an origin. */
struct aip_snapshot *aip_snapshot_prepare(struct aip_tracker *t, struct aipsnap_member *u,
					  struct aip_snapshot_set *set);
/** Takes back what was prepared. */
void aip_snapshot_discard(struct aip_snapshot *s);
/** Makes the disk; fills in `u`.  On an error the snapshot is gone. */
int aip_snapshot_publish(struct aip_snapshot *s, struct aipsnap_member *u);

/** Takes a write that has to wait for copy-on-write; false: it may pass.  Preemption is off. */
bool aip_snapshot_hold(struct aip_tracker *t, struct bio *bio, sector_t sector, unsigned int nr);

/** Ends the snapshot of a device, if it has one. */
void aip_snapshot_end_all(struct aip_tracker *t, u32 why);
/** Whether its difference storage has blocks on this device. */
bool aip_snapshot_is_stored_on(const struct aip_snapshot *s, struct aip_tracker *t);
/** Ends those of other devices whose difference storage lies on this one. */
void aip_snapshot_end_stored(struct aip_tracker *t, u32 why);
/** Ends and removes snapshot N; -EBUSY: it is open. */
int aip_snapshot_remove(u32 n);
int aip_snapshot_status(struct aipsnap_snapshot *arg);

/** Snapshots of a device that have not ended; of all. */
u32 aip_snapshot_count(const struct aip_tracker *t);
u32 aip_snapshot_total(void);
/** True while writes to the device are copied first. */
bool aip_snapshot_is_copying(const struct aip_tracker *t);
/** True for a disk of ours. */
bool aip_snapshot_is_disk(const struct gendisk *disk);

int aip_snapshot_init(void);
void aip_snapshot_exit(void);

#endif /* AIP_SNAPSHOT_H */
