// SPDX-License-Identifier: GPL-2.0-only
/* 5.11: freeze_bdev returns an int */
#include <linux/blkdev.h>
#include <linux/fs.h>
int (*probe)(struct block_device *) = freeze_bdev;
