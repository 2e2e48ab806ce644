/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * registry.h: all trackers, found by their disk.
 *
 * Readers have preemption off; changes are made under the control lock and
 * wait for a grace period before a tracker can go away.
 */
#ifndef AIP_REGISTRY_H
#define AIP_REGISTRY_H

#include <linux/hash.h>
#include <linux/list.h>

#include "tracker.h"

#define AIP_REGISTRY_BITS 6
extern struct hlist_head aip_registry[1 << AIP_REGISTRY_BITS];

static __always_inline struct hlist_head *aip_registry_bucket(const struct gendisk *disk)
{
	return &aip_registry[hash_ptr(disk, AIP_REGISTRY_BITS)];
}

/** The first tracker, perhaps of another disk, where one of `disk` would be; NULL. */
static __always_inline struct aip_tracker *aip_registry_first(const struct gendisk *disk)
{
	return hlist_entry_safe(READ_ONCE(aip_registry_bucket(disk)->first), struct aip_tracker,
				hash);
}

/** Every tracker `t` of `disk`; preemption is off. */
#define aip_for_each_tracker(t, disk)                                                              \
	for ((t) = aip_registry_first(disk); (t);                                                  \
	     (t) = hlist_entry_safe(READ_ONCE((t)->hash.next), struct aip_tracker, hash))          \
		if ((t)->disk != (disk)) {                                                         \
		} else

/** Adds a tracker: from the return on every write to the device is seen.  Switches the probes on. */
int aip_registry_add(struct aip_tracker *t);
/** Takes it out; returns after the last look at it.  Switches the probes off after the last one. */
void aip_registry_del(struct aip_tracker *t);

#endif /* AIP_REGISTRY_H */
