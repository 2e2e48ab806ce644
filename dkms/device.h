/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h: a slot of the table: what is tracked, and how far its life has gone.
 *
 *	           enable                       disable
 *	EMPTY ───────────────────▶ TRACKING ───────────────▶ EMPTY
 *	WAITING ──START_BEGIN──▶ STARTING ──START_COMMIT──▶ TRACKING
 *	TRACKING ──SEAL_BEGIN──▶ SEALING ──SEAL_COMMIT──▶ SEALED ──a write──▶ TRACKING
 *	any started state ──stop──▶ WAITING
 *
 * All calls come under the control lock; the one exception is
 * aip_device_undirty(), which the holding hook's worker calls.  So a change of
 * `state` out of or into SEALED is under the table lock too.
 */
#ifndef AIP_DEVICE_H
#define AIP_DEVICE_H

#include "history.h"
#include "table.h"
#include "tracker.h"

struct aip_device {
	u32 slot;
	u32 state; /* enum aipsnap_state */
	u32 chunk_shift;
	u64 sectors;
	struct aipsnap_identity identity;
	struct aipsnap_fingerprint fingerprint;
	struct aip_history history;
	struct aip_tracker *tracker;
	bool unsaved;	/* not in the table */
	bool was_clean; /* CLEAN on disk when it was loaded or sealed, and nothing known against it */
	bool hooked;	/* holds the hook; under the table lock */
	u32 found_why; /* STARTING: why it cannot be resumed */
	u64 token;     /* of the last BEGIN */
	u64 writes;    /* seen by then */
	dev_t dev;     /* as it was started */
};

extern struct aip_device *aip_devices[AIPSNAP_MAX_DEVICES];

/** The device in a slot; NULL. */
struct aip_device *aip_device_find(u32 slot);
/** A tracked device that is exactly this disk and partition; NULL. */
struct aip_device *aip_device_by_dev(dev_t dev);

/** Fills the slots from a table that was loaded just now; -EBUSY: an unsaved device holds one of them. */
int aip_device_load_all(void);
/** Forgets all devices; -EBUSY while one is tracked, -EIO while one is to be DIRTY and is not on disk. */
int aip_device_unload_all(void);

int aip_device_enable(struct aipsnap_enable *arg);
int aip_device_disable(struct aip_device *d);
int aip_device_stop(struct aip_device *d);
int aip_device_status(struct aipsnap_device *arg);

/** Ends what was open and begins a new lineage, at once. */
int aip_device_new_lineage(struct aip_device *d, u32 why);
/**
 * Compares the device with what it was when it was started; a new lineage (or FAILED) when
 * it is another.  An error: it is another, sealed, and DIRTY cannot be written: it stays sealed.
 */
int aip_device_check(struct aip_device *d);
/** Takes the tracker out and waits for its writes. */
void aip_device_detach(struct aip_device *d);

/** Writes the slot to the table as DIRTY (without generations). */
int aip_device_write_dirty(struct aip_device *d);
/** Writes it as CLEAN; under the table lock. */
int aip_device_write_clean(struct aip_device *d);
/** For a device whose writes are held: DIRTY, then they may go.  0 or why they must fail. */
int aip_device_undirty(struct aip_tracker *t);
/** Arms the hook for this device; and lets go of it. */
int aip_device_hook(struct aip_device *d);
void aip_device_unhook(struct aip_device *d);

#endif /* AIP_DEVICE_H */
