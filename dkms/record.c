// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c: see record.h.
 */
#include <linux/crc32c.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "own.h"
#include "record.h"

static u32 nr_maps(u32 nr_leaves)
{
	return DIV_ROUND_UP(nr_leaves, AIP_MAP_LEAVES);
}

static struct aip_saved *saved_new(struct aip_table *table, u32 nr_leaves)
{
	struct aip_saved *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	s->table = table;
	s->nr_leaves = nr_leaves;
	s->nr_maps = nr_maps(nr_leaves);
	s->map = kvcalloc(s->nr_maps, sizeof(*s->map), GFP_KERNEL);
	s->leaf = kvcalloc(nr_leaves, sizeof(*s->leaf), GFP_KERNEL);
	if (s->map && s->leaf)
		return s;
	kvfree(s->map);
	kvfree(s->leaf);
	kfree(s);
	return NULL;
}

void aip_saved_free(struct aip_saved *s)
{
	u32 i;

	if (!s)
		return;
	/* a table that was let go of meanwhile has no allocator any more */
	if (s->table == aip_table) {
		for (i = 0; i < s->nr_leaves; i++)
			aip_table_release(s->table, s->leaf[i].block);
		for (i = 0; i < s->nr_maps; i++)
			aip_table_release(s->table, s->map[i]);
	}
	kvfree(s->map);
	kvfree(s->leaf);
	kfree(s);
}

static bool has_block(const struct aip_saved_leaf *leaf)
{
	return leaf->block != AIP_DISK_LEAF_NONE && leaf->block != AIP_DISK_LEAF_FULL;
}

u64 aip_record_needs(const struct aip_gen *gen)
{
	const struct aip_saved *s = gen->saved;
	u64 need = s ? 0 : nr_maps(gen->map.nr_leaves);
	u32 n;

	for (n = 0; n < gen->map.nr_leaves; n++)
		if (READ_ONCE(gen->map.leaf[n]) > AIP_LEAF_FULL && !(s && has_block(&s->leaf[n])))
			need++;
	return need;
}

/* ---- writing ------------------------------------------------------------- */

static void set_leaf(struct aip_saved *s, u32 n, u32 block, u32 crc)
{
	if (has_block(&s->leaf[n]) && s->leaf[n].block != block)
		aip_table_release(s->table, s->leaf[n].block);
	s->leaf[n].block = block;
	s->leaf[n].crc = crc;
}

static int save_leaf(struct aip_io *io, struct aip_gen *gen, u32 n)
{
	struct aip_saved *s = gen->saved;
	const unsigned long *leaf = READ_ONCE(gen->map.leaf[n]);
	struct page *page;
	u32 block;

	if (leaf <= AIP_LEAF_FULL) {
		set_leaf(s, n, leaf ? AIP_DISK_LEAF_FULL : AIP_DISK_LEAF_NONE, 0);
		return 0;
	}
	block = has_block(&s->leaf[n]) ? s->leaf[n].block : aip_table_alloc(s->table);
	if (!block) {
		set_leaf(s, n, AIP_DISK_LEAF_FULL, 0);
		return 0;
	}
	page = aip_own_page(GFP_NOIO);
	if (!page) {
		set_leaf(s, n, block, 0);
		return -ENOMEM;
	}
	/* a copy: the leaf may be marked while it is being written */
	memcpy(page_address(page), leaf, AIP_LEAF_BYTES);
	set_leaf(s, n, block, crc32c(~0, page_address(page), AIP_LEAF_BYTES));
	aip_io_write(io, block, page, 0);
	return 0;
}

static int save_maps(struct aip_io *io, struct aip_saved *s)
{
	u32 next = 0, next_crc = 0, m, i;

	for (m = s->nr_maps; m-- > 0;) {
		struct page *page = aip_own_page(GFP_NOIO);
		struct aip_disk_map *map;

		if (!page)
			return -ENOMEM;
		map = page_address(page);
		memset(map, 0, sizeof(*map));
		map->next = cpu_to_le32(next);
		map->next_crc = cpu_to_le32(next_crc);
		for (i = 0; i < AIP_MAP_LEAVES && m * AIP_MAP_LEAVES + i < s->nr_leaves; i++) {
			map->leaf[i].block = cpu_to_le32(s->leaf[m * AIP_MAP_LEAVES + i].block);
			map->leaf[i].crc = cpu_to_le32(s->leaf[m * AIP_MAP_LEAVES + i].crc);
		}
		next = s->map[m];
		next_crc = crc32c(~0, map, sizeof(*map));
		aip_io_write(io, next, page, 0);
	}
	s->map_crc = next_crc;
	return 0;
}

static int prepare(struct aip_table *table, struct aip_gen *gen)
{
	struct aip_saved *s;
	u32 m;

	if (gen->saved)
		return 0;
	s = saved_new(table, gen->map.nr_leaves);
	if (!s)
		return -ENOMEM;
	for (m = 0; m < s->nr_maps; m++) {
		s->map[m] = aip_table_alloc(table);
		if (!s->map[m]) {
			aip_saved_free(s);
			return -ENOSPC;
		}
	}
	gen->saved = s;
	return 0;
}

int aip_record_save(struct aip_table *table, struct aip_gen *gen, u64 *bytes)
{
	struct aip_io io;
	bool changed;
	int rc, rc2;
	u32 n;

	rc = prepare(table, gen);
	if (rc)
		return rc;
	changed = !gen->saved->written;
	gen->saved->written = false;
	aip_io_begin(&io, &table->file);
	for (n = 0; !rc && n < gen->map.nr_leaves; n++) {
		/* stale is cleared before the leaf is copied, see aip_map_mark() */
		if (!test_and_clear_bit(n, gen->map.stale))
			continue;
		changed = true;
		rc = save_leaf(&io, gen, n);
		if (rc)
			set_bit(n, gen->map.stale);
	}
	if (!rc && changed)
		rc = save_maps(&io, gen->saved);
	rc2 = aip_io_end(&io);
	rc = rc ?: rc2;
	*bytes += io.written;
	table->written += io.written;
	if (rc)
		bitmap_fill(gen->map.stale, gen->map.nr_leaves);
	else
		gen->saved->written = true;
	return rc;
}

/* ---- reading ------------------------------------------------------------- */

static int read_map(struct aip_table *table, u32 block, struct aip_disk_map *map)
{
	struct aip_io io;

	aip_io_begin(&io, &table->file);
	aip_io_read(&io, block, virt_to_page(map));
	return aip_io_end(&io);
}

/* Takes the leaves of one map block over, claiming their blocks. */
static bool claim_leaves(struct aip_saved *s, u32 first, const struct aip_disk_map *map)
{
	u32 i;

	for (i = 0; i < AIP_MAP_LEAVES && first + i < s->nr_leaves; i++) {
		struct aip_saved_leaf leaf = {
			.block = le32_to_cpu(map->leaf[i].block),
			.crc = le32_to_cpu(map->leaf[i].crc),
		};

		if (has_block(&leaf) && !aip_table_claim(s->table, leaf.block))
			return false;
		s->leaf[first + i] = leaf;
	}
	return true;
}

int aip_record_claim(struct aip_table *table, struct aip_gen *gen, u32 block, u32 crc)
{
	struct aip_disk_map *map = (void *)get_zeroed_page(GFP_KERNEL);
	struct aip_saved *s = saved_new(table, gen->map.nr_leaves);
	int rc = -EBADMSG;
	u32 m;

	if (!map || !s) {
		rc = -ENOMEM;
		goto out;
	}
	s->map_crc = crc;
	for (m = 0; m < s->nr_maps; m++) {
		if (!aip_table_claim(table, block))
			goto out;
		s->map[m] = block;
		if (read_map(table, block, map) || crc32c(~0, map, sizeof(*map)) != crc ||
		    !claim_leaves(s, m * AIP_MAP_LEAVES, map))
			goto out;
		block = le32_to_cpu(map->next);
		crc = le32_to_cpu(map->next_crc);
	}
	if (block)
		goto out;
	s->written = true;
	gen->saved = s;
	s = NULL;
	rc = 0;
out:
	aip_saved_free(s);
	free_page((unsigned long)map);
	return rc;
}

int aip_record_load(struct aip_gen *gen)
{
	struct aip_saved *s = gen->saved;
	struct aip_io io;
	int rc = 0, rc2;
	u32 n;

	aip_io_begin(&io, &s->table->file);
	for (n = 0; !rc && n < s->nr_leaves; n++) {
		unsigned long *page;

		if (s->leaf[n].block == AIP_DISK_LEAF_FULL)
			aip_map_set_leaf(&gen->map, n, AIP_LEAF_FULL);
		if (!has_block(&s->leaf[n]))
			continue;
		page = (unsigned long *)__get_free_page(GFP_KERNEL);
		if (!page) {
			rc = -ENOMEM;
			break;
		}
		aip_map_set_leaf(&gen->map, n, page);
		aip_io_read(&io, s->leaf[n].block, virt_to_page(page));
	}
	rc2 = aip_io_end(&io);
	rc = rc ?: rc2;
	for (n = 0; !rc && n < s->nr_leaves; n++) {
		if (has_block(&s->leaf[n]) &&
		    crc32c(~0, gen->map.leaf[n], AIP_LEAF_BYTES) != s->leaf[n].crc)
			rc = -EBADMSG;
		cond_resched();
	}
	return rc;
}
