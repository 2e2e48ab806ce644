/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes.h: the bitmap of what changed on a device, and runs of set bits in it.
 */
#ifndef AIPSNAP_CHANGES_H
#define AIPSNAP_CHANGES_H

#include <stdint.h>

#include "aipsnap/id.h"
#include "common/err.h"

struct changes {
	uint8_t *bits;	 /* bit n of byte n / 8 is chunk n */
	uint64_t chunks; /* of the device; the last may be cut off by its end */
	uint64_t changed;
	uint64_t bytes; /* of the device */
	unsigned int chunk_shift;
	struct aipsnap_id lineage;
};

/**
 * changes_read - what changed on a slot's device since a generation was opened
 * @until: up to the moment in which this one was opened, NULL: now
 * Return: 0, -ENOENT when an id is not known (full backup needed), or -errno.  Free with changes_free().
 */
int changes_read(int ctl, unsigned int slot, const struct aipsnap_id *since,
		 const struct aipsnap_id *until, struct changes *c, struct aip_err *err);

/** changes_free - give its memory back. */
void changes_free(struct changes *c);

/**
 * changes_next - the next extent that changed
 * @chunk: in: where to look from, out: the chunk behind the extent; start with 0
 * @start, @len: the extent in bytes, cut off at the end of the device
 * Return: 1, or 0 when there is none any more.
 */
int changes_next(const struct changes *c, uint64_t *chunk, uint64_t *start, uint64_t *len);

/**
 * changes_map - one line of @width characters and a NUL: where on the device changes lie
 * " " none, "." up to 10 % of the chunks, ":" 50 %, "+" 90 %, "#" more
 */
void changes_map(const struct changes *c, unsigned int width, char *out);

#endif
