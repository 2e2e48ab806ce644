// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracker.c: see tracker.h.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "hold.h"
#include "own.h"
#include "sleep.h"
#include "snapshot.h"
#include "tracker.h"

#define DRAIN_MS 30000

/* What a filter cannot see or prove, as far as the kernel can tell. */
static u32 refuse(struct block_device *bdev)
{
	struct gendisk *disk = bdev->bd_disk;

	if (aip_snapshot_is_disk(disk))
		return AIPSNAP_WHY_OWN;
	if (bdev_is_zoned(bdev))
		return AIPSNAP_WHY_ZONED;
	if (aip_disk_rw_page(disk))
		return AIPSNAP_WHY_RW_PAGE;
	if (aip_bdev_dax(bdev))
		return AIPSNAP_WHY_DAX;
	if (disk->flags & GENHD_FL_REMOVABLE)
		return AIPSNAP_WHY_REMOVABLE;
	return AIPSNAP_WHY_NONE;
}

/* Fills in what the device is; its disk is pinned on success. */
static int attach(struct aip_tracker *t, dev_t dev, u32 *why)
{
	struct aip_bdev b;
	int rc;

	rc = aip_bdev_open(&b, dev, false, NULL);
	if (rc)
		return rc;
	*why = refuse(b.bdev);
	if (*why) {
		rc = -EOPNOTSUPP;
		goto close;
	}
	t->disk = b.bdev->bd_disk;
	t->partno = aip_bdev_partno(b.bdev);
	t->diskseq = aip_disk_seq(t->disk);
	rc = aip_part_range(t->disk, t->partno, &t->start, &t->sectors);
	if (rc)
		goto close;
	if (!t->sectors) {
		rc = -ENXIO;
		goto close;
	}
	if (aip_tracker_chunks(t) > AIP_MAP_MAX) {
		*why = AIPSNAP_WHY_TOO_LARGE;
		rc = -EOPNOTSUPP;
		goto close;
	}
	if (!try_module_get(t->disk->fops->owner)) {
		rc = -ENXIO;
		goto close;
	}
	t->owner = t->disk->fops->owner;
	get_device(disk_to_dev(t->disk));
	if (aip_disk_needs_open(t->disk)) {
		t->keep = b;
		return 0;
	}
close:
	aip_bdev_close(&b);
	return rc;
}

static void detach(struct aip_tracker *t)
{
	aip_bdev_close(&t->keep);
	put_device(disk_to_dev(t->disk));
	module_put(t->owner);
}

struct aip_tracker *aip_tracker_new(dev_t dev, u32 chunk_shift, u32 *why)
{
	struct aip_tracker *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int rc;

	if (!t)
		return ERR_PTR(-ENOMEM);
	__module_get(THIS_MODULE);
	t->shift = chunk_shift - SECTOR_SHIFT;
	spin_lock_init(&t->held_lock);
	bio_list_init(&t->held);
	INIT_WORK(&t->held_work, aip_hold_work);
	INIT_HLIST_NODE(&t->hash);
	t->slept = aip_sleep_count();
	rc = attach(t, dev, why);
	if (rc)
		goto free;
	rc = aip_flights_init(&t->flights);
	if (rc)
		goto detach;
	t->open = aip_gen_new(aip_tracker_chunks(t));
	if (IS_ERR(t->open)) {
		rc = PTR_ERR(t->open);
		goto flights;
	}
	t->open->count = t->flights.side[t->open->side];
	return t;

flights:
	aip_flights_destroy(&t->flights);
detach:
	detach(t);
free:
	kfree(t);
	module_put(THIS_MODULE);
	return ERR_PTR(rc);
}

void aip_tracker_put(struct aip_tracker *t)
{
	int side;

	flush_work(&t->held_work);
	for (side = 0; side < 2; side++)
		if (aip_flights_wait(&t->flights, side, DRAIN_MS)) {
			pr_err("aipsnap: %s: writes do not come to an end; the driver stays in memory\n",
			       t->disk->disk_name);
			return;
		}
	aip_flights_destroy(&t->flights);
	detach(t);
	kfree(t);
	module_put(THIS_MODULE);
}

u64 aip_tracker_writes(const struct aip_tracker *t)
{
	return aip_flights_begun(&t->flights, 0) + aip_flights_begun(&t->flights, 1);
}

u64 aip_tracker_in_flight(const struct aip_tracker *t)
{
	return aip_flights_open(&t->flights, 0) + aip_flights_open(&t->flights, 1);
}

int aip_tracker_check(const struct aip_tracker *t)
{
	sector_t start, sectors;
	int rc;

	rc = aip_part_range(t->disk, t->partno, &start, &sectors);
	if (rc)
		return rc;
	if (aip_disk_seq(t->disk) != t->diskseq)
		return -ESTALE;
	if (aip_sleep_count() != t->slept)
		return -EHOSTDOWN;
	if (start != t->start || sectors != t->sectors || READ_ONCE(t->overrun))
		return -EFBIG;
	return 0;
}

struct aip_gen *aip_tracker_switch(struct aip_tracker *t, struct aip_gen *gen)
{
	struct aip_gen *old = t->open;

	gen->side = !old->side;
	gen->count = t->flights.side[gen->side];
	/* left over from the generation before `old`: marked in `old`, see settle */
	t->stuck = aip_flights_open(&t->flights, gen->side);
	/* the generation is complete before anybody can find it */
	smp_store_release(&t->open, gen);
	return old;
}

void aip_tracker_settle(struct aip_tracker *t, struct aip_gen *old, unsigned int timeout_ms)
{
	bool late = aip_flights_wait(&t->flights, old->side, timeout_ms) != 0;

	if (late)
		pr_warn("aipsnap: %s: %llu writes older than the generation do not end: counted in both\n",
			t->disk->disk_name, aip_flights_open(&t->flights, old->side));
	if (late || t->stuck || READ_ONCE(t->uncounted))
		aip_map_or(&t->open->map, &old->map);
}

/* A write that is only in part on the device. */
static void clip(struct aip_tracker *t, struct aip_gen *gen, sector_t sector, unsigned int nr)
{
	sector_t first = max(sector, t->start) - t->start;
	sector_t last = min(sector + nr, t->start + t->sectors) - 1 - t->start;

	aip_map_mark(&gen->map, first >> t->shift, last >> t->shift);
	if (!t->partno && sector + nr > t->start + t->sectors)
		WRITE_ONCE(t->overrun, true);
}

void aip_tracker_mark(struct aip_tracker *t, sector_t sector, unsigned int nr)
{
	preempt_disable();
	clip(t, READ_ONCE(t->open), sector, nr);
	preempt_enable();
}

/*
 * A write that the hook has not held comes while the table says CLEAN (it was
 * past the hook when that was armed).  A bio that is redirected in place has not
 * come to its device yet: submit_bio_noacct, and the hook, follow.
 */
static void unheld(struct aip_tracker *t, struct bio *bio)
{
	if (bio_flagged(bio, BIO_TRACE_COMPLETION))
		aip_hold_kick(t);
	else if (bio->bi_iter.bi_size) /* else another device of the same disk holds it */
		aip_hold_divert(t, bio);
}

void aip_tracker_account(struct aip_tracker *t, struct bio *bio, sector_t sector, unsigned int nr)
{
	sector_t from = sector - t->start;
	bool inside = from < t->sectors && nr <= t->sectors - from;
	struct aip_flight *flight;
	struct aip_gen *gen;

	if (!inside && !aip_tracker_touches(t, sector, nr)) {
		/* beyond the end of a whole disk: it has grown */
		if (!t->partno)
			WRITE_ONCE(t->overrun, true);
		return;
	}
	if (unlikely(READ_ONCE(t->guard))) {
		if (aip_own_bio(bio))
			return;
		if (READ_ONCE(t->guard) == AIP_HOLD)
			unheld(t, bio);
	}
	gen = READ_ONCE(t->open);
	flight = aip_flight_get() ?: aip_flight_refill();
	if (likely(flight)) {
		aip_flight_begin(flight, gen->count, bio);
	} else {
		aip_flight_lost(gen->count);
		WRITE_ONCE(t->uncounted, true);
	}
	if (inside)
		aip_map_mark(&gen->map, from >> t->shift, (from + nr - 1) >> t->shift);
	else
		clip(t, gen, sector, nr);
}
