// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c: see probe.h.
 *
 * block_bio_queue fires once for each bio that is submitted, on every level of
 * a stack, with an absolute sector.  It does not fire again for a bio that a
 * driver redirects in place (raid0, nvme multipath); these tell block_bio_remap,
 * with a sector relative to the device that the bio now points to.
 */
#include <linux/tracepoint.h>

#include "compat/compat.h"
#include "probe.h"
#include "registry.h"

static struct tracepoint *tp_queue, *tp_remap;

/* Preemption is off. */
static noinline void account(struct bio *bio, struct gendisk *disk, sector_t sector,
			     unsigned int nr)
{
	struct aip_tracker *t;

	aip_for_each_tracker(t, disk)
	{
		aip_tracker_account(t, bio, sector, nr);
	}
}

/* The way of every write of the machine: one tracker for its disk, and nothing special. */
static void on_queue(AIP_TRACE_ARGS(struct bio *bio))
{
	struct gendisk *disk;
	struct aip_tracker *t;
	unsigned int nr;

	if (!op_is_write(bio->bi_opf))
		return;
	nr = bio_sectors(bio);
	if (unlikely(!nr))
		return;
	disk = aip_bio_disk(bio);
	preempt_disable_notrace();
	t = aip_registry_first(disk);
	if (t && (t->disk != disk || !aip_tracker_account_fast(t, bio, bio->bi_iter.bi_sector, nr)))
		account(bio, disk, bio->bi_iter.bi_sector, nr);
	preempt_enable_notrace();
}

static void on_remap(AIP_TRACE_ARGS(struct bio *bio, dev_t dev, sector_t from))
{
	if (!op_is_write(bio->bi_opf) || !bio->bi_iter.bi_size)
		return;
	/* a new bio will be seen when it is queued */
	if (!bio_flagged(bio, BIO_TRACE_COMPLETION))
		return;
	/* from a partition to its disk: was seen as it came to the partition */
	if (aip_bio_is_dev(bio, dev))
		return;
	preempt_disable_notrace();
	account(bio, aip_bio_disk(bio), bio->bi_iter.bi_sector + aip_remap_base(bio),
		bio_sectors(bio));
	preempt_enable_notrace();
}

static void find(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "block_bio_queue"))
		tp_queue = tp;
	else if (!strcmp(tp->name, "block_bio_remap"))
		tp_remap = tp;
}

int aip_probe_init(void)
{
	for_each_kernel_tracepoint(find, NULL);
	return tp_queue && tp_remap ? 0 : -ENOENT;
}

int aip_probe_on(void)
{
	int rc;

	rc = tracepoint_probe_register(tp_queue, on_queue, NULL);
	if (rc)
		return rc;
	rc = tracepoint_probe_register(tp_remap, on_remap, NULL);
	if (rc) {
		tracepoint_probe_unregister(tp_queue, on_queue, NULL);
		tracepoint_synchronize_unregister();
	}
	return rc;
}

void aip_probe_off(void)
{
	tracepoint_probe_unregister(tp_remap, on_remap, NULL);
	tracepoint_probe_unregister(tp_queue, on_queue, NULL);
	tracepoint_synchronize_unregister();
}
