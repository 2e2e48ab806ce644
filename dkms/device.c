// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c: see device.h.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device.h"
#include "hold.h"
#include "record.h"
#include "registry.h"
#include "snapshot.h"

struct aip_device *aip_devices[AIPSNAP_MAX_DEVICES];

struct aip_device *aip_device_find(u32 slot)
{
	return slot < AIPSNAP_MAX_DEVICES
		       ? aip_devices[array_index_nospec(slot, AIPSNAP_MAX_DEVICES)]
		       : NULL;
}

struct aip_device *aip_device_by_dev(dev_t dev)
{
	int i;

	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		if (aip_devices[i] && aip_devices[i]->tracker && aip_devices[i]->dev == dev &&
		    !aip_tracker_check(aip_devices[i]->tracker))
			return aip_devices[i];
	return NULL;
}

static struct aip_device *device_new(u32 slot, u32 chunk_shift)
{
	struct aip_device *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->slot = slot;
	d->chunk_shift = chunk_shift;
	aip_history_init(&d->history);
	return d;
}

static void device_free(struct aip_device *d)
{
	aip_devices[d->slot] = NULL;
	aip_history_clear(&d->history);
	kfree(d);
}

/* ---- the slot on disk ---------------------------------------------------- */

static void pack(struct aip_device *d, struct aip_disk_slot *s, u32 state)
{
	struct aip_gen *gen;
	u32 n = 0;

	memset(s, 0, sizeof(*s));
	s->state = cpu_to_le32(state);
	s->slot = cpu_to_le32(d->slot);
	s->chunk_shift = cpu_to_le32(d->chunk_shift);
	s->why = cpu_to_le32(d->history.why);
	s->sectors = cpu_to_le64(d->sectors);
	s->identity = d->identity;
	if (state != AIP_DISK_CLEAN)
		return;
	s->lineage_time = cpu_to_le64(d->history.time);
	s->lineage = d->history.lineage;
	s->fp_method = cpu_to_le32(d->fingerprint.method);
	memcpy(s->fp_digest, d->fingerprint.digest, sizeof(s->fp_digest));
	list_for_each_entry (gen, &d->history.gens, list) {
		struct aip_disk_gen *g = &s->gens[n++];

		g->id = gen->id;
		g->time = cpu_to_le64(gen->time);
		g->flags = cpu_to_le32(gen->flags);
		g->map = cpu_to_le32(gen->saved->map[0]);
		g->map_crc = cpu_to_le32(gen->saved->map_crc);
	}
	s->nr_gens = cpu_to_le32(n);
	s->nr_aliases = cpu_to_le32(d->history.nr_aliases);
	memcpy(s->alias, d->history.alias, d->history.nr_aliases * sizeof(s->alias[0]));
}

static int write_dirty(struct aip_device *d)
{
	/* whether it comes to the disk or not: that of CLEAN is over */
	if (d->state == AIPSNAP_SEALED)
		d->was_clean = false;
	pack(d, aip_table->slots[d->slot], AIP_DISK_DIRTY);
	return aip_table_update(aip_table, d->slot);
}

int aip_device_write_dirty(struct aip_device *d)
{
	int rc;

	if (d->unsaved)
		return 0;
	mutex_lock(&aip_table->lock);
	rc = write_dirty(d);
	mutex_unlock(&aip_table->lock);
	return rc;
}

int aip_device_write_clean(struct aip_device *d)
{
	int rc;

	pack(d, aip_table->slots[d->slot], AIP_DISK_CLEAN);
	rc = aip_table_update(aip_table, d->slot);
	d->was_clean = !rc;
	return rc;
}

int aip_device_undirty(struct aip_tracker *t)
{
	struct aip_device *d = t->device;
	struct aip_table *table = aip_table;
	unsigned long flags;
	bool unhook = false;
	int rc = 0;

	if (!table)
		return 0;
	mutex_lock(&table->lock);
	if (READ_ONCE(t->guard) == AIP_HOLD) {
		/* one that is being disabled has left the table */
		rc = d->unsaved ? 0 : write_dirty(d);
		/* a boot must go on: what is lost is this lineage, and said so */
		if (rc && d->state == AIPSNAP_STARTING)
			rc = 0;
	}
	if (!rc && READ_ONCE(t->guard) == AIP_HOLD) {
		spin_lock_irqsave(&t->held_lock, flags);
		/* the table's own writes stay out of the account until the decision */
		t->guard = d->state == AIPSNAP_STARTING ? AIP_WATCH : AIP_PASS;
		spin_unlock_irqrestore(&t->held_lock, flags);
		if (d->state == AIPSNAP_SEALED)
			d->state = AIPSNAP_TRACKING;
		if (d->state == AIPSNAP_TRACKING)
			d->was_clean = false;
		unhook = d->hooked;
		d->hooked = false;
	}
	mutex_unlock(&table->lock);
	if (unhook)
		aip_hold_put();
	return rc;
}

int aip_device_hook(struct aip_device *d)
{
	int rc = d->hooked ? 0 : aip_hold_get();

	if (!rc)
		d->hooked = true;
	return rc;
}

void aip_device_unhook(struct aip_device *d)
{
	if (d->hooked)
		aip_hold_put();
	d->hooked = false;
}

/* ---- loading ------------------------------------------------------------- */

/* The generations of a CLEAN slot, without their leaves. */
static int load_history(struct aip_device *d, const struct aip_disk_slot *s)
{
	u64 chunks = (d->sectors + (1ULL << (d->chunk_shift - 9)) - 1) >> (d->chunk_shift - 9);
	u32 n;
	int rc;

	for (n = 0; n < le32_to_cpu(s->nr_gens); n++) {
		struct aip_gen *gen = aip_gen_new(chunks);

		if (IS_ERR(gen))
			return PTR_ERR(gen);
		gen->id = s->gens[n].id;
		gen->time = le64_to_cpu(s->gens[n].time);
		gen->flags = le32_to_cpu(s->gens[n].flags);
		rc = aip_record_claim(aip_table, gen, le32_to_cpu(s->gens[n].map),
				      le32_to_cpu(s->gens[n].map_crc));
		if (rc) {
			aip_gen_free(gen);
			return rc;
		}
		aip_history_add(&d->history, gen);
	}
	return n ? 0 : -EBADMSG;
}

static int load_slot(u32 slot)
{
	const struct aip_disk_slot *s = aip_table->slots[slot];
	struct aip_device *d;
	int rc;

	d = device_new(slot, le32_to_cpu(s->chunk_shift));
	if (!d)
		return -ENOMEM;
	aip_devices[slot] = d;
	d->state = AIPSNAP_WAITING;
	d->sectors = le64_to_cpu(s->sectors);
	d->identity = s->identity;
	d->fingerprint.method = le32_to_cpu(s->fp_method);
	memcpy(d->fingerprint.digest, s->fp_digest, sizeof(s->fp_digest));
	d->history.why = le32_to_cpu(s->why);
	d->history.time = le64_to_cpu(s->lineage_time);
	d->history.lineage = s->lineage;
	d->history.nr_aliases = le32_to_cpu(s->nr_aliases);
	memcpy(d->history.alias, s->alias, sizeof(d->history.alias));
	if (le32_to_cpu(s->state) != AIP_DISK_CLEAN) {
		/* what was CLEAN in copies that differ says so */
		d->found_why = !aip_table->equal && d->history.why == AIPSNAP_WHY_COPIES_DIFFER
				       ? AIPSNAP_WHY_COPIES_DIFFER
				       : AIPSNAP_WHY_NOT_SEALED;
		return 0;
	}
	if (!d->sectors || d->sectors > AIP_MAP_MAX << (d->chunk_shift - SECTOR_SHIFT)) {
		d->found_why = AIPSNAP_WHY_BITMAP_DAMAGED;
		return 0;
	}
	rc = load_history(d, s);
	if (!rc) {
		d->was_clean = true;
		return 0;
	}
	aip_history_clear(&d->history);
	d->found_why = rc == -ENOMEM ? AIPSNAP_WHY_MEMORY : AIPSNAP_WHY_BITMAP_DAMAGED;
	return 0;
}

int aip_device_load_all(void)
{
	u32 slot;
	int rc;

	/* none is left out: what the table says of it would neither be followed nor made DIRTY */
	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++)
		if (aip_table->header.slot_crc[slot] && aip_devices[slot]) {
			pr_warn("aipsnap: slot %u of the table is held by %s, which is tracked without it: disable that first\n",
				slot, aip_devices[slot]->identity.name);
			return -EBUSY;
		}
	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
		if (!aip_table->header.slot_crc[slot])
			continue;
		rc = load_slot(slot);
		if (rc)
			return rc;
	}
	return 0;
}

/* What is to be DIRTY is so on disk: who unloads the table gives up the tries to write it. */
static bool all_written(void)
{
	bool all = true;
	u32 slot;

	mutex_lock(&aip_table->lock);
	if (aip_table->bad)
		aip_table_update(aip_table, AIPSNAP_MAX_DEVICES);
	for (slot = 0; aip_table->bad && slot < AIPSNAP_MAX_DEVICES; slot++)
		if (le32_to_cpu(aip_table->slots[slot]->state) == AIP_DISK_DIRTY)
			all &= aip_table_is_dirty(aip_table, slot);
	mutex_unlock(&aip_table->lock);
	return all;
}

int aip_device_unload_all(void)
{
	u32 slot;

	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++)
		if (aip_devices[slot] && aip_devices[slot]->tracker && !aip_devices[slot]->unsaved)
			return -EBUSY;
	if (!all_written())
		return -EIO;
	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++)
		if (aip_devices[slot] && !aip_devices[slot]->unsaved)
			device_free(aip_devices[slot]);
	return 0;
}

/* ---- enable, stop, disable ----------------------------------------------- */

static int free_slot(void)
{
	int i;

	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		if (!aip_devices[i])
			return i;
	return -ENOSPC;
}

static int check_enable(struct aipsnap_enable *arg)
{
	struct aip_device *d = aip_device_by_dev(MKDEV(arg->major, arg->minor));

	if (!arg->chunk_shift)
		arg->chunk_shift = AIPSNAP_CHUNK_SHIFT;
	if (arg->chunk_shift < AIPSNAP_CHUNK_SHIFT_MIN ||
	    arg->chunk_shift > AIPSNAP_CHUNK_SHIFT_MAX || (arg->flags & ~AIPSNAP_ENABLE_UNSAVED) ||
	    memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (d) {
		arg->slot = d->slot;
		return -EEXIST;
	}
	if (!aip_table && !(arg->flags & AIPSNAP_ENABLE_UNSAVED))
		return -ENODATA;
	return free_slot();
}

static int write_empty(struct aip_device *d)
{
	memset(aip_table->slots[d->slot], 0, sizeof(*aip_table->slots[d->slot]));
	return aip_table_update(aip_table, d->slot);
}

int aip_device_enable(struct aipsnap_enable *arg)
{
	struct aip_device *d;
	struct aip_tracker *t;
	int slot, rc;

	slot = check_enable(arg);
	if (slot < 0)
		return slot;
	d = device_new(slot, arg->chunk_shift);
	if (!d)
		return -ENOMEM;
	d->identity = arg->identity;
	d->dev = MKDEV(arg->major, arg->minor);
	d->unsaved = arg->flags & AIPSNAP_ENABLE_UNSAVED;
	t = aip_tracker_new(d->dev, arg->chunk_shift, &arg->why);
	if (IS_ERR(t)) {
		rc = PTR_ERR(t);
		goto free;
	}
	t->device = d;
	d->sectors = t->sectors;
	/* on disk first: the hooks follow before the caller can rely on them */
	rc = aip_device_write_dirty(d);
	if (rc)
		goto put;
	rc = aip_registry_add(t);
	if (rc)
		goto put;
	d->tracker = t;
	d->state = AIPSNAP_TRACKING;
	aip_history_begin(&d->history, t->open, AIPSNAP_WHY_ENABLED);
	/* writes that were on their way when the hooks went on are not counted: they are over when the queue is */
	aip_devices[slot] = d;
	arg->slot = slot;
	arg->generation = t->open->id;
	return 0;

put:
	/* or the table's next try would enable it */
	if (!d->unsaved) {
		mutex_lock(&aip_table->lock);
		write_empty(d);
		mutex_unlock(&aip_table->lock);
	}
	aip_gen_free(t->open);
	aip_tracker_put(t);
free:
	kfree(d);
	return rc;
}

void aip_device_detach(struct aip_device *d)
{
	struct aip_tracker *t = d->tracker;

	if (!t)
		return;
	aip_snapshot_end_all(t, AIPSNAP_WHY_STOPPED);
	/* lets what is held go, whatever the table says */
	WRITE_ONCE(t->guard, AIP_PASS);
	aip_hold_kick(t);
	flush_work(&t->held_work);
	aip_device_unhook(d);
	aip_registry_del(t);
	d->tracker = NULL;
	d->dev = 0;
	if (aip_history_last(&d->history) != t->open)
		aip_gen_free(t->open);
	aip_tracker_put(t);
}

int aip_device_stop(struct aip_device *d)
{
	bool safe;
	int rc;

	if (!d->tracker)
		return -EINVAL;
	if (d->unsaved)
		return aip_device_disable(d);
	/* while the hooks are on: never CLEAN for what is not followed */
	mutex_lock(&aip_table->lock);
	rc = write_dirty(d);
	safe = aip_table_is_dirty(aip_table, d->slot);
	mutex_unlock(&aip_table->lock);
	if (!safe)
		return rc;
	aip_device_detach(d);
	aip_history_clear(&d->history);
	d->was_clean = false;
	d->found_why = AIPSNAP_WHY_NOT_SEALED;
	d->state = AIPSNAP_WAITING;
	return rc;
}

int aip_device_disable(struct aip_device *d)
{
	int rc = 0;

	if (!d->unsaved) {
		mutex_lock(&aip_table->lock);
		rc = write_empty(d);
		d->unsaved = !rc;
		/* it stays: the table's next try is not to disable it */
		if (rc)
			write_dirty(d);
		mutex_unlock(&aip_table->lock);
		if (rc)
			return rc;
	}
	aip_device_detach(d);
	device_free(d);
	return 0;
}

/* ---- lineages ------------------------------------------------------------ */

int aip_device_new_lineage(struct aip_device *d, u32 why)
{
	struct aip_tracker *t = d->tracker;
	struct aip_gen *gen, *old;
	bool adopted;

	if (!t)
		return -EINVAL;
	gen = aip_gen_new(aip_tracker_chunks(t));
	if (IS_ERR(gen))
		return PTR_ERR(gen);
	old = aip_tracker_switch(t, gen);
	synchronize_rcu();
	aip_tracker_settle(t, old, 10000);
	adopted = aip_history_last(&d->history) == old;
	aip_history_clear(&d->history);
	if (!adopted)
		aip_gen_free(old);
	aip_history_begin(&d->history, gen, why);
	d->was_clean = false;
	return 0;
}

/* Follows the same device number anew, as it is now; NULL: it cannot be. */
static struct aip_tracker *follow(struct aip_device *d)
{
	struct aip_tracker *t;
	u32 refused = 0;

	t = aip_tracker_new(d->dev, d->chunk_shift, &refused);
	if (IS_ERR(t))
		return NULL;
	t->device = d;
	if (!aip_registry_add(t))
		return t;
	aip_gen_free(t->open);
	aip_tracker_put(t);
	return NULL;
}

static void reattach(struct aip_device *d, struct aip_tracker *t, dev_t dev, u32 why)
{
	d->tracker = t;
	d->dev = dev;
	d->sectors = t->sectors;
	d->state = AIPSNAP_TRACKING;
	d->found_why = AIPSNAP_WHY_NONE;
	aip_history_begin(&d->history, t->open, why);
	/* the new size: DIRTY it says already */
	aip_device_write_dirty(d);
}

int aip_device_check(struct aip_device *d)
{
	bool starting = d->state == AIPSNAP_STARTING;
	struct aip_tracker *next;
	dev_t dev = d->dev;
	u32 why;
	int rc, rc2;

	if (!d->tracker || d->state == AIPSNAP_FAILED)
		return 0;
	/* sealed, but for its CLEAN: tracked again as soon as the table says DIRTY */
	if (d->state == AIPSNAP_SEALED && !d->was_clean) {
		aip_hold_kick(d->tracker);
		flush_work(&d->tracker->held_work);
	}
	rc = aip_tracker_check(d->tracker);
	if (!rc)
		return 0;
	/* the range is fixed while it is followed */
	pr_warn("aipsnap: slot %u (%s): the device %s: its lineage has ended\n", d->slot,
		d->identity.name,
		rc == -ENXIO	   ? "is gone"
		: rc == -ESTALE	   ? "has another medium"
		: rc == -EHOSTDOWN ? "has gone through hibernation"
				   : "was resized");
	rc2 = aip_device_write_dirty(d);
	/* the table says CLEAN, perhaps: its writes stay held, and fail, until it says DIRTY */
	if (rc2 && d->state == AIPSNAP_SEALED)
		return rc2;
	/* before the old one goes, which waits for what it counted: a write is in one of them, or in both */
	next = rc == -ENXIO || starting ? NULL : follow(d);
	aip_device_detach(d);
	aip_history_clear(&d->history);
	why = rc == -EFBIG	 ? AIPSNAP_WHY_RESIZED
	      : rc == -EHOSTDOWN ? AIPSNAP_WHY_SLEPT
				 : AIPSNAP_WHY_REPLACED;
	d->history.why = why;
	d->found_why = why;
	d->was_clean = false;
	d->state = AIPSNAP_FAILED;
	if (next)
		reattach(d, next, dev, why);
	return 0;
}

/* ---- status -------------------------------------------------------------- */

int aip_device_status(struct aipsnap_device *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	struct aip_gen *gen;

	if (!d)
		return -ENODEV;
	aip_device_check(d);
	memset(arg, 0, sizeof(*arg));
	arg->slot = d->slot;
	arg->state = d->state;
	arg->flags =
		(d->was_clean ? AIPSNAP_DEV_CLEAN : 0) | (d->unsaved ? AIPSNAP_DEV_UNSAVED : 0);
	arg->why = d->state == AIPSNAP_STARTING || d->state == AIPSNAP_WAITING ? d->found_why
									       : d->history.why;
	arg->chunk_shift = d->chunk_shift;
	arg->generations = d->history.nr;
	arg->sectors = d->sectors;
	arg->lineage = d->history.lineage;
	arg->lineage_time = d->history.time;
	arg->identity = d->identity;
	arg->fingerprint = d->fingerprint;
	list_for_each_entry (gen, &d->history.gens, list)
		arg->memory += aip_map_memory(&gen->map);
	arg->chunks = (d->sectors + (1ULL << (d->chunk_shift - 9)) - 1) >> (d->chunk_shift - 9);
	if (!d->tracker)
		return 0;
	arg->major = MAJOR(d->dev);
	arg->minor = MINOR(d->dev);
	arg->writes = aip_tracker_writes(d->tracker);
	arg->in_flight = aip_tracker_in_flight(d->tracker);
	arg->snapshots = aip_snapshot_count(d->tracker);
	if (d->tracker->uncounted)
		arg->flags |= AIPSNAP_DEV_UNCOUNTED;
	return 0;
}
