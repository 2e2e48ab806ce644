// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "aipbackup/extents.h"

int aip_extents_add(struct aip_extents *e, uint64_t first, uint64_t count)
{
	struct aip_extent *last = e->n ? &e->v[e->n - 1] : NULL, *v;

	if (!count || first + count < first || (last && first < last->first + last->count))
		return -EINVAL;
	if (last && first == last->first + last->count) {
		last->count += count;
		return 0;
	}
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 64;

		v = realloc(e->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		e->v = v;
		e->cap = cap;
	}
	e->v[e->n++] = (struct aip_extent){ first, count };
	return 0;
}

uint64_t aip_extents_chunks(const struct aip_extents *e)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < e->n; i++)
		sum += e->v[i].count;
	return sum;
}

void aip_extents_free(struct aip_extents *e)
{
	free(e->v);
	*e = (struct aip_extents){ NULL, 0, 0 };
}
