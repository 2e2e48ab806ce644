// SPDX-License-Identifier: GPL-2.0-only
/* 6.10: bdev_partno() */
#include <linux/blkdev.h>
int probe(struct block_device *b);
int probe(struct block_device *b)
{
	return bdev_partno(b);
}
