// SPDX-License-Identifier: GPL-2.0-only
/*
 * start.c: see start.h.
 *
 * While a device is STARTING its writes are marked in a generation of their own.
 * Where nothing was written it joins the last old one, which stays open (resumed);
 * else it is the first of a new lineage.
 */
#include <linux/string.h>

#include "device.h"
#include "hold.h"
#include "record.h"
#include "registry.h"
#include "start.h"

u64 aip_token(void)
{
	static u64 token;

	return ++token;
}

/* The old bitmaps, into memory. */
static u32 load_leaves(struct aip_device *d)
{
	struct aip_gen *gen;
	int rc;

	list_for_each_entry (gen, &d->history.gens, list) {
		rc = aip_record_load(gen);
		if (rc)
			return rc == -ENOMEM ? AIPSNAP_WHY_MEMORY : AIPSNAP_WHY_BITMAP_DAMAGED;
	}
	return AIPSNAP_WHY_NONE;
}

static bool is_dirty(const struct aip_device *d)
{
	bool dirty;

	mutex_lock(&aip_table->lock);
	dirty = aip_table_is_dirty(aip_table, d->slot);
	mutex_unlock(&aip_table->lock);
	return dirty;
}

static void make_equal(void)
{
	mutex_lock(&aip_table->lock);
	if (aip_table->mend)
		aip_table_update(aip_table, AIPSNAP_MAX_DEVICES);
	mutex_unlock(&aip_table->lock);
}

/* Hooks on; returns with DIRTY on disk, or -EIO, and the device is followed all the same. */
static int go_dirty(struct aip_device *d, struct aip_tracker *t)
{
	int rc;

	/*
	 * Where no hook can be had DIRTY is written first; a write after that is seen, and ends the
	 * lineage.  Where the table says DIRTY already nothing is held: the table's own writes
	 * may come to this device as foreign ones (it lies on dm-crypt on this device).
	 */
	make_equal();
	if (!is_dirty(d) && !aip_device_hook(d)) {
		t->guard = AIP_HOLD;
	} else {
		t->guard = AIP_WATCH;
		aip_device_write_dirty(d);
	}
	rc = aip_registry_add(t);
	if (rc) {
		aip_device_unhook(d);
		return rc;
	}
	d->tracker = t;
	d->state = AIPSNAP_STARTING;
	if (t->guard == AIP_HOLD) {
		aip_hold_kick(t);
		flush_work(&t->held_work);
	}
	return is_dirty(d) ? 0 : -EIO;
}

int aip_start_begin(struct aipsnap_start_begin *arg)
{
	struct aip_device *d = aip_device_find(arg->slot), *other;
	struct aip_tracker *t;
	int rc;

	if (!d || !aip_table)
		return -ENODEV;
	if (arg->flags || memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	other = aip_device_by_dev(MKDEV(arg->major, arg->minor));
	if ((d->state != AIPSNAP_WAITING && d->state != AIPSNAP_FAILED) || other)
		return -EBUSY;
	d->dev = MKDEV(arg->major, arg->minor);
	t = aip_tracker_new(d->dev, d->chunk_shift, &arg->why);
	if (IS_ERR(t))
		return PTR_ERR(t);
	t->device = d;
	rc = go_dirty(d, t);
	if (rc && rc != -EIO) {
		aip_gen_free(t->open);
		aip_tracker_put(t);
		return rc;
	}
	if (rc)
		d->found_why = AIPSNAP_WHY_TABLE_IO;
	if (!d->found_why && !d->was_clean)
		d->found_why = AIPSNAP_WHY_NOT_SEALED;
	if (!d->found_why && t->sectors != d->sectors)
		d->found_why = AIPSNAP_WHY_SIZE;
	if (!d->found_why)
		d->found_why = load_leaves(d);
	d->token = aip_token();
	arg->token = d->token;
	arg->why = d->found_why;
	return rc;
}

int aip_start_mark(const struct aipsnap_mark *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	struct aip_tracker *t;

	if (!d)
		return -ENODEV;
	if (arg->flags || memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (!(d->state == AIPSNAP_STARTING && arg->token == d->token) &&
	    !(d->state == AIPSNAP_TRACKING && !arg->token))
		return -ESTALE;
	t = d->tracker;
	if (!arg->sectors || arg->sector >= t->sectors || arg->sectors > t->sectors - arg->sector)
		return -EINVAL;
	/* as a write would be marked: a switch waits for it */
	preempt_disable();
	aip_map_mark(&READ_ONCE(t->open)->map, arg->sector >> t->shift,
		     (arg->sector + arg->sectors - 1) >> t->shift);
	preempt_enable();
	return 0;
}

static u32 decide(struct aip_device *d, const struct aipsnap_start_commit *arg)
{
	if (d->found_why)
		return d->found_why;
	if (arg->flags & AIPSNAP_START_NEW)
		return arg->why ?: AIPSNAP_WHY_FLAG;
	if (memcmp(arg->identity.fs_type, d->identity.fs_type, sizeof(d->identity.fs_type)) ||
	    memcmp(arg->identity.uuid, d->identity.uuid, sizeof(d->identity.uuid)))
		return AIPSNAP_WHY_IDENTITY;
	if (!arg->fingerprint.method || !d->fingerprint.method)
		return AIPSNAP_WHY_NO_FINGERPRINT;
	if (arg->fingerprint.method != d->fingerprint.method ||
	    memcmp(arg->fingerprint.digest, d->fingerprint.digest, sizeof(d->fingerprint.digest)))
		return AIPSNAP_WHY_FINGERPRINT;
	if (aip_tracker_writes(d->tracker) || READ_ONCE(d->tracker->overrun))
		return AIPSNAP_WHY_WRITTEN;
	return AIPSNAP_WHY_NONE;
}

/* The last old generation goes on; what was marked meanwhile joins it. */
static void resume(struct aip_device *d)
{
	struct aip_tracker *t = d->tracker;
	struct aip_gen *last = aip_history_last(&d->history);
	struct aip_gen *mine = aip_tracker_switch(t, last);

	synchronize_rcu();
	aip_tracker_settle(t, mine, 10000);
	aip_map_or(&last->map, &mine->map);
	aip_gen_free(mine);
}

int aip_start_commit(struct aipsnap_start_commit *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	int rc = 0;

	if (!d)
		return -ENODEV;
	if (arg->flags & ~AIPSNAP_START_NEW || memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (d->state != AIPSNAP_STARTING || arg->token != d->token)
		return -ESTALE;
	arg->why = decide(d, arg);
	d->identity = arg->identity;
	if (!arg->why) {
		resume(d);
		arg->flags = AIPSNAP_START_RESUMED;
	} else {
		aip_history_clear(&d->history);
		aip_history_begin(&d->history, d->tracker->open, arg->why);
		d->sectors = d->tracker->sectors;
		arg->flags = 0;
	}
	d->was_clean = false;
	d->found_why = AIPSNAP_WHY_NONE;
	d->token = 0;
	WRITE_ONCE(d->tracker->guard, AIP_PASS);
	aip_device_unhook(d);
	d->state = AIPSNAP_TRACKING;
	/* for the next boot: what it is now */
	rc = aip_device_write_dirty(d);
	arg->lineage = d->history.lineage;
	arg->generation = aip_history_last(&d->history)->id;
	return rc ? -EIO : 0;
}
