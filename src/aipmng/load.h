/* SPDX-License-Identifier: GPL-2.0-or-later */
/* load.h: one run of aip_indexes_load_until(), shared by source.c (what is here) and outside.c (what is not). */
#ifndef AIP_LOAD_H
#define AIP_LOAD_H

#include "aipmng/accept.h"
#include "aipmng/cache.h"
#include "aipmng/indexes.h"
#include "aipmng/trust.h"

struct load {
	struct ctx *ctx;
	struct aip_indexes *out;
	struct accept_state state;
	struct trust trust;
	struct cache_sources sources;
	bool sources_changed;
	bool revoked; /* a key lost its power in this run: what it signed is to be opened again */
};

/** load_clock - Return: the time that counts: never below build, last "issued", and the shipped index. */
time_t load_clock(const struct load *l, const struct accept_state *st);

/**
 * load_outside - ask the configured sources, as far as @mode wants it
 * Failures become warnings. Return: 0 or -ENOMEM.
 */
int load_outside(struct load *l, enum aip_load_mode mode, aip_enough_fn enough, void *arg);

#endif
