/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts.h: which block devices carry mounted file systems.
 */
#ifndef AIPSNAP_MOUNTS_H
#define AIPSNAP_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "aipsnap/blkdev.h"
#include "common/err.h"

struct mounted {
	unsigned int major, minor; /* of the block device */
	bool rw;		   /* the super block itself, not only this mount of it */
	char point[256];	   /* one place where it is mounted, for people */
};

struct mounts {
	struct mounted *list; /* each device once */
	size_t n;
};

/**
 * mounts_read - all file systems on block devices, in every mount namespace of the machine
 * Return: 0 or -errno; free with mounts_free().
 */
int mounts_read(struct mounts *m, struct aip_err *err);

/** mounts_parse - take in the text of one mountinfo. Return: 0 or -ENOMEM. */
int mounts_parse(struct mounts *m, char *text);

/** mounts_free - give its memory back. */
void mounts_free(struct mounts *m);

/**
 * mounts_above - those of @m that write to one of @bases, the innermost first
 * (a file system in a loop device before the one that holds its file)
 * @out: as mounts; free with mounts_free()
 * Return: 0 or -ENOMEM.
 */
int mounts_above(const struct mounts *m, const struct blkdev *bases, size_t n, struct mounts *out);

#endif
