// SPDX-License-Identifier: GPL-2.0-only
/* 5.15: disk_live() */
#include <linux/blkdev.h>
bool probe(struct gendisk *d);
bool probe(struct gendisk *d)
{
	return disk_live(d);
}
