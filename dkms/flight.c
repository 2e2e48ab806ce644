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

#include "flight.h"

#define CACHE_MAX   512
#define CACHE_START 128

DEFINE_PER_CPU(struct aip_flight_cache, aip_flight_cache);
static struct kmem_cache *flight_slab;

int aip_flight_init(void)
{
	int cpu, i;

	flight_slab = KMEM_CACHE(aip_flight, 0);
	if (!flight_slab)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
	{
		struct aip_flight_cache *c = per_cpu_ptr(&aip_flight_cache, cpu);

		for (i = 0; i < CACHE_START; i++) {
			struct aip_flight *f = kmem_cache_alloc(flight_slab, GFP_KERNEL);

			if (!f)
				break;
			f->next = c->free;
			c->free = f;
			c->nr++;
		}
	}
	return 0;
}

void aip_flight_exit(void)
{
	int cpu;

	/* a last aip_flight_end() may have counted and not yet returned */
	synchronize_rcu_tasks();
	synchronize_rcu();
	for_each_possible_cpu(cpu)
	{
		struct aip_flight_cache *c = per_cpu_ptr(&aip_flight_cache, cpu);

		while (c->free) {
			struct aip_flight *f = c->free;

			c->free = f->next;
			kmem_cache_free(flight_slab, f);
		}
	}
	kmem_cache_destroy(flight_slab);
}

struct aip_flight *aip_flight_refill(void)
{
	return kmem_cache_alloc(flight_slab, GFP_NOWAIT | __GFP_NOWARN);
}

void aip_flight_end(struct bio *bio)
{
	struct aip_flight *f = bio->bi_private;
	unsigned long flags;

	bio->bi_private = f->private;
	bio->bi_end_io = f->end_io;
	/* before the owner hears of it: who waits for zero may find the bio's memory gone, never the count late */
	local_irq_save(flags);
	__this_cpu_inc(*f->ended);
	if (likely(__this_cpu_read(aip_flight_cache.nr) < CACHE_MAX)) {
		f->next = __this_cpu_read(aip_flight_cache.free);
		__this_cpu_write(aip_flight_cache.free, f);
		__this_cpu_inc(aip_flight_cache.nr);
		f = NULL;
	}
	local_irq_restore(flags);
	if (unlikely(f))
		kmem_cache_free(flight_slab, f);
	if (bio->bi_end_io)
		bio->bi_end_io(bio);
}

int aip_flights_init(struct aip_flights *f)
{
	f->cpu = alloc_percpu(struct aip_flight_counts);
	return f->cpu ? 0 : -ENOMEM;
}

void aip_flights_destroy(struct aip_flights *f)
{
	free_percpu(f->cpu);
	f->cpu = NULL;
}

u64 aip_flights_begun(const struct aip_flights *f, int side)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) sum += READ_ONCE(per_cpu_ptr(f->cpu, cpu)->begun[side]);
	return sum;
}

u64 aip_flights_open(const struct aip_flights *f, int side)
{
	unsigned long ended = 0, begun = 0;
	int cpu;

	/* ended first: what ended after it was read only makes the sum larger */
	for_each_possible_cpu(cpu) ended += READ_ONCE(per_cpu_ptr(f->cpu, cpu)->ended[side]);
	smp_rmb();
	for_each_possible_cpu(cpu) begun += READ_ONCE(per_cpu_ptr(f->cpu, cpu)->begun[side]);
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
