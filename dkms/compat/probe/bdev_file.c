// SPDX-License-Identifier: GPL-2.0-only
/* 6.9: a block device is opened as a file */
#include <linux/blkdev.h>
struct file *probe(dev_t dev);
struct file *probe(dev_t dev)
{
	return bdev_file_open_by_dev(dev, BLK_OPEN_READ, NULL, NULL);
}
