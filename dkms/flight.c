// SPDX-License-Identifier: GPL-2.0-only
/*
 * flight.c: see flight.h.
 *
 * Free flights are kept on short lists, one a processor, over a slab cache:
 * a few instructions each way, which is what a counted write costs.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "flight.h"

#define CACHE_MAX   512
#define CACHE_START 128
#define NESTED_MAX  8

DEFINE_PER_CPU(struct aip_flight_cache, aip_flight_cache);
static struct kmem_cache *flight_slab;

/* What bio_chain() sets as end_io: a mark, which bio_endio() knows and never calls. */
static bio_end_io_t *chain_mark __read_mostly;
static DEFINE_PER_CPU(unsigned int, nested);
static DEFINE_SPINLOCK(later_lock);
static struct bio_list later = BIO_EMPTY_LIST;
static struct workqueue_struct *later_wq;
static void later_worker(struct work_struct *work);
static DECLARE_WORK(later_work, later_worker);

static int find_chain_mark(void)
{
	struct bio *child = aip_bio_alloc(NULL, 0, REQ_OP_READ, GFP_KERNEL);
	struct bio *parent = aip_bio_alloc(NULL, 0, REQ_OP_READ, GFP_KERNEL);

	if (child && parent) {
		bio_chain(child, parent);
		chain_mark = child->bi_end_io;
	}
	if (child)
		bio_put(child);
	if (parent)
		bio_put(parent);
	return chain_mark ? 0 : -ENOMEM;
}

int aip_flight_init(void)
{
	int cpu, i, rc;

	rc = find_chain_mark();
	if (rc)
		return rc;
	later_wq = alloc_workqueue("aipsnap-chain", WQ_MEM_RECLAIM | WQ_HIGHPRI | AIP_WQ_PERCPU, 0);
	if (!later_wq)
		return -ENOMEM;
	flight_slab = KMEM_CACHE(aip_flight, 0);
	if (!flight_slab) {
		destroy_workqueue(later_wq);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
	{
		struct aip_flight_cache *c = per_cpu_ptr(&aip_flight_cache, cpu);

		for (i = 0; i < CACHE_START; i++) {
			struct aip_flight *f = kmem_cache_alloc(flight_slab, GFP_KERNEL);

			if (!f)
				break;
			f->next = c->mine;
			c->mine = f;
		}
	}
	return 0;
}

static void free_list(struct aip_flight *f)
{
	struct aip_flight *next;

	for (; f; f = next) {
		next = f->next;
		kmem_cache_free(flight_slab, f);
	}
}

void aip_flight_exit(void)
{
	int cpu;

	/* a last aip_flight_end() may have counted and not yet returned */
	synchronize_rcu_tasks();
	synchronize_rcu();
	destroy_workqueue(later_wq);
	for_each_possible_cpu(cpu)
	{
		struct aip_flight_cache *c = per_cpu_ptr(&aip_flight_cache, cpu);

		free_list(c->mine);
		free_list(c->back);
		memset(c, 0, sizeof(*c));
	}
	kmem_cache_destroy(flight_slab);
}

struct aip_flight *aip_flight_refill(void)
{
	struct aip_flight *f = NULL;

	if (!in_interrupt()) {
		f = this_cpu_xchg(aip_flight_cache.back, NULL);
		this_cpu_write(aip_flight_cache.nr_back, 0);
	}
	if (!f)
		return kmem_cache_alloc(flight_slab, GFP_NOWAIT | __GFP_NOWARN);
	/* which was empty: that is why we are here */
	__this_cpu_write(aip_flight_cache.mine, f->next);
	return f;
}

static void give_back(struct aip_flight *f)
{
	struct aip_flight *head;

	/* only pushed to, and emptied at a stroke: the same head is the same list, on whatever processor */
	do {
		head = raw_cpu_read(aip_flight_cache.back);
		f->next = head;
	} while (this_cpu_cmpxchg(aip_flight_cache.back, head, f) != head);
	this_cpu_inc(aip_flight_cache.nr_back);
}

/* What bio_endio() does for a bio that is chained to another. */
static void end_child(struct bio *bio)
{
	struct bio *parent = bio->bi_private;

	if (bio->bi_status && !parent->bi_status)
		parent->bi_status = bio->bi_status;
	bio_put(bio);
	bio_endio(parent);
}

static void later_worker(struct work_struct *work)
{
	struct bio *bio;

	for (;;) {
		spin_lock_irq(&later_lock);
		bio = bio_list_pop(&later);
		spin_unlock_irq(&later_lock);
		if (!bio)
			break;
		end_child(bio);
	}
}

/*
 * The end of a child can be its parent's, which can be a child again, and so on: a large discard is a
 * chain of thousands.  bio_endio() goes along them in a loop, but here each is ours; so that the
 * stack stays small, one that is nested deeply is ended by a worker.
 */
static void end_chained(struct bio *bio)
{
	unsigned long flags;
	bool deep;

	preempt_disable();
	deep = this_cpu_inc_return(nested) > NESTED_MAX;
	if (deep) {
		spin_lock_irqsave(&later_lock, flags);
		bio_list_add(&later, bio);
		queue_work(later_wq, &later_work);
		spin_unlock_irqrestore(&later_lock, flags);
	} else {
		end_child(bio);
	}
	this_cpu_dec(nested);
	preempt_enable();
}

static noinline void end_unusual(struct bio *bio, struct aip_flight *f)
{
	if (raw_cpu_read(aip_flight_cache.nr_back) >= CACHE_MAX)
		kmem_cache_free(flight_slab, f);
	else
		give_back(f);
	if (bio->bi_end_io == chain_mark)
		end_chained(bio);
	else if (bio->bi_end_io)
		bio->bi_end_io(bio);
}

void aip_flight_end(struct bio *bio)
{
	struct aip_flight *f = bio->bi_private;
	bio_end_io_t *end_io = f->end_io;

	bio->bi_private = f->private;
	bio->bi_end_io = end_io;
	/* before the owner hears of it: who waits for zero may find the bio's memory gone, never the count late */
	this_cpu_inc(f->count->ended);
	if (unlikely(raw_cpu_read(aip_flight_cache.nr_back) >= CACHE_MAX || !end_io ||
		     end_io == chain_mark)) {
		end_unusual(bio, f);
		return;
	}
	give_back(f);
	end_io(bio);
}

int aip_flights_init(struct aip_flights *f)
{
	f->side[0] = alloc_percpu(struct aip_flight_count);
	f->side[1] = alloc_percpu(struct aip_flight_count);
	if (f->side[0] && f->side[1])
		return 0;
	aip_flights_destroy(f);
	return -ENOMEM;
}

void aip_flights_destroy(struct aip_flights *f)
{
	free_percpu(f->side[0]);
	free_percpu(f->side[1]);
	memset(f, 0, sizeof(*f));
}

u64 aip_flights_begun(const struct aip_flights *f, int side)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) sum += READ_ONCE(per_cpu_ptr(f->side[side], cpu)->begun);
	return sum;
}

u64 aip_flights_open(const struct aip_flights *f, int side)
{
	unsigned long ended = 0, begun = 0;
	int cpu;

	/* ended first: what ended after it was read only makes the sum larger */
	for_each_possible_cpu(cpu) ended += READ_ONCE(per_cpu_ptr(f->side[side], cpu)->ended);
	smp_rmb();
	for_each_possible_cpu(cpu) begun += READ_ONCE(per_cpu_ptr(f->side[side], cpu)->begun);
	return begun - ended;
}

int aip_flights_wait(const struct aip_flights *f, int side, unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);

	while (aip_flights_open(f, side)) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		schedule_timeout_uninterruptible(1);
	}
	return 0;
}
