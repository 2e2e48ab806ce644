/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy.h: moves chunks of a source into a backup.
 *
 * States of a chunk on its way, in this order:
 *
 *   not asked for   not in the extents of an increment: the parent's
 *   unused          a full backup, the file system does not use it: reads as zeroes
 *   same            compared with the parent (--compare): the parent's
 *   zero            read, all zeroes; in a full backup not recorded, in an increment
 *                   recorded and made zero in the store
 *   stored          read, recorded, written
 */
#ifndef AIP_COPY_H
#define AIP_COPY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "aipbackup/chain.h"
#include "aipbackup/extents.h"
#include "aipbackup/nbd.h"
#include "aipbackup/used.h"

struct aip_copy {
	/* what to copy */
	int fd;		  /* the source, a block device or a regular file */
	const char *name; /* of it */
	uint64_t size;	  /* bytes */
	uint32_t chunk;	  /* bytes */
	bool full;
	const struct aip_extents *extents; /* increment: which chunks; NULL: all */
	const struct aip_used *used;	   /* full: or NULL */
	struct aip_chain *parent;	   /* compare with this, or NULL */
	/* where to */
	struct aip_nbd *to;
	bool zero_writes; /* increments: zeroes must be written (not on a bare export) */
	struct aip_sums_writer *sums;
	/* how */
	uint64_t rate;			   /* bytes read per second at most, 0: no limit */
	const volatile sig_atomic_t *stop; /* set: give up with -EINTR */
	void (*progress)(void *ctx, uint64_t done, uint64_t total); /* bytes; often; or NULL */
	void *ctx;
	/* what came of it, bytes */
	uint64_t read, stored, zero, unused, same;
};

/**
 * aip_copy_run - copy; the store is flushed, the checksum file not finished
 * Return: 0, -EINTR, or -errno of source, store or checksum file (the store is then abandoned,
 * see aip_nbd_abandon()).
 */
int aip_copy_run(struct aip_copy *c, struct aip_err *err);

#endif
