// SPDX-License-Identifier: GPL-2.0-only
/* 6.5: a super block is the holder of its block device */
#include <linux/blkdev.h>
#include <linux/fs.h>
struct super_block *probe(struct block_device *b);
struct super_block *probe(struct block_device *b)
{
	return b->bd_holder_ops == &fs_holder_ops ? b->bd_holder : NULL;
}
