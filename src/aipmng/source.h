/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h: the indexes that this machine believes.
 *
 * Sources, in order: the "index" URLs of the configuration (or --index alone), the
 * enabled section of yum.repos.d, the cache, the index that the package ships.
 * What comes from outside is fetched by the program aip-fetch, opened with
 * aip_envelope_open(), judged by accept.h, stored by cache.h: nothing
 * in struct aip_indexes is unverified.  A bad source is a warning and never hides a
 * good one.
 */
#ifndef AIP_SOURCE_H
#define AIP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "aipmng/aipmng.h"
#include "common/err.h"
#include "patch/index.h"

/* When the network is asked. */
enum aip_load_mode {
	AIP_CACHE_FIRST, /* only if cache and shipped index are not enough; all together bounded by trigger_timeout */
	AIP_REFRESH, /* every source, each bounded by timeout: the highest serial of each stream wins */
	AIP_OFFLINE, /* never; --offline turns the other two into this one */
};

enum aip_origin {
	AIP_FROM_NETWORK, /* fetched (or found unchanged: a 304) in this run */
	AIP_FROM_CACHE,
	AIP_FROM_PACKAGE, /* the shipped one */
};

/* One accepted index. */
struct aip_loaded {
	struct aip_index *index;
	enum aip_origin from;
	char *origin; /* for people: URL without credentials, or path */
	bool stale; /* its "expires" is over: still right for exact digests, but nobody renews it */
};

struct aip_indexes {
	struct aip_loaded
		*v; /* one of each stream; fetched and cached ones first, the shipped one last */
	size_t n;
	char **warnings; /* for people: which source, why, what to do */
	size_t n_warnings;
	size_t n_keys;	/* trusted keys that are not revoked; 0: only the shipped index is used */
	size_t n_asked; /* sources outside of this machine that were asked */
	size_t n_answered; /* of these, gave an index that was accepted, or was known and unchanged */
	struct aip_err refused; /* first refusal (exit code 4), .code 0: none */
	struct aip_err
		unreachable; /* first source that gave nothing (exit code 6), .code 0: none */
};

#define AIP_INDEXES_INIT                                                                           \
	{                                                                                          \
		0                                                                                  \
	}

/**
 * aip_indexes_load - have all indexes that can be had
 * @ctx: root, options (--index, --offline) and configuration
 * @out: zeroed by the caller; filled also on failure (warnings); release with aip_indexes_free()
 *
 * AIP_CACHE_FIRST takes any index of cache or package as enough; see
 * aip_indexes_load_until().  Takes and releases its own lock while it changes
 * cache and state, so it may be called with or without the lock of lock.h.
 *
 * Return: 0 when there is at least one index; else the error that explains best why not:
 * exit code 4 when a source was refused, 6 when none was reachable; -ENOMEM.
 */
int aip_indexes_load(struct ctx *ctx, enum aip_load_mode mode, struct aip_indexes *out,
		     struct aip_err *err);

/** aip_enough_fn - Return: whether @have has all that the caller (@arg) needs. */
typedef bool (*aip_enough_fn)(void *arg, const struct aip_indexes *have);

/**
 * aip_indexes_load_until - likewise; AIP_CACHE_FIRST asks the network only when @enough says no
 * @enough: called with what cache and package have, then after each index from the network
 */
int aip_indexes_load_until(struct ctx *ctx, enum aip_load_mode mode, aip_enough_fn enough,
			   void *arg, struct aip_indexes *out, struct aip_err *err);

/** aip_indexes_free - release what aip_indexes_load() filled in; it is zeroed afterwards. */
void aip_indexes_free(struct aip_indexes *x);

/**
 * aip_indexes_by_pre - the patch for a file with this SHA-256
 * The first index that has one which no index withdraws; the shipped index is asked last.
 * @from: set to where it comes from, or NULL
 * Return: the entry, or NULL.
 */
const struct aip_index_file *aip_indexes_by_pre(const struct aip_indexes *x, const char *sha256,
						const struct aip_loaded **from);

/** aip_indexes_by_post - the entry that leads to this SHA-256, withdrawn or not. Return: it, or NULL. */
const struct aip_index_file *aip_indexes_by_post(const struct aip_indexes *x, const char *sha256,
						 const struct aip_loaded **from);

/** aip_indexes_is_withdrawn - Return: whether any index withdraws the patch that leads to @post. */
bool aip_indexes_is_withdrawn(const struct aip_indexes *x, const char *post);

/**
 * aip_indexes_outcome - did the asked sources do their part?
 * For a mode that was told to fetch: when at least one source was refused and none of the others gave
 * an index, the run has failed with exit code 4, whatever cache and package still have.
 * Return: 0, or the code in @err.
 */
int aip_indexes_outcome(const struct aip_indexes *x, struct aip_err *err);

/**
 * aip_indexes_no_patch - explain that nothing in @x fits this system
 *
 * With exit code 4 as aip_indexes_outcome() has it (what was refused might have had the patch), 6 when
 * sources are configured and no index from outside could be had, now or before; else 3 and the
 * documented message "No patch files found for this system.".
 * Return: the code in @err.
 */
int aip_indexes_no_patch(const struct aip_indexes *x, struct aip_err *err);

/**
 * aip_reset_serial - forget what was accepted of one stream (--reset-serial)
 *
 * Its highest serial, its cached index, and the keys that it revoked.
 * The next index of the stream with a good signature is accepted whatever its serial.
 * The caller checks that it is root's wish, and logs.
 * Return: 0; -ENOENT when nothing is known of this stream; -EINVAL (no stream name), or -errno.
 */
int aip_reset_serial(struct ctx *ctx, const char *stream, struct aip_err *err);

#endif
