// SPDX-License-Identifier: GPL-2.0-only
/* 5.17: a disk can be without partitions */
#include <linux/blkdev.h>
int probe = GENHD_FL_NO_PART;
