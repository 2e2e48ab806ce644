// SPDX-License-Identifier: GPL-2.0-only
/* 5.12: block_bio_queue(bio), before: (queue, bio) */
#include <linux/blkdev.h>
#include <trace/events/block.h>
void probe(struct bio *bio);
void probe(struct bio *bio)
{
	trace_block_bio_queue(bio);
}
