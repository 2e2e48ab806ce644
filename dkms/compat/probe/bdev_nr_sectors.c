// SPDX-License-Identifier: GPL-2.0-only
/* 5.16: bdev_nr_sectors() */
#include <linux/blkdev.h>
sector_t probe(struct block_device *b);
sector_t probe(struct block_device *b)
{
	return bdev_nr_sectors(b);
}
