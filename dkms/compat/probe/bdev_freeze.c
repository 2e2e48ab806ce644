// SPDX-License-Identifier: GPL-2.0-only
/* 6.8: bdev_freeze */
#include <linux/blkdev.h>
int probe(struct block_device *b);
int probe(struct block_device *b)
{
	return bdev_freeze(b) ?: bdev_thaw(b);
}
