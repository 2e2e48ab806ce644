// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c: see snapshot.h.
 */
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cow.h"
#include "device.h"
#include "hold.h"
#include "snapshot.h"

struct aip_snapshot_set {
	refcount_t refs;
	u64 number;
	u32 gate; /* enum aip_cow_gate */
	bool used;
};

struct aip_snapshot {
	u32 number;
	u32 slot;
	struct aip_tracker *tracker; /* NULL: ended, only the disk is left */
	struct aip_snapshot_set *set;
	struct aip_cow cow;
	struct gendisk *disk;
	u32 why;
	u64 room, used; /* as it ended */
	u32 shift;
	u64 sectors;
	s64 time;
	struct aipsnap_id opened;
	atomic_t openers;
};

static struct aip_snapshot *snapshots[AIPSNAP_MAX_SNAPSHOTS];
static int snapshot_major;

/* ---- sets ---------------------------------------------------------------- */

struct aip_snapshot_set *aip_snapshot_set_new(void)
{
	static u64 number;
	struct aip_snapshot_set *set = kzalloc(sizeof(*set), GFP_KERNEL);

	if (!set)
		return NULL;
	refcount_set(&set->refs, 1);
	set->number = ++number;
	return set;
}

void aip_snapshot_set_put(struct aip_snapshot_set *set)
{
	if (set && refcount_dec_and_test(&set->refs))
		kfree(set);
}

bool aip_snapshot_set_used(const struct aip_snapshot_set *set)
{
	return set->used;
}

u64 aip_snapshot_set_number(const struct aip_snapshot_set *set)
{
	return set->number;
}

void aip_snapshot_close_gate(struct aip_snapshot_set *set)
{
	WRITE_ONCE(set->gate, AIP_GATE_CLOSED);
}

void aip_snapshot_open_gate(struct aip_snapshot_set *set)
{
	u32 i;

	/* after the switch of the generations */
	smp_store_release(&set->gate, AIP_GATE_COPY);
	for (i = 0; i < AIPSNAP_MAX_SNAPSHOTS; i++)
		if (snapshots[i] && snapshots[i]->tracker && snapshots[i]->set == set)
			aip_cow_kick(&snapshots[i]->cow);
}

/* ---- the disk ------------------------------------------------------------ */

static DEFINE_SPINLOCK(open_lock);

static int snap_open(struct gendisk *disk)
{
	struct aip_snapshot *s;
	int rc = -ENXIO;

	/* a kernel that finds the disk before it is deleted can come here after that */
	spin_lock(&open_lock);
	s = disk->private_data;
	if (s) {
		atomic_inc(&s->openers);
		rc = 0;
	}
	spin_unlock(&open_lock);
	return rc;
}

/* Nobody opens it any more; -EBUSY: somebody has. */
static int close_disk(struct aip_snapshot *s)
{
	int rc = -EBUSY;

	spin_lock(&open_lock);
	if (!atomic_read(&s->openers)) {
		s->disk->private_data = NULL;
		rc = 0;
	}
	spin_unlock(&open_lock);
	return rc;
}

static void snap_release(struct gendisk *disk)
{
	struct aip_snapshot *s = disk->private_data;

	atomic_dec(&s->openers);
}

static void snap_submit(struct bio *bio)
{
	struct aip_snapshot *s = aip_bio_disk(bio)->private_data;

	if (op_is_write(bio->bi_opf) && bio_sectors(bio))
		bio_io_error(bio);
	else if (!bio_sectors(bio))
		bio_endio(bio);
	else
		aip_cow_read(&s->cow, bio);
}

AIP_DISK_FOPS(snap_fops, snap_open, snap_release, snap_submit);

bool aip_snapshot_is_disk(const struct gendisk *disk)
{
	return disk->fops == &snap_fops;
}

/* ---- making -------------------------------------------------------------- */

static struct aip_snapshot *snapshot_new(struct aip_tracker *t, struct aip_snapshot_set *set)
{
	struct aip_snapshot *s;
	u32 n;

	for (n = 0; n < AIPSNAP_MAX_SNAPSHOTS && snapshots[n]; n++)
		;
	if (n == AIPSNAP_MAX_SNAPSHOTS)
		return ERR_PTR(-ENOSPC);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->number = n;
	s->slot = t->device->slot;
	s->shift = t->shift;
	s->sectors = t->sectors;
	s->set = set;
	refcount_inc(&set->refs);
	snapshots[n] = s;
	return s;
}

static void snapshot_free(struct aip_snapshot *s)
{
	snapshots[s->number] = NULL;
	aip_snapshot_set_put(s->set);
	kfree(s);
}

struct aip_snapshot *aip_snapshot_prepare(struct aip_tracker *t, struct aipsnap_member *u,
					  struct aip_snapshot_set *set)
{
	struct aip_snapshot *s;
	int rc;

	/* one that has failed makes room */
	if (t->snapshot && t->snapshot->cow.why)
		aip_snapshot_end_all(t, t->snapshot->cow.why);
	if (t->snapshot)
		return ERR_PTR(-EBUSY);
	s = snapshot_new(t, set);
	if (IS_ERR(s))
		return s;
	rc = aip_cow_init(&s->cow, t, t->device->dev, u, &set->gate);
	if (rc)
		goto free;
	rc = aip_hold_get();
	if (rc) {
		u->why = AIPSNAP_WHY_NO_HOOK;
		goto cow;
	}
	s->tracker = t;
	smp_store_release(&t->snapshot, s);
	set->used = true;
	return s;

cow:
	aip_cow_exit(&s->cow);
free:
	snapshot_free(s);
	return ERR_PTR(rc);
}

/* Lets go of origin and storage; the disk, if there is one, stays. */
static void end(struct aip_snapshot *s, u32 why)
{
	struct aip_tracker *t = s->tracker;

	if (!t)
		return;
	aip_cow_fail(&s->cow, why);
	s->why = s->cow.why;
	WRITE_ONCE(t->snapshot, NULL);
	synchronize_rcu();
	aip_cow_drain(&s->cow);
	s->room = s->cow.store.room;
	s->used = s->cow.store.used;
	s->tracker = NULL;
	aip_cow_exit(&s->cow);
	aip_hold_put();
}

void aip_snapshot_discard(struct aip_snapshot *s)
{
	end(s, AIPSNAP_WHY_STOPPED);
	snapshot_free(s);
}

static int make_disk(struct aip_snapshot *s)
{
	struct gendisk *disk;
	int rc;

	disk = aip_disk_alloc(&snap_fops, bdev_logical_block_size(s->cow.origin.bdev));
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	disk->major = snapshot_major;
	disk->first_minor = s->number;
	disk->minors = 1;
	disk->private_data = s;
	snprintf(disk->disk_name, sizeof(disk->disk_name), "aipsnap%u", s->number);
	set_capacity(disk, s->sectors);
	set_disk_ro(disk, true);
	s->disk = disk;
	rc = aip_disk_add(disk);
	if (rc) {
		aip_disk_free(disk);
		s->disk = NULL;
	}
	return rc;
}

int aip_snapshot_publish(struct aip_snapshot *s, struct aipsnap_member *u)
{
	int rc;

	s->time = ktime_get_real_seconds();
	s->opened = u->opened;
	rc = aip_own_ranges(s->tracker, &s->cow.own, &s->cow.nr_own);
	rc = rc ?: make_disk(s);
	if (rc) {
		aip_snapshot_discard(s);
		return rc;
	}
	u->snapshot = s->number;
	u->major = snapshot_major;
	u->minor = s->number;
	return 0;
}

/* ---- life ---------------------------------------------------------------- */

bool aip_snapshot_hold(struct aip_tracker *t, struct bio *bio, sector_t sector, unsigned int nr)
{
	struct aip_snapshot *s = smp_load_acquire(&t->snapshot);

	return s && aip_cow_hold(&s->cow, bio, sector, nr);
}

void aip_snapshot_end_all(struct aip_tracker *t, u32 why)
{
	if (t->snapshot)
		end(t->snapshot, why);
}

bool aip_snapshot_is_stored_on(const struct aip_snapshot *s, struct aip_tracker *t)
{
	return aip_store_is_on(&s->cow.store, t);
}

void aip_snapshot_end_stored(struct aip_tracker *t, u32 why)
{
	int i;

	for (i = 0; i < AIPSNAP_MAX_SNAPSHOTS; i++)
		if (snapshots[i] && snapshots[i]->tracker &&
		    aip_store_is_on(&snapshots[i]->cow.store, t))
			end(snapshots[i], why);
}

int aip_snapshot_remove(u32 n)
{
	struct aip_snapshot *s;

	s = n < AIPSNAP_MAX_SNAPSHOTS ? snapshots[array_index_nospec(n, AIPSNAP_MAX_SNAPSHOTS)]
				      : NULL;
	if (!s)
		return -ENODEV;
	if (close_disk(s))
		return -EBUSY;
	end(s, AIPSNAP_WHY_STOPPED);
	del_gendisk(s->disk);
	aip_disk_free(s->disk);
	snapshot_free(s);
	return 0;
}

int aip_snapshot_status(struct aipsnap_snapshot *arg)
{
	u32 n = arg->snapshot;
	struct aip_snapshot *s;

	s = n < AIPSNAP_MAX_SNAPSHOTS ? snapshots[array_index_nospec(n, AIPSNAP_MAX_SNAPSHOTS)]
				      : NULL;
	if (!s)
		return -ENODEV;
	memset(arg, 0, sizeof(*arg));
	arg->snapshot = n;
	arg->slot = s->slot;
	arg->major = snapshot_major;
	arg->minor = n;
	arg->why = s->tracker ? READ_ONCE(s->cow.why) : s->why;
	arg->flags = arg->why ? AIPSNAP_SNAP_FAILED : 0;
	arg->chunk_shift = s->shift + SECTOR_SHIFT;
	arg->openers = atomic_read(&s->openers);
	arg->set = s->set->number;
	arg->sectors = s->sectors;
	arg->store_chunks = s->tracker ? s->cow.store.room : s->room;
	arg->store_used = s->tracker ? READ_ONCE(s->cow.store.used) : s->used;
	arg->time = s->time;
	arg->opened = s->opened;
	return 0;
}

u32 aip_snapshot_count(const struct aip_tracker *t)
{
	return aip_snapshot_is_copying(t);
}

u32 aip_snapshot_total(void)
{
	u32 n, sum = 0;

	for (n = 0; n < AIPSNAP_MAX_SNAPSHOTS; n++)
		sum += !!snapshots[n];
	return sum;
}

bool aip_snapshot_is_copying(const struct aip_tracker *t)
{
	/* those of the switch under way (their gate is not open yet) are not older than it */
	return t->snapshot && !t->snapshot->cow.why && t->snapshot->set->gate == AIP_GATE_COPY;
}

int aip_snapshot_init(void)
{
	int rc;

	rc = aip_cow_module_init();
	if (rc)
		return rc;
	snapshot_major = register_blkdev(0, "aipsnap");
	if (snapshot_major < 0) {
		aip_cow_module_exit();
		return snapshot_major;
	}
	return 0;
}

void aip_snapshot_exit(void)
{
	u32 n;

	/* nothing is tracked any more: what is left are disks of ended snapshots */
	for (n = 0; n < AIPSNAP_MAX_SNAPSHOTS; n++)
		if (snapshots[n])
			aip_snapshot_remove(n);
	unregister_blkdev(snapshot_major, "aipsnap");
	aip_cow_module_exit();
}
