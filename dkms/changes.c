// SPDX-License-Identifier: GPL-2.0-only
/*
 * changes.c: see changes.h.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "changes.h"
#include "device.h"

/* The generations that count, from *from up to and without *to (NULL: all that follow). */
static int find_range(struct aip_history *h, const struct aipsnap_changes *arg,
		      struct aip_gen **from, struct aip_gen **to)
{
	struct aip_gen *gen;

	*to = NULL;
	*from = aip_history_since(h, &arg->since);
	if (!*from)
		return -ENOENT;
	if (aip_id_is_zero(&arg->until))
		return 0;
	*to = aip_history_find(h, &arg->until);
	if (!*to)
		return -ENOENT;
	/* until has to be since, or to follow it */
	gen = *from;
	list_for_each_entry_from(gen, &h->gens, list) if (gen == *to) return 0;
	return -EINVAL;
}

static void or_leaves(struct aip_history *h, struct aip_gen *from, struct aip_gen *to, u32 n,
		      unsigned long *page)
{
	struct aip_gen *gen = from;

	memset(page, 0, AIP_LEAF_BYTES);
	list_for_each_entry_from(gen, &h->gens, list)
	{
		if (gen == to)
			break;
		aip_map_or_leaf(&gen->map, n, page);
	}
}

/* Copies out the part of leaf `n` that lies in [first, end) and counts it. */
static int put_leaf(struct aipsnap_changes *arg, u32 n, u64 end, unsigned long *page)
{
	u64 base = (u64)n << AIP_LEAF_SHIFT;
	u32 lo = max(arg->first, base) - base;
	u32 hi = min(end, base + AIP_LEAF_BITS) - base;
	u8 __user *to = u64_to_user_ptr(arg->bitmap);
	u32 bits = 0, b;

	bitmap_clear(page, hi, AIP_LEAF_BITS - hi);
	for (b = lo; b < hi && (b % BITS_PER_LONG); b++)
		bits += test_bit(b, page);
	if (b < hi)
		bits += bitmap_weight(page + b / BITS_PER_LONG, hi - b);
	arg->changed += bits;
	if (!to)
		return 0;
	to += (base + lo - arg->first) / 8;
	return copy_to_user(to, (u8 *)page + lo / 8, DIV_ROUND_UP(hi - lo, 8)) ? -EFAULT : 0;
}

int aip_changes_read(struct aipsnap_changes *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	struct aip_gen *from, *to;
	unsigned long *page;
	u64 end;
	u32 n;
	int rc;

	if (!d)
		return -ENODEV;
	if (arg->flags || arg->first % 8 || memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	rc = aip_device_check(d);
	if (rc)
		return rc;
	if (d->state != AIPSNAP_TRACKING && d->state != AIPSNAP_SEALING &&
	    d->state != AIPSNAP_SEALED)
		return -ENOENT;
	rc = find_range(&d->history, arg, &from, &to);
	if (rc)
		return rc;
	arg->chunks = from->map.nr;
	arg->sectors = d->sectors;
	arg->chunk_shift = d->chunk_shift;
	arg->lineage = d->history.lineage;
	arg->changed = 0;
	if (arg->first > arg->chunks)
		arg->first = arg->chunks;
	arg->nr_chunks = min(arg->nr_chunks, arg->chunks - arg->first);
	end = arg->first + arg->nr_chunks;
	page = (unsigned long *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	for (n = arg->first >> AIP_LEAF_SHIFT; !rc && (u64)n << AIP_LEAF_SHIFT < end; n++) {
		or_leaves(&d->history, from, to, n, page);
		rc = put_leaf(arg, n, end, page);
		cond_resched();
		if (!rc && fatal_signal_pending(current))
			rc = -EINTR;
	}
	free_page((unsigned long)page);
	return rc;
}

int aip_changes_generations(struct aipsnap_generations *arg)
{
	struct aip_device *d = aip_device_find(arg->slot);
	struct aipsnap_generation __user *list = u64_to_user_ptr(arg->list);
	struct aip_gen *gen;
	u32 room = arg->nr, n = 0;

	if (!d)
		return -ENODEV;
	arg->nr = d->history.nr;
	if (room < arg->nr)
		return -ENOSPC;
	list_for_each_entry (gen, &d->history.gens, list) {
		struct aipsnap_generation g = {
			.id = gen->id,
			.time = gen->time,
			.changed = aip_map_count(&gen->map),
			.flags = gen->flags |
				 (d->tracker && gen == d->tracker->open ? AIPSNAP_GEN_OPEN : 0),
		};

		if (copy_to_user(&list[n++], &g, sizeof(g)))
			return -EFAULT;
	}
	return 0;
}
