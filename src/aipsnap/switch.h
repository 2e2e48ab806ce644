/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * switch.h: open a new generation on several devices at one instant, with or without
 * snapshots.
 */
#ifndef AIPSNAP_SWITCH_H
#define AIPSNAP_SWITCH_H

#include <stdbool.h>

#include "aipsnap/blkdev.h"
#include "common/err.h"

struct switch_member {
	struct blkdev dev;
	struct aipsnap_device status; /* as before the switch */
	struct aipsnap_id closed, opened;
	unsigned int snapshot; /* N of /dev/aipsnap<N> */
	char *store_file;      /* made for it, NULL if none */
	int store_fd;
};

struct switching {
	struct switch_member *member;
	size_t n;
	bool snapshots, freeze;
	const char *store;    /* folder or block device */
	uint64_t store_bytes; /* each; 0: store_percent of the device */
	unsigned int store_percent;
	unsigned int timeout;	 /* seconds, for the freeze */
	uint64_t frozen_us, set; /* out */
};

/**
 * switch_find - look the devices up: they must be tracked
 * @paths, @n: of the devices; without @paths and @n 0: all that are tracked
 * Return: 0, -ENODATA when one is not tracked, or -errno.  Free with switch_free() in any case.
 */
int switch_find(int ctl, struct switching *s, char *const *paths, size_t n, struct aip_err *err);

/**
 * switch_do - call the hooks, freeze, switch, thaw, call the hooks
 * Return: 0 or -errno; then nothing was switched.  A hook's "thaw" that failed is told in @err, with 0.
 */
int switch_do(int ctl, struct switching *s, struct aip_err *err);

/** switch_free - give the memory and descriptors back. */
void switch_free(struct switching *s);

#endif
