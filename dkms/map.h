/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * map.h: a bitmap of changed chunks, in leaves that are allocated on first use.
 *
 * A leaf is one page, 32768 chunks.  Where no page can be had the whole leaf
 * counts as changed, which needs no memory.  Marking is safe in any context,
 * against itself and against aip_map_or(); all else needs the caller's lock.
 */
#ifndef AIP_MAP_H
#define AIP_MAP_H

#include <linux/bitops.h>
#include <linux/types.h>

#define AIP_LEAF_SHIFT 15
#define AIP_LEAF_BITS  (1UL << AIP_LEAF_SHIFT)
#define AIP_LEAF_BYTES 4096
#define AIP_MAP_MAX    (1ULL << 32)	      /* chunks */
#define AIP_LEAF_FULL  ((unsigned long *)1UL) /* every chunk changed, no page */

struct aip_map {
	u64 nr; /* chunks */
	u32 nr_leaves;
	unsigned long **leaf; /* NULL: nothing changed; AIP_LEAF_FULL; a page */
	unsigned long *stale; /* leaves that differ from their copy in the table */
};

int aip_map_init(struct aip_map *map, u64 nr);
void aip_map_destroy(struct aip_map *map);

/** Marks chunks first … last (inclusive; the caller has checked last < nr). */
void aip_map_mark(struct aip_map *map, u64 first, u64 last);

/** Marks one chunk (the caller has checked chunk < nr). */
static __always_inline void aip_map_mark_one(struct aip_map *map, u64 chunk)
{
	unsigned long n = chunk >> AIP_LEAF_SHIFT, bit = chunk & (AIP_LEAF_BITS - 1);
	unsigned long *leaf = READ_ONCE(map->leaf[n]);

	if (likely(leaf > AIP_LEAF_FULL)) {
		if (likely(test_bit(bit, leaf)))
			return;
		set_bit(bit, leaf);
		/* bits, then stale; the table clears stale, then copies: none is missed */
		smp_mb__after_atomic();
		if (likely(test_bit(n, map->stale)))
			return;
	}
	aip_map_mark(map, chunk, chunk);
}

/** Adds all that is marked in `src`. */
void aip_map_or(struct aip_map *dst, const struct aip_map *src);

/** Adds leaf `n` of `map` to the page `page`. */
void aip_map_or_leaf(const struct aip_map *map, u32 n, unsigned long *page);

/** How many chunks of leaf `n` the device has. */
u32 aip_map_leaf_bits(const struct aip_map *map, u32 n);

u64 aip_map_count(const struct aip_map *map);
u64 aip_map_memory(const struct aip_map *map);

/** Puts a page (which then belongs to the map) or AIP_LEAF_FULL in place of leaf `n`. */
void aip_map_set_leaf(struct aip_map *map, u32 n, unsigned long *page);

#endif /* AIP_MAP_H */
