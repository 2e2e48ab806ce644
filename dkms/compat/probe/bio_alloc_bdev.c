// SPDX-License-Identifier: GPL-2.0-only
/* 5.18: bio_alloc takes device and operation */
#include <linux/bio.h>
struct bio *probe(struct block_device *bdev);
struct bio *probe(struct block_device *bdev)
{
	return bio_alloc(bdev, 1, REQ_OP_READ, GFP_NOIO);
}
