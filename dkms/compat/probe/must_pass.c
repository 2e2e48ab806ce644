// SPDX-License-Identifier: GPL-2.0-only
/* canary: compiles on every kernel */
#include <linux/module.h>
#include <linux/blkdev.h>
#include <linux/bio.h>
int probe(struct bio *bio);
int probe(struct bio *bio)
{
	return bio_sectors(bio);
}
