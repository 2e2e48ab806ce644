// SPDX-License-Identifier: GPL-2.0-only
/* 6.5: blk_mode_t and holder operations */
#include <linux/blkdev.h>
struct block_device *probe(dev_t dev);
struct block_device *probe(dev_t dev)
{
	return blkdev_get_by_dev(dev, BLK_OPEN_READ, NULL, NULL);
}
