/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flight.h: counts bios from submission to completion.
 *
 * A counted bio's end_io is replaced by ours, which puts the old one back and
 * calls it; several countings of one bio nest.  Each counting belongs to one
 * of two sides of a struct aip_flights, the one of the generation it is
 * marked in; when no new bio joins a side any more, the side's sum going to
 * zero says that all of its writes are over.
 */
#ifndef AIP_FLIGHT_H
#define AIP_FLIGHT_H

#include <linux/bio.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

struct aip_flight_count {
	unsigned long begun;
	unsigned long ended;
};

struct aip_flights {
	struct aip_flight_count __percpu *side[2];
};

/** One counted bio. */
struct aip_flight {
	union {
		bio_end_io_t *end_io;
		struct aip_flight *next; /* when free */
	};
	void *private;
	struct aip_flight_count __percpu *count;
};

/**
 * Free flights of a processor, so that neither way needs interrupts off: `mine` is
 * for who begins with preemption off and is no interrupt; who ends, in any
 * context, pushes to `back`, of which `mine` is filled again, all at once.
 */
struct aip_flight_cache {
	struct aip_flight *mine;
	struct aip_flight *back;
	unsigned int nr_back; /* about */
};
DECLARE_PER_CPU(struct aip_flight_cache, aip_flight_cache);

int aip_flight_init(void);
/** All counted bios must be over. */
void aip_flight_exit(void);

int aip_flights_init(struct aip_flights *f);
void aip_flights_destroy(struct aip_flights *f);

/** Bios that joined a side, ever. */
u64 aip_flights_begun(const struct aip_flights *f, int side);
/** Bios of a side that are not over; exact only when none joins any more. */
u64 aip_flights_open(const struct aip_flights *f, int side);
/** Waits until a side, which no bio joins any more, is empty; -ETIMEDOUT. */
int aip_flights_wait(const struct aip_flights *f, int side, unsigned int timeout_ms);

/** One from elsewhere: from what came back, or new; NULL.  Preemption is off. */
struct aip_flight *aip_flight_refill(void);
void aip_flight_end(struct bio *bio);

/** A free flight, quickly; NULL: aip_flight_refill() may have one.  Preemption is off. */
static __always_inline struct aip_flight *aip_flight_get(void)
{
	struct aip_flight *flight;

	if (unlikely(in_interrupt()))
		return NULL;
	flight = __this_cpu_read(aip_flight_cache.mine);
	if (likely(flight))
		__this_cpu_write(aip_flight_cache.mine, flight->next);
	return flight;
}

/** Counts a bio that is about to be queued.  Preemption is off. */
static __always_inline void aip_flight_begin(struct aip_flight *flight,
					     struct aip_flight_count __percpu *count,
					     struct bio *bio)
{
	this_cpu_inc(count->begun);
	flight->count = count;
	flight->end_io = bio->bi_end_io;
	flight->private = bio->bi_private;
	bio->bi_end_io = aip_flight_end;
	bio->bi_private = flight;
}

/** Counts one of which the end will not be noticed (no memory). */
static inline void aip_flight_lost(struct aip_flight_count __percpu *count)
{
	this_cpu_inc(count->begun);
	this_cpu_inc(count->ended);
}

#endif /* AIP_FLIGHT_H */
