// SPDX-License-Identifier: GPL-2.0-only
/*
 * history.c: see history.h.
 */
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "history.h"
#include "record.h"

bool aip_id_is_zero(const struct aipsnap_id *id)
{
	return !memchr_inv(id, 0, sizeof(*id));
}

struct aip_gen *aip_gen_new(u64 chunks)
{
	struct aip_gen *gen = kzalloc(sizeof(*gen), GFP_KERNEL);
	int rc;

	if (!gen)
		return ERR_PTR(-ENOMEM);
	rc = aip_map_init(&gen->map, chunks);
	if (rc) {
		kfree(gen);
		return ERR_PTR(rc);
	}
	INIT_LIST_HEAD(&gen->list);
	get_random_bytes(&gen->id, sizeof(gen->id));
	gen->time = ktime_get_real_seconds();
	return gen;
}

void aip_gen_free(struct aip_gen *gen)
{
	if (!gen)
		return;
	aip_saved_free(gen->saved);
	aip_map_destroy(&gen->map);
	kfree(gen);
}

void aip_history_init(struct aip_history *h)
{
	memset(h, 0, sizeof(*h));
	INIT_LIST_HEAD(&h->gens);
}

void aip_history_clear(struct aip_history *h)
{
	struct aip_gen *gen, *next;

	list_for_each_entry_safe (gen, next, &h->gens, list) {
		list_del(&gen->list);
		aip_gen_free(gen);
	}
	h->nr = 0;
	h->nr_aliases = 0;
}

void aip_history_begin(struct aip_history *h, struct aip_gen *gen, u32 why)
{
	get_random_bytes(&h->lineage, sizeof(h->lineage));
	h->time = gen->time;
	h->why = why;
	aip_history_add(h, gen);
}

void aip_history_add(struct aip_history *h, struct aip_gen *gen)
{
	list_add_tail(&gen->list, &h->gens);
	h->nr++;
}

struct aip_gen *aip_history_last(const struct aip_history *h)
{
	return list_empty(&h->gens) ? NULL : list_last_entry(&h->gens, struct aip_gen, list);
}

struct aip_gen *aip_history_find(const struct aip_history *h, const struct aipsnap_id *id)
{
	struct aip_gen *gen;

	list_for_each_entry (gen, &h->gens, list)
		if (!memcmp(&gen->id, id, sizeof(*id)))
			return gen;
	return NULL;
}

struct aip_gen *aip_history_since(const struct aip_history *h, const struct aipsnap_id *id)
{
	struct aip_gen *gen = aip_history_find(h, id);
	u32 i;

	for (i = 0; !gen && i < h->nr_aliases; i++)
		if (!memcmp(&h->alias[i], id, sizeof(*id)))
			gen = list_first_entry(&h->gens, struct aip_gen, list);
	return gen;
}

static void add_alias(struct aip_history *h, const struct aipsnap_id *id)
{
	if (h->nr_aliases == AIP_ALIASES)
		memmove(&h->alias[0], &h->alias[1], --h->nr_aliases * sizeof(h->alias[0]));
	h->alias[h->nr_aliases++] = *id;
}

void aip_history_merge(struct aip_history *h)
{
	struct aip_gen *oldest, *next;

	if (WARN_ON_ONCE(h->nr < 3))
		return;
	oldest = list_first_entry(&h->gens, struct aip_gen, list);
	next = list_next_entry(oldest, list);
	aip_map_or(&oldest->map, &next->map);
	oldest->flags |= AIPSNAP_GEN_MERGED;
	add_alias(h, &next->id);
	list_del(&next->list);
	h->nr--;
	aip_gen_free(next);
}
