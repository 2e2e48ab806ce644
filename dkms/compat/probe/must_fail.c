// SPDX-License-Identifier: GPL-2.0-only
/* canary: compiles on no kernel */
#include <linux/blkdev.h>
#include <linux/bio.h>
int probe(struct bio *bio);
int probe(struct bio *bio)
{
	return bio->bi_no_such_field;
}
