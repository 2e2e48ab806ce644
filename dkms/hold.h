/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.h: can hold a write back before it goes on its way.
 *
 * ftrace redirects submit_bio_noacct (IPMODIFY: one owner on the machine).
 * Nobody waits in place, which would deadlock in a stacked driver: a held bio
 * is queued, its submitter goes on, and a worker submits it later.  Armed only
 * while it is needed: between start and DIRTY, while sealed, while there are
 * snapshots.
 *
 * The hook cannot see a write that was past it when it was armed: its submitter
 * was preempted inside submit_bio_noacct, or blk-throttle has it.  Such a write is
 * seen in block_bio_queue, the last place that all pass, and held there.
 */
#ifndef AIP_HOLD_H
#define AIP_HOLD_H

#include <linux/bio.h>
#include <linux/workqueue.h>

struct aip_tracker;

/** Arms the hook (counted); -EBUSY: another module owns it, -EOPNOTSUPP: this kernel cannot. */
int aip_hold_get(void);
void aip_hold_put(void);
bool aip_hold_armed(void);

/** Sends a bio on that was held: looks at all reasons to hold it again, then submits it. */
void aip_hold_resubmit(struct bio *bio);

/** True while a bio is between our decision to let it pass and the return of submit_bio_noacct. */
bool aip_hold_gate_open(void);

/**
 * Holds a write that has come to the device all the same (in block_bio_queue,
 * preemption is off): a clone waits, the bio goes on empty and ends with it.
 */
void aip_hold_divert(struct aip_tracker *t, struct bio *bio);

/** Lets the device's worker write DIRTY and send the held bios on. */
void aip_hold_kick(struct aip_tracker *t);
/** The worker (of struct aip_tracker.held_work). */
void aip_hold_work(struct work_struct *work);

int aip_hold_init(void);
void aip_hold_exit(void);

#endif /* AIP_HOLD_H */
