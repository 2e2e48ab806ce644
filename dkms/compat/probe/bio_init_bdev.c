// SPDX-License-Identifier: GPL-2.0-only
/* 5.18: bio_init takes device and operation */
#include <linux/bio.h>
void probe(struct bio *b, struct block_device *bdev);
void probe(struct bio *b, struct block_device *bdev) { bio_init(b, bdev, NULL, 0, REQ_OP_READ); }
