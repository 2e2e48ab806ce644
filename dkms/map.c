// SPDX-License-Identifier: GPL-2.0-only
/*
 * map.c: see map.h.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "map.h"

int aip_map_init(struct aip_map *map, u64 nr)
{
	map->nr = nr;
	map->nr_leaves = DIV_ROUND_UP_ULL(nr, AIP_LEAF_BITS);
	map->leaf = kvcalloc(map->nr_leaves, sizeof(*map->leaf), GFP_KERNEL);
	if (!map->leaf)
		return -ENOMEM;
	map->stale = kvcalloc(BITS_TO_LONGS(map->nr_leaves), sizeof(long), GFP_KERNEL);
	if (!map->stale) {
		kvfree(map->leaf);
		map->leaf = NULL;
		return -ENOMEM;
	}
	return 0;
}

void aip_map_destroy(struct aip_map *map)
{
	u32 i;

	if (!map->leaf)
		return;
	for (i = 0; i < map->nr_leaves; i++)
		if (map->leaf[i] > AIP_LEAF_FULL)
			free_page((unsigned long)map->leaf[i]);
	kvfree(map->leaf);
	kvfree(map->stale);
	map->leaf = NULL;
	map->stale = NULL;
}

u32 aip_map_leaf_bits(const struct aip_map *map, u32 n)
{
	return min_t(u64, AIP_LEAF_BITS, map->nr - ((u64)n << AIP_LEAF_SHIFT));
}

static void mark_stale(struct aip_map *map, u32 n)
{
	if (!test_bit(n, map->stale))
		set_bit(n, map->stale);
}

/* The leaf's page, AIP_LEAF_FULL where none could be had. */
static unsigned long *get_leaf(struct aip_map *map, u32 n, gfp_t gfp)
{
	unsigned long *leaf = READ_ONCE(map->leaf[n]), *page, *old;

	if (leaf)
		return leaf;
	page = (unsigned long *)get_zeroed_page(gfp | __GFP_NOWARN);
	old = cmpxchg(&map->leaf[n], NULL, page ?: AIP_LEAF_FULL);
	if (!old)
		return page ?: AIP_LEAF_FULL;
	if (page)
		free_page((unsigned long)page);
	return old;
}

/* Sets bits first … last, each word atomically. */
static void set_range(unsigned long *leaf, u32 first, u32 last)
{
	u32 w;

	for (w = first / BITS_PER_LONG; w <= last / BITS_PER_LONG; w++) {
		unsigned long mask = ~0UL;

		if (w == first / BITS_PER_LONG)
			mask &= BITMAP_FIRST_WORD_MASK(first);
		if (w == last / BITS_PER_LONG)
			mask &= BITMAP_LAST_WORD_MASK(last + 1);
		if (mask == ~0UL)
			WRITE_ONCE(leaf[w], mask);
		else if ((READ_ONCE(leaf[w]) & mask) != mask)
			atomic_long_or(mask, (atomic_long_t *)&leaf[w]);
	}
}

void aip_map_mark(struct aip_map *map, u64 first, u64 last)
{
	u32 n;

	for (n = first >> AIP_LEAF_SHIFT; n <= last >> AIP_LEAF_SHIFT; n++) {
		u64 base = (u64)n << AIP_LEAF_SHIFT;
		u32 from = max(first, base) - base;
		u32 to = min(last, base + AIP_LEAF_BITS - 1) - base;
		unsigned long *leaf;

		/* no page for a leaf that is wholly changed */
		if (from == 0 && to == aip_map_leaf_bits(map, n) - 1 &&
		    !cmpxchg(&map->leaf[n], NULL, AIP_LEAF_FULL)) {
			mark_stale(map, n);
			continue;
		}
		leaf = get_leaf(map, n, GFP_NOWAIT);
		if (leaf != AIP_LEAF_FULL)
			set_range(leaf, from, to);
		/* bits, then stale; the table clears stale, then copies: none is missed */
		smp_mb();
		mark_stale(map, n);
	}
}

void aip_map_or_leaf(const struct aip_map *map, u32 n, unsigned long *page)
{
	const unsigned long *leaf = READ_ONCE(map->leaf[n]);
	u32 i;

	if (!leaf)
		return;
	if (leaf == AIP_LEAF_FULL) {
		bitmap_set(page, 0, aip_map_leaf_bits(map, n));
		return;
	}
	for (i = 0; i < AIP_LEAF_BYTES / sizeof(long); i++)
		page[i] |= READ_ONCE(leaf[i]);
}

void aip_map_or(struct aip_map *dst, const struct aip_map *src)
{
	u32 n, i;

	for (n = 0; n < src->nr_leaves; n++) {
		unsigned long *from = READ_ONCE(src->leaf[n]), *to;

		if (!from)
			continue;
		if (from == AIP_LEAF_FULL) {
			aip_map_mark(dst, (u64)n << AIP_LEAF_SHIFT,
				     ((u64)n << AIP_LEAF_SHIFT) + aip_map_leaf_bits(dst, n) - 1);
			continue;
		}
		to = get_leaf(dst, n, GFP_KERNEL);
		for (i = 0; to != AIP_LEAF_FULL && i < AIP_LEAF_BYTES / sizeof(long); i++)
			if (READ_ONCE(from[i]) & ~READ_ONCE(to[i]))
				atomic_long_or(READ_ONCE(from[i]), (atomic_long_t *)&to[i]);
		smp_mb();
		mark_stale(dst, n);
		cond_resched();
	}
}

u64 aip_map_count(const struct aip_map *map)
{
	u64 sum = 0;
	u32 n;

	for (n = 0; n < map->nr_leaves; n++) {
		const unsigned long *leaf = READ_ONCE(map->leaf[n]);

		if (leaf == AIP_LEAF_FULL)
			sum += aip_map_leaf_bits(map, n);
		else if (leaf)
			sum += bitmap_weight(leaf, aip_map_leaf_bits(map, n));
		if (leaf)
			cond_resched();
	}
	return sum;
}

u64 aip_map_memory(const struct aip_map *map)
{
	u64 sum =
		map->nr_leaves * sizeof(*map->leaf) + BITS_TO_LONGS(map->nr_leaves) * sizeof(long);
	u32 n;

	for (n = 0; n < map->nr_leaves; n++)
		if (READ_ONCE(map->leaf[n]) > AIP_LEAF_FULL)
			sum += AIP_LEAF_BYTES;
	return sum;
}

void aip_map_set_leaf(struct aip_map *map, u32 n, unsigned long *page)
{
	if (map->leaf[n] > AIP_LEAF_FULL)
		free_page((unsigned long)map->leaf[n]);
	map->leaf[n] = page;
}
