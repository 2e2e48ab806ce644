/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tablefile.h: the file /.aipsnap_table, which the driver reads and writes below its
 * file system.
 *
 * It is made of blocks that are really written ("blank" ones, see the uapi header), no
 * unwritten extents: the driver reads each of them raw and compares before it
 * writes the first byte there.
 */
#ifndef AIPSNAP_TABLEFILE_H
#define AIPSNAP_TABLEFILE_H

#include <stdint.h>

#include "aipsnap/id.h"
#include "common/err.h"

#define TABLE_PATH "/.aipsnap_table"
#define FLAG_PATH  "/.aipsnap_dirty"

/**
 * tablefile_size - sensible size for devices of @bytes together
 * Room for eight full bitmaps of each; between 4 MiB and AIPSNAP_TABLE_MAX.
 */
uint64_t tablefile_size(uint64_t bytes, unsigned int chunk_shift);

/**
 * tablefile_create - make a new file of blank blocks, on the disk when this returns
 *
 * Refuses file systems that cannot hold it, and to overwrite one.  On failure nothing is left.
 * @nonce: set to the id in all blocks
 * Return: 0, -EEXIST, -EOPNOTSUPP, -ENOSPC (it would take more than a quarter of the free space), or -errno.
 */
int tablefile_create(const char *path, uint64_t size, struct aipsnap_id *nonce,
		     struct aip_err *err);

/**
 * tablefile_load - hand the file to the driver
 * @nonce: format it (it is new), or NULL to load what is in it
 * @why: set to what the driver says about a refusal
 * Return: 0, also when a table is loaded already; -ENOENT when there is no file; or -errno.
 */
int tablefile_load(int ctl, const char *path, const struct aipsnap_id *nonce, uint32_t *why,
		   struct aip_err *err);

/** flag_exists - Return: whether /.aipsnap_dirty is there. */
int flag_exists(void);

/** flag_set - make /.aipsnap_dirty, durably. Return: 0 or -errno (-EROFS: too early or too late). */
int flag_set(struct aip_err *err);

/** flag_clear - remove /.aipsnap_dirty, durably. Return: 0 or -errno. */
int flag_clear(struct aip_err *err);

#endif
