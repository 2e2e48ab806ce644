// SPDX-License-Identifier: GPL-2.0-only
/* up to 6.4: some drivers take pages without a bio */
#include <linux/blkdev.h>
bool probe(struct gendisk *d);
bool probe(struct gendisk *d)
{
	return d->fops->rw_page;
}
