// SPDX-License-Identifier: GPL-2.0-only
/* 5.18: bio_alloc_clone */
#include <linux/bio.h>
struct bio *probe(struct block_device *d, struct bio *b, struct bio_set *bs);
struct bio *probe(struct block_device *d, struct bio *b, struct bio_set *bs)
{
	return bio_alloc_clone(d, b, GFP_NOIO, bs);
}
