// SPDX-License-Identifier: GPL-2.0-only
/* 5.14: blk_alloc_disk */
#include <linux/blkdev.h>
struct gendisk *probe(void);
struct gendisk *probe(void)
{
	return blk_alloc_disk(NUMA_NO_NODE);
}
