// SPDX-License-Identifier: GPL-2.0-only
/* 5.15: a number that changes with the medium */
#include <linux/blkdev.h>
u64 probe(struct gendisk *d);
u64 probe(struct gendisk *d)
{
	return d->diskseq;
}
