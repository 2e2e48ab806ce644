/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history.h: the generations of one device, oldest first, the last one open.
 *
 * Lineage: the run of generations without a gap.  At most
 * AIPSNAP_MAX_GENERATIONS are kept; the oldest two merge.  The merged one keeps
 * the older id; the younger one lives on as an alias of it: who asks since then
 * gets a superset, never less.  All under the control lock, but for marks in
 * the open generation's map.
 */
#ifndef AIP_HISTORY_H
#define AIP_HISTORY_H

#include <linux/list.h>
#include <linux/percpu.h>

#include "map.h"
#include "uapi/aipsnap.h"

#define AIP_ALIASES 96

struct aip_flight_count;
struct aip_saved;

struct aip_gen {
	struct list_head list;
	struct aipsnap_id id;
	s64 time;
	u32 flags;				 /* AIPSNAP_GEN_MERGED */
	int side;				 /* of the device's flights … */
	struct aip_flight_count __percpu *count; /* … once it is open */
	struct aip_map map;
	struct aip_saved *saved; /* where it lies in the table, or NULL */
};

struct aip_history {
	struct list_head gens;
	u32 nr;
	struct aipsnap_id
		alias[AIP_ALIASES]; /* ids merged into the oldest generation, oldest first */
	u32 nr_aliases;
	struct aipsnap_id lineage;
	s64 time;
	u32 why; /* enum aipsnap_why */
};

bool aip_id_is_zero(const struct aipsnap_id *id);

/** A generation with a fresh id for a device of `chunks`; ERR_PTR. */
struct aip_gen *aip_gen_new(u64 chunks);
/** Its place in the table is given back too. */
void aip_gen_free(struct aip_gen *gen);

void aip_history_init(struct aip_history *h);
/** Frees all generations. */
void aip_history_clear(struct aip_history *h);
/** A new lineage: needs an empty history; `gen` becomes the only generation. */
void aip_history_begin(struct aip_history *h, struct aip_gen *gen, u32 why);
void aip_history_add(struct aip_history *h, struct aip_gen *gen);
struct aip_gen *aip_history_last(const struct aip_history *h);
struct aip_gen *aip_history_find(const struct aip_history *h, const struct aipsnap_id *id);
/** The generation from which on all changes since `id` are found: aliases count. */
struct aip_gen *aip_history_since(const struct aip_history *h, const struct aipsnap_id *id);
/** Merges the oldest two; needs at least three (the open one never merges). */
void aip_history_merge(struct aip_history *h);

#endif /* AIP_HISTORY_H */
