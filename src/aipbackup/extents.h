/* SPDX-License-Identifier: GPL-2.0-or-later */
/* extents.h: a sorted list of runs of chunks. */
#ifndef AIP_EXTENTS_H
#define AIP_EXTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct aip_extent {
	uint64_t first, count; /* chunks */
};

struct aip_extents {
	struct aip_extent *v; /* ascending, neither touching nor overlapping */
	size_t n, cap;
};

/** aip_extents_add - append a run; it must lie behind the last one (touching runs are joined). Return: 0, -EINVAL, -ENOMEM. */
int aip_extents_add(struct aip_extents *e, uint64_t first, uint64_t count);

/** aip_extents_chunks - Return: chunks in all runs. */
uint64_t aip_extents_chunks(const struct aip_extents *e);

void aip_extents_free(struct aip_extents *e);

#endif
