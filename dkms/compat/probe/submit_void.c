// SPDX-License-Identifier: GPL-2.0-only
/* 5.16: submit_bio_noacct returns nothing */
#include <linux/blkdev.h>
void (*probe)(struct bio *) = submit_bio_noacct;
