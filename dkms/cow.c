// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow.c: see cow.h.
 *
 * One worker a snapshot does the copying, step by step, and never waits for
 * I/O; another one submits what may go, since that can wait (for tags, for a
 * throttled queue) for completions that need nothing of ours.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "cow.h"
#include "hold.h"
#include "own.h"

#define COPY_BYTES (2U << 20) /* of buffers a snapshot */
#define COPY_MIN   2U
#define COPY_MAX   32U
#define READS_MIN  16
/* of one chunk's way to the storage */
#define STORE_LIMIT (60 * HZ)

enum stage {
	STAGE_READ,
	STAGE_WRITE,
};

/*
 * Bios that may go, and who submits them.  That can take as long as the device
 * below wants (it may hang), and the end of a snapshot does not wait for it.
 */
struct aip_release {
	refcount_t refs;
	spinlock_t lock;
	struct bio_list bios;
	struct work_struct work;
};

/* A chunk on its way to the store. */
struct aip_copy {
	struct list_head list;
	struct aip_cow *cow;
	u64 chunk;
	u64 place;
	enum stage stage;
	unsigned long since; /* STAGE_WRITE, jiffies */
	int error;
	atomic_t pending;
	struct bio_list waiters;
	struct page *pages[];
};

/* A read of the image; `pending` counts its pieces and the splitting itself. */
struct aip_read {
	struct aip_cow *cow;
	struct bio *bio;
	atomic_t pending;
	blk_status_t status;
};

/* A piece of it, within one chunk and without a seam in the store. */
struct aip_piece {
	struct list_head list;
	struct aip_read *read;
	struct bvec_iter iter;
	bool from_origin;
	struct bio bio; /* last */
};

static struct workqueue_struct *copy_wq, *release_wq;

static u32 chunk_sectors(const struct aip_cow *cow, u64 chunk)
{
	return min_t(u64, 1ULL << cow->shift, cow->sectors - (chunk << cow->shift));
}

static bool is_copied(const struct aip_cow *cow, u64 chunk)
{
	return test_bit(chunk, cow->copied);
}

/* The first chunk of a write that is not copied; false: all are. */
static bool next_chunk(struct aip_cow *cow, struct bio *bio, sector_t sector, unsigned int nr,
		       u64 *chunk)
{
	struct aip_tracker *t = cow->tracker;
	u64 from = max_t(u64, sector, t->start) - t->start;
	u64 last = min_t(u64, sector + nr, t->start + cow->sectors) - 1 - t->start;

	*chunk = find_next_zero_bit(cow->copied, (last >> cow->shift) + 1, from >> cow->shift);
	return *chunk <= last >> cow->shift;
}

/* ---- bios come in, bios go out ------------------------------------------- */

bool aip_cow_hold(struct aip_cow *cow, struct bio *bio, sector_t sector, unsigned int nr)
{
	u32 gate = READ_ONCE(*cow->gate);
	unsigned long flags;
	bool held = false;
	u64 chunk;

	if (gate == AIP_GATE_BEFORE || READ_ONCE(cow->why))
		return false;
	if (gate == AIP_GATE_COPY && !next_chunk(cow, bio, sector, nr, &chunk))
		return false;
	spin_lock_irqsave(&cow->lock, flags);
	if (!cow->why) {
		bio->bi_opf &= ~AIP_REQ_POLLED;
		bio_list_add(&cow->pending, bio);
		held = true;
	}
	spin_unlock_irqrestore(&cow->lock, flags);
	if (held)
		queue_work(copy_wq, &cow->work);
	return held;
}

void aip_cow_kick(struct aip_cow *cow)
{
	queue_work(copy_wq, &cow->work);
}

static void release_put(struct aip_release *r)
{
	if (r && refcount_dec_and_test(&r->refs))
		kfree(r);
}

static void release(struct aip_cow *cow, struct bio_list *bios)
{
	struct aip_release *r = cow->release;

	if (bio_list_empty(bios))
		return;
	spin_lock_irq(&r->lock);
	bio_list_merge(&r->bios, bios);
	spin_unlock_irq(&r->lock);
	bio_list_init(bios);
	refcount_inc(&r->refs);
	if (!queue_work(release_wq, &r->work))
		refcount_dec(&r->refs);
}

static void release_worker(struct work_struct *work)
{
	struct aip_release *r = container_of(work, struct aip_release, work);
	struct blk_plug plug;
	struct bio_list bios;
	struct bio *bio;

	spin_lock_irq(&r->lock);
	bios = r->bios;
	bio_list_init(&r->bios);
	spin_unlock_irq(&r->lock);
	blk_start_plug(&plug);
	while ((bio = bio_list_pop(&bios)))
		aip_hold_resubmit(bio);
	blk_finish_plug(&plug);
	release_put(r);
}

static struct aip_release *release_new(void)
{
	struct aip_release *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	refcount_set(&r->refs, 1);
	spin_lock_init(&r->lock);
	bio_list_init(&r->bios);
	INIT_WORK(&r->work, release_worker);
	return r;
}

void aip_cow_fail(struct aip_cow *cow, u32 why)
{
	spin_lock_irq(&cow->lock);
	if (!cow->why)
		WRITE_ONCE(cow->why, why);
	spin_unlock_irq(&cow->lock);
	queue_work(copy_wq, &cow->work);
}

/* ---- copying ------------------------------------------------------------- */

static void copy_step_done(struct aip_copy *c)
{
	struct aip_cow *cow = c->cow;
	unsigned long flags;

	if (!atomic_dec_and_test(&c->pending))
		return;
	spin_lock_irqsave(&cow->lock, flags);
	list_move_tail(&c->list, &cow->done);
	queue_work(copy_wq, &cow->work);
	spin_unlock_irqrestore(&cow->lock, flags);
}

static void copy_endio(struct bio *bio)
{
	struct aip_copy *c = bio->bi_private;

	if (bio->bi_status)
		WRITE_ONCE(c->error, blk_status_to_errno(bio->bi_status));
	bio_put(bio);
	copy_step_done(c);
}

/* Submits I/O of `nr` sectors of the buffer from `offset` on. */
static void copy_submit(struct aip_copy *c, struct block_device *bdev, blk_opf_t opf, u64 sector,
			u32 offset, u32 nr)
{
	u32 end = offset + nr;
	struct bio *bio;

	bio = aip_bio_alloc_bs(bdev, DIV_ROUND_UP(nr, PAGE_SECTORS) + 1, opf, GFP_NOIO,
			       &c->cow->bs);
	bio->bi_iter.bi_sector = sector;
	bio->bi_private = c;
	bio->bi_end_io = copy_endio;
	while (offset < end) {
		u32 in_page = offset % PAGE_SECTORS;
		u32 len = min_t(u32, PAGE_SECTORS - in_page, end - offset);

		__bio_add_page(bio, c->pages[offset / PAGE_SECTORS], len << SECTOR_SHIFT,
			       in_page << SECTOR_SHIFT);
		offset += len;
	}
	atomic_inc(&c->pending);
	submit_bio_noacct(bio);
}

static void copy_read(struct aip_copy *c)
{
	struct aip_cow *cow = c->cow;

	c->stage = STAGE_READ;
	c->error = 0;
	atomic_set(&c->pending, 1);
	copy_submit(c, cow->origin.bdev, REQ_OP_READ, c->chunk << cow->shift, 0,
		    chunk_sectors(cow, c->chunk));
	copy_step_done(c);
}

static void copy_write(struct aip_copy *c)
{
	u32 nr = chunk_sectors(c->cow, c->chunk), done = 0;

	WRITE_ONCE(c->since, jiffies);
	smp_store_release(&c->stage, STAGE_WRITE);
	queue_delayed_work(copy_wq, &c->cow->watch, STORE_LIMIT / 4);
	atomic_set(&c->pending, 1);
	while (done < nr) {
		struct block_device *bdev;
		u64 sector, there;

		bdev = aip_store_map(&c->cow->store, c->place, done, &sector, &there);
		if (!bdev) {
			c->error = -EIO;
			break;
		}
		there = min_t(u64, there, nr - done);
		copy_submit(c, bdev, REQ_OP_WRITE, sector, done, there);
		done += there;
	}
	copy_step_done(c);
}

/*
 * Storage that hangs must not hold up the origin for ever: it can hang because of that.  (It lies on a logical
 * volume above the origin, and device-mapper suspends that volume, and waits for its writes, and keeps ours.)
 */
static void watch(struct work_struct *work)
{
	struct aip_cow *cow = container_of(to_delayed_work(work), struct aip_cow, watch);
	bool any = false, stuck = false;
	struct aip_copy *c;

	spin_lock_irq(&cow->lock);
	list_for_each_entry (c, &cow->active, list) {
		if (smp_load_acquire(&c->stage) != STAGE_WRITE)
			continue;
		any = true;
		stuck |= time_after(jiffies, READ_ONCE(c->since) + STORE_LIMIT);
	}
	spin_unlock_irq(&cow->lock);
	/* twice: a machine that stood still has time running before its disks */
	if (stuck && cow->late) {
		pr_warn("aipsnap: a difference storage hangs: its snapshot ends\n");
		aip_cow_fail(cow, AIPSNAP_WHY_STORE_IO);
	} else if (any) {
		queue_delayed_work(copy_wq, &cow->watch, STORE_LIMIT / 4);
	}
	cow->late = stuck;
}

/* It has ended: what waits for copies that are under way need not. */
static void release_waiters(struct aip_cow *cow)
{
	struct bio_list all = BIO_EMPTY_LIST;
	struct aip_copy *c;

	spin_lock_irq(&cow->lock);
	list_for_each_entry (c, &cow->active, list) {
		bio_list_merge(&all, &c->waiters);
		bio_list_init(&c->waiters);
	}
	spin_unlock_irq(&cow->lock);
	release(cow, &all);
}

/* The copy is over, well or not: its waiters may go. */
static void copy_finish(struct aip_copy *c)
{
	struct aip_cow *cow = c->cow;

	release(cow, &c->waiters);
	spin_lock_irq(&cow->lock);
	list_move(&c->list, &cow->idle);
	spin_unlock_irq(&cow->lock);
}

static void copy_next(struct aip_copy *c)
{
	struct aip_cow *cow = c->cow;

	if (c->error && !cow->why)
		aip_cow_fail(cow,
			     c->stage == STAGE_READ ? AIPSNAP_WHY_ORIGIN_IO : AIPSNAP_WHY_STORE_IO);
	if (cow->why) {
		copy_finish(c);
		return;
	}
	if (c->stage == STAGE_READ) {
		spin_lock_irq(&cow->lock);
		list_move(&c->list, &cow->active);
		spin_unlock_irq(&cow->lock);
		copy_write(c);
		return;
	}
	if (xa_err(xa_store(&cow->places, c->chunk, xa_mk_value(c->place), GFP_NOIO))) {
		aip_cow_fail(cow, AIPSNAP_WHY_MEMORY);
		copy_finish(c);
		return;
	}
	/* place, then bit, then the writers: a read that sees no bit has read before them */
	smp_mb__before_atomic();
	set_bit(c->chunk, cow->copied);
	smp_mb__after_atomic();
	copy_finish(c);
}

static struct aip_copy *find_copy(struct aip_cow *cow, u64 chunk)
{
	struct aip_copy *c;

	list_for_each_entry (c, &cow->active, list)
		if (c->chunk == chunk)
			return c;
	list_for_each_entry (c, &cow->done, list)
		if (c->chunk == chunk)
			return c;
	return NULL;
}

/*
 * What has been in the account already comes back to the hook as the rest of a bio that was split, from a
 * queue of device-mapper, from another path: it was marked before the switch, perhaps, is kept out of the image,
 * and the tracepoint will not tell of it again.
 */
static void mark_again(struct aip_cow *cow, struct bio *bio)
{
	if (bio_flagged(bio, BIO_TRACE_COMPLETION))
		aip_tracker_mark(cow->tracker, bio->bi_iter.bi_sector + aip_bio_base(bio),
				 bio_sectors(bio));
}

/* Finds out what a held write waits for; false: no buffer is free. */
static bool take(struct aip_cow *cow, struct bio *bio)
{
	struct bio_list one = BIO_EMPTY_LIST;
	struct aip_copy *c;
	u64 chunk;

	mark_again(cow, bio);
	if (cow->why || !next_chunk(cow, bio, bio->bi_iter.bi_sector + aip_bio_base(bio),
				    bio_sectors(bio), &chunk)) {
		bio_list_add(&one, bio);
		release(cow, &one);
		return true;
	}
	spin_lock_irq(&cow->lock);
	c = find_copy(cow, chunk);
	if (c) {
		bio_list_add(&c->waiters, bio);
		spin_unlock_irq(&cow->lock);
		return true;
	}
	c = list_first_entry_or_null(&cow->idle, struct aip_copy, list);
	if (c) {
		list_move(&c->list, &cow->active);
		c->chunk = chunk;
		/* watch() is not to see how its last use ended */
		c->stage = STAGE_READ;
	}
	spin_unlock_irq(&cow->lock);
	if (!c)
		return false;
	bio_list_add(&c->waiters, bio);
	if (!aip_store_alloc(&cow->store, &c->place)) {
		aip_cow_fail(cow, AIPSNAP_WHY_FULL);
		copy_finish(c);
		return true;
	}
	copy_read(c);
	return true;
}

static struct aip_copy *pop_done(struct aip_cow *cow)
{
	struct aip_copy *c;

	spin_lock_irq(&cow->lock);
	c = list_first_entry_or_null(&cow->done, struct aip_copy, list);
	if (c)
		list_move(&c->list, &cow->active);
	spin_unlock_irq(&cow->lock);
	return c;
}

static struct bio *pop_pending(struct aip_cow *cow)
{
	struct bio *bio;

	spin_lock_irq(&cow->lock);
	bio = bio_list_pop(&cow->pending);
	spin_unlock_irq(&cow->lock);
	return bio;
}

static void read_again(struct aip_cow *cow);

static void copy_worker(struct work_struct *work)
{
	struct aip_cow *cow = container_of(work, struct aip_cow, work);
	struct blk_plug plug;
	struct aip_copy *c;
	struct bio *bio;

	/* switch first, then look: what is let go has to be marked in the new generation */
	if (READ_ONCE(*cow->gate) != AIP_GATE_COPY && !READ_ONCE(cow->why))
		return;
	blk_start_plug(&plug);
	read_again(cow);
	while ((c = pop_done(cow)))
		copy_next(c);
	if (READ_ONCE(cow->why))
		release_waiters(cow);
	while ((bio = pop_pending(cow))) {
		if (take(cow, bio))
			continue;
		spin_lock_irq(&cow->lock);
		bio_list_add_head(&cow->pending, bio);
		spin_unlock_irq(&cow->lock);
		break;
	}
	blk_finish_plug(&plug);
}

/* ---- reading the image --------------------------------------------------- */

static void read_put(struct aip_read *r)
{
	struct aip_cow *cow = r->cow;
	struct bio *bio = r->bio;

	if (!atomic_dec_and_test(&r->pending))
		return;
	bio->bi_status = r->status;
	if (READ_ONCE(cow->why) && !r->status)
		bio->bi_status = BLK_STS_IOERR;
	mempool_free(r, &cow->reads);
	bio_endio(bio);
	atomic_dec(&cow->readers);
}

/* Zeroes what is our own in a piece that has been read. */
static void zero_own(struct aip_cow *cow, struct aip_piece *p)
{
	u64 first = p->iter.bi_sector, end = first + (p->iter.bi_size >> SECTOR_SHIFT);
	u32 lo = 0, hi = cow->nr_own;

	/* the last range that begins before `end`, then backwards */
	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (cow->own[mid].first < end)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo-- > 0) {
		const struct aip_range *own = &cow->own[lo];
		struct bvec_iter it = p->iter;
		struct bio_vec bv;
		u64 at = first;

		if (own->first + own->nr <= first)
			break;
		__bio_for_each_segment(bv, p->read->bio, it, p->iter)
		{
			u64 next = at + (bv.bv_len >> SECTOR_SHIFT);
			u64 from = max(at, own->first), to = min(next, own->first + own->nr);

			if (from < to)
				memset(page_address(bv.bv_page) + bv.bv_offset +
					       ((from - at) << SECTOR_SHIFT),
				       0, (to - from) << SECTOR_SHIFT);
			at = next;
		}
	}
}

static void piece_endio(struct bio *bio)
{
	struct aip_piece *p = container_of(bio, struct aip_piece, bio);
	struct aip_read *r = p->read;
	struct aip_cow *cow = r->cow;
	unsigned long flags;

	smp_rmb(); /* the data came before this look at the bit */
	if (p->from_origin && is_copied(cow, p->iter.bi_sector >> cow->shift)) {
		spin_lock_irqsave(&cow->lock, flags);
		list_add_tail(&p->list, &cow->again);
		queue_work(copy_wq, &cow->work);
		spin_unlock_irqrestore(&cow->lock, flags);
		return;
	}
	if (bio->bi_status)
		r->status = bio->bi_status;
	else
		zero_own(cow, p);
	bio_put(bio);
	read_put(r);
}

/* Reads the part `iter` of the image's bio, piece by piece. */
static void read_range(struct aip_read *r, struct bvec_iter iter)
{
	struct aip_cow *cow = r->cow;

	while (iter.bi_size) {
		u64 sector = iter.bi_sector, chunk = sector >> cow->shift, at, nr;
		u32 offset = sector - (chunk << cow->shift);
		bool copied = is_copied(cow, chunk);
		struct block_device *bdev = cow->origin.bdev;
		struct aip_piece *p;
		struct bio *bio;

		nr = min_t(u64, iter.bi_size >> SECTOR_SHIFT, (1U << cow->shift) - offset);
		at = sector;
		if (copied) {
			u64 there;

			smp_rmb(); /* bit, then place */
			bdev = aip_store_map(&cow->store, xa_to_value(xa_load(&cow->places, chunk)),
					     offset, &at, &there);
			if (!bdev) {
				r->status = BLK_STS_IOERR;
				return;
			}
			nr = min(nr, there);
		}
		bio = aip_bio_clone(bdev, r->bio, GFP_NOIO, &cow->read_bs);
		p = container_of(bio, struct aip_piece, bio);
		p->read = r;
		p->iter = iter;
		p->iter.bi_size = nr << SECTOR_SHIFT;
		p->from_origin = !copied;
		bio->bi_iter = p->iter;
		bio->bi_iter.bi_sector = at;
		bio->bi_end_io = piece_endio;
		bio->bi_private = NULL;
		bio_advance_iter(r->bio, &iter, nr << SECTOR_SHIFT);
		atomic_inc(&r->pending);
		submit_bio_noacct(bio);
	}
}

/* Pieces that a write may have overtaken: now from the store. */
static void read_again(struct aip_cow *cow)
{
	struct aip_piece *p, *next;
	LIST_HEAD(again);

	spin_lock_irq(&cow->lock);
	list_splice_init(&cow->again, &again);
	spin_unlock_irq(&cow->lock);
	list_for_each_entry_safe (p, next, &again, list) {
		struct aip_read *r = p->read;
		struct bvec_iter iter = p->iter;

		bio_put(&p->bio);
		read_range(r, iter);
		read_put(r);
	}
}

void aip_cow_read(struct aip_cow *cow, struct bio *bio)
{
	struct aip_read *r;

	atomic_inc(&cow->readers);
	smp_mb__after_atomic();
	if (READ_ONCE(cow->why)) {
		bio_io_error(bio);
		atomic_dec(&cow->readers);
		return;
	}
	r = mempool_alloc(&cow->reads, GFP_NOIO);
	r->cow = cow;
	r->bio = bio;
	r->status = BLK_STS_OK;
	atomic_set(&r->pending, 1);
	read_range(r, bio->bi_iter);
	read_put(r);
}

/* ---- life ---------------------------------------------------------------- */

static void free_copies(struct aip_cow *cow)
{
	struct aip_copy *c, *next;
	u32 i;

	list_for_each_entry_safe (c, next, &cow->idle, list) {
		for (i = 0; i < DIV_ROUND_UP(1U << cow->shift, PAGE_SECTORS); i++)
			if (c->pages[i])
				aip_own_page_free(c->pages[i]);
		kfree(c);
	}
}

static int make_copies(struct aip_cow *cow)
{
	u32 pages = DIV_ROUND_UP(1U << cow->shift, PAGE_SECTORS);
	u32 n = clamp(COPY_BYTES >> (cow->shift + SECTOR_SHIFT), COPY_MIN, COPY_MAX), i;

	while (n--) {
		struct aip_copy *c = kzalloc(struct_size(c, pages, pages), GFP_KERNEL);

		if (!c)
			return -ENOMEM;
		c->cow = cow;
		bio_list_init(&c->waiters);
		list_add(&c->list, &cow->idle);
		for (i = 0; i < pages; i++) {
			c->pages[i] = aip_own_page(GFP_KERNEL);
			if (!c->pages[i])
				return -ENOMEM;
		}
	}
	return 0;
}

static int make_pools(struct aip_cow *cow)
{
	int rc;

	rc = bioset_init(&cow->bs, COPY_MAX, 0, BIOSET_NEED_BVECS | BIOSET_NEED_RESCUER);
	rc = rc
		     ?: bioset_init(&cow->read_bs, READS_MIN, offsetof(struct aip_piece, bio),
				    BIOSET_NEED_RESCUER);
	return rc ?: mempool_init_kmalloc_pool(&cow->reads, READS_MIN, sizeof(struct aip_read));
}

int aip_cow_init(struct aip_cow *cow, struct aip_tracker *t, dev_t dev, struct aipsnap_member *u,
		 const u32 *gate)
{
	int rc;

	memset(cow, 0, sizeof(*cow));
	cow->tracker = t;
	cow->gate = gate;
	cow->shift = t->shift;
	cow->sectors = t->sectors;
	cow->chunks = aip_tracker_chunks(t);
	spin_lock_init(&cow->lock);
	bio_list_init(&cow->pending);
	INIT_LIST_HEAD(&cow->idle);
	INIT_LIST_HEAD(&cow->active);
	INIT_LIST_HEAD(&cow->done);
	INIT_LIST_HEAD(&cow->again);
	INIT_WORK(&cow->work, copy_worker);
	INIT_DELAYED_WORK(&cow->watch, watch);
	xa_init(&cow->places);
	cow->release = release_new();
	rc = cow->release ? make_pools(cow) : -ENOMEM;
	rc = rc ?: make_copies(cow);
	rc = rc ?: aip_bdev_open(&cow->origin, dev, false, NULL);
	rc = rc ?: aip_store_open(&cow->store, u, t->shift + SECTOR_SHIFT);
	if (!rc) {
		cow->copied = kvcalloc(BITS_TO_LONGS(cow->chunks), sizeof(long), GFP_KERNEL);
		if (!cow->copied)
			rc = -ENOMEM;
	}
	if (rc)
		aip_cow_exit(cow);
	return rc;
}

void aip_cow_drain(struct aip_cow *cow)
{
	for (;;) {
		bool busy;

		queue_work(copy_wq, &cow->work);
		flush_work(&cow->work);
		spin_lock_irq(&cow->lock);
		busy = !bio_list_empty(&cow->pending) || !list_empty(&cow->active) ||
		       !list_empty(&cow->done) || !list_empty(&cow->again);
		spin_unlock_irq(&cow->lock);
		if (!busy && !atomic_read(&cow->readers))
			break;
		msleep(1);
	}
	flush_work(&cow->work);
}

void aip_cow_exit(struct aip_cow *cow)
{
	cancel_delayed_work_sync(&cow->watch);
	free_copies(cow);
	release_put(cow->release);
	cow->release = NULL;
	xa_destroy(&cow->places);
	kvfree(cow->copied);
	kvfree(cow->own);
	aip_store_close(&cow->store);
	aip_bdev_close(&cow->origin);
	mempool_exit(&cow->reads);
	bioset_exit(&cow->read_bs);
	bioset_exit(&cow->bs);
}

int aip_cow_module_init(void)
{
	copy_wq = alloc_workqueue("aipsnap-copy", WQ_MEM_RECLAIM | WQ_HIGHPRI | AIP_WQ_PERCPU, 0);
	if (!copy_wq)
		return -ENOMEM;
	release_wq =
		alloc_workqueue("aipsnap-release", WQ_MEM_RECLAIM | WQ_HIGHPRI | AIP_WQ_PERCPU, 0);
	if (!release_wq) {
		destroy_workqueue(copy_wq);
		return -ENOMEM;
	}
	return 0;
}

void aip_cow_module_exit(void)
{
	destroy_workqueue(release_wq);
	destroy_workqueue(copy_wq);
}
