// SPDX-License-Identifier: GPL-2.0-only
/* 5.12: a bio points to a block_device, partitions included */
#include <linux/bio.h>
#include <linux/blkdev.h>
sector_t probe(struct bio *bio);
sector_t probe(struct bio *bio)
{
	return bio->bi_bdev->bd_start_sect;
}
