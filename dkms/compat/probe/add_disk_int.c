// SPDX-License-Identifier: GPL-2.0-only
/* 5.15: add_disk can fail */
#include <linux/blkdev.h>
int probe(struct gendisk *d);
int probe(struct gendisk *d)
{
	int rc = add_disk(d);
	return rc;
}
