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

struct aip_flight_counts {
	unsigned long begun[2];
	unsigned long ended[2];
};

struct aip_flights {
	struct aip_flight_counts __percpu *cpu;
};

/** One counted bio. */
struct aip_flight {
	union {
		bio_end_io_t *end_io;
		struct aip_flight *next; /* when free */
	};
	void *private;
	unsigned long __percpu *ended;
};

/** Free flights of a processor. */
struct aip_flight_cache {
	struct aip_flight *free;
	unsigned int nr;
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

struct aip_flight *aip_flight_refill(void);
void aip_flight_end(struct bio *bio);

/**
 * Counts a bio that is about to be queued.  False: no memory, it is in flight
 * uncounted (but counted as begun).  Preemption is off.
 */
static __always_inline bool aip_flight_begin(struct aip_flights *f, int side, struct bio *bio)
{
	struct aip_flight *flight;
	unsigned long flags;

	this_cpu_inc(f->cpu->begun[side]);
	local_irq_save(flags);
	flight = __this_cpu_read(aip_flight_cache.free);
	if (likely(flight)) {
		__this_cpu_write(aip_flight_cache.free, flight->next);
		__this_cpu_dec(aip_flight_cache.nr);
	}
	local_irq_restore(flags);
	if (unlikely(!flight)) {
		flight = aip_flight_refill();
		if (!flight) {
			this_cpu_inc(f->cpu->ended[side]);
			return false;
		}
	}
	flight->end_io = bio->bi_end_io;
	flight->private = bio->bi_private;
	flight->ended = &f->cpu->ended[side];
	bio->bi_end_io = aip_flight_end;
	bio->bi_private = flight;
	return true;
}

#endif /* AIP_FLIGHT_H */
