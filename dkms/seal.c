// SPDX-License-Identifier: GPL-2.0-only
/*
 * seal.c: see seal.h.
 */
#include <linux/delay.h>
#include <linux/string.h>

#include "device.h"
#include "hold.h"
#include "record.h"
#include "seal.h"
#include "sleep.h"
#include "snapshot.h"
#include "start.h"

struct search {
	const struct aip_tracker *t;
	char *holder;
	size_t size;
};

/* A read-write file system on this partition, if that overlaps the device? */
static int find_writer(struct block_device *bdev, void *data)
{
	struct search *s = data;
	struct super_block *sb;
	int rc = 0;

	if (!aip_tracker_touches(s->t, aip_bdev_start(bdev), aip_bdev_sectors(bdev)))
		return 0;
	/* it is freed after a grace period; an umount can be under way */
	rcu_read_lock();
	sb = aip_bdev_super(bdev);
	if (sb && !sb_rdonly(sb)) {
		snprintf(s->holder, s->size, "%s on %s", sb->s_type->name, sb->s_id);
		rc = -EBUSY;
	}
	rcu_read_unlock();
	return rc;
}

/* Waits until nothing is in flight; writes can still come. */
static int drain(struct aip_tracker *t, unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms ?: 5000);

	synchronize_rcu();
	while (aip_tracker_in_flight(t)) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		msleep(1);
	}
	return 0;
}

/* Makes room in the table, older generations first, and writes them all. */
static int save_all(struct aip_device *d, u64 *bytes)
{
	struct aip_gen *gen;
	int rc;

	for (;;) {
		u64 need = 0;

		list_for_each_entry (gen, &d->history.gens, list)
			need += aip_record_needs(gen);
		if (need <= aip_table->free || d->history.nr < 3)
			break;
		aip_history_merge(&d->history);
	}
	list_for_each_entry (gen, &d->history.gens, list) {
		rc = aip_record_save(aip_table, gen, bytes);
		if (rc)
			return rc;
	}
	return aip_file_flush(&aip_table->file);
}

/* Back to TRACKING, from SEALING or before SEALED. */
static void unseal(struct aip_device *d)
{
	struct aip_tracker *t = d->tracker;
	unsigned long flags;

	spin_lock_irqsave(&t->held_lock, flags);
	t->guard = AIP_PASS;
	spin_unlock_irqrestore(&t->held_lock, flags);
	d->state = AIPSNAP_TRACKING;
	d->token = 0;
	aip_hold_kick(t); /* what was held may go: the table says DIRTY */
	aip_device_unhook(d);
}

int aip_seal_begin(struct aipsnap_seal_begin *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	struct search search;
	struct aip_tracker *t;
	int rc;

	if (!d)
		return -ENODEV;
	if (memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	rc = aip_device_check(d);
	if (rc)
		return rc;
	if (aip_sleep_going())
		return -EAGAIN;
	if (d->state == AIPSNAP_SEALING)
		unseal(d);
	/* a worker of an earlier attempt must not act on this one */
	if (d->tracker)
		flush_work(&d->tracker->held_work);
	/* an earlier seal came to this, and its DIRTY still cannot be written */
	if (d->state == AIPSNAP_SEALED && !d->was_clean)
		return -EIO;
	if (d->state != AIPSNAP_TRACKING)
		return -EINVAL;
	if (d->unsaved) {
		arg->why = AIPSNAP_WHY_NO_TABLE;
		return -EBUSY;
	}
	t = d->tracker;
	search = (struct search){ .t = t, .holder = arg->holder, .size = sizeof(arg->holder) };
	rc = aip_for_each_part(t->disk, find_writer, &search);
	if (rc) {
		arg->why = AIPSNAP_WHY_STILL_WRITABLE;
		return rc;
	}
	aip_snapshot_end_all(t, AIPSNAP_WHY_SEALED);
	/* their writes are our own, in no account */
	aip_snapshot_end_stored(t, AIPSNAP_WHY_SEALED);
	/* or the caller's reading of the fingerprint would write it back */
	aip_sync_parts(t->disk);
	rc = aip_device_hook(d);
	if (rc) {
		arg->why = AIPSNAP_WHY_NO_HOOK;
		return -EBUSY;
	}
	d->state = AIPSNAP_SEALING;
	WRITE_ONCE(t->guard, AIP_WATCH);
	rc = drain(t, arg->timeout_ms);
	if (rc || READ_ONCE(t->uncounted)) {
		arg->why = AIPSNAP_WHY_BUSY_WRITES;
		rc = rc ?: -EBUSY;
		goto err;
	}
	/*
	 * From here on any write spoils the seal.  One own write at least, as a
	 * proof: where a stack below (dm-crypt) makes foreign writes of our own
	 * ones the account tells, and CLEAN is never written, nor held for ever.
	 */
	d->writes = aip_tracker_writes(t);
	/* a write is counted, then marked: none that is counted is still to be marked when the bitmaps are saved */
	synchronize_rcu();
	rc = aip_device_write_dirty(d);
	rc = rc ?: save_all(d, &arg->written);
	if (rc)
		goto err;
	d->token = aip_token();
	arg->token = d->token;
	return 0;

err:
	unseal(d);
	return rc;
}

/* With the writes held: still as it was at BEGIN? */
static bool untouched(struct aip_device *d)
{
	struct aip_tracker *t = d->tracker;

	return aip_tracker_writes(t) == d->writes && !aip_tracker_in_flight(t) &&
	       !READ_ONCE(t->uncounted) && !aip_tracker_check(t);
}

int aip_seal_commit(struct aipsnap_seal_commit *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	struct aip_tracker *t;
	int rc = 0;

	if (!d)
		return -ENODEV;
	if (!arg->fingerprint.method || memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (d->state != AIPSNAP_SEALING || arg->token != d->token)
		return -ESTALE;
	t = d->tracker;
	/* the worker that makes it DIRTY again waits for the lock: CLEAN never comes after its DIRTY */
	mutex_lock(&aip_table->lock);
	WRITE_ONCE(t->guard, AIP_HOLD);
	synchronize_rcu();
	if (!untouched(d)) {
		unseal(d);
		mutex_unlock(&aip_table->lock);
		arg->why = AIPSNAP_WHY_WRITTEN;
		return -EAGAIN;
	}
	d->identity = arg->identity;
	d->fingerprint = arg->fingerprint;
	d->token = 0;
	d->state = AIPSNAP_SEALED;
	rc = aip_device_write_clean(d);
	mutex_unlock(&aip_table->lock);
	if (rc) {
		/* who knows what is on disk: DIRTY, or nobody writes */
		aip_hold_kick(t);
		flush_work(&t->held_work);
	}
	return rc;
}

int aip_seal_abort(struct aip_device *d)
{
	if (d->state == AIPSNAP_SEALING) {
		unseal(d);
		return 0;
	}
	if (d->state != AIPSNAP_SEALED)
		return -EINVAL;
	aip_hold_kick(d->tracker);
	flush_work(&d->tracker->held_work);
	return d->state == AIPSNAP_SEALED ? -EIO : 0;
}
