/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * used.h: which parts of a file system are in use, where a library can prove it.
 *
 * Only ext2/3/4 today (libext2fs), and only when the journal is empty, as it is in
 * the image of a frozen file system: then the block bitmaps on the disk are the
 * truth.  Everything else: not known, and a full backup reads all of the device.
 */
#ifndef AIP_USED_H
#define AIP_USED_H

#include <stdbool.h>
#include <stdint.h>

struct aip_used;

/**
 * aip_used_open - look at a device
 * @type: what aip_probe() says of it; a superblock of ext proves nothing where something else may
 * be, e.g. below a partition table
 * @why: set to a short text for people when it is not known, e.g. "xfs: not known"; static
 * Return: the map, or NULL.
 */
struct aip_used *aip_used_open(const char *device, const char *type, const char **why);

/** aip_used_any - Return: whether any byte of the range may be in use. */
bool aip_used_any(const struct aip_used *u, uint64_t offset, uint64_t len);

void aip_used_close(struct aip_used *u);

#endif
