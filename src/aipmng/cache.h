/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache.h: /var/cache/aip: of each stream the last accepted envelope, as it came
 * (index-STREAM.json; verified again at each use), and what the sources said, to ask
 * them conditionally (sources.json).  All of it may be removed at any time.
 */
#ifndef AIP_CACHE_H
#define AIP_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "aipmng/aipmng.h"
#include "common/buf.h"
#include "common/err.h"

#define CACHE_MAX_STREAMS 64
#define CACHE_MAX_SOURCES 64
#define CACHE_TAG_MAX	  256

/* What one source said last. */
struct cache_source {
	char id[65]; /* SHA-256 of the URL (which may hold a password), or of "repo:NAME" */
	char etag[CACHE_TAG_MAX]; /* "" none */
	char modified[CACHE_TAG_MAX];
	char stream[65]; /* of the index that it had */
	int64_t serial;
};

struct cache_sources {
	struct cache_source v[CACHE_MAX_SOURCES];
	size_t n;
};

/** cache_list - streams that the cache has an index of, sorted. Return: 0, also without a cache; -ENOMEM. */
int cache_list(const struct ctx *ctx, char ***streams, size_t *n);

/** cache_path - ".../index-STREAM.json" for people. Return: it, the caller frees, or NULL. */
char *cache_path(const char *stream);

/** cache_read - append the envelope of a stream. Return: 0 or -errno. */
int cache_read(const struct ctx *ctx, const char *stream, struct aip_buf *out, struct aip_err *err);

/**
 * cache_store - replace the envelope of a stream, atomically and durably
 * The caller holds accept_lock(): temporary files of a killed run are removed.
 * Return: 0 or -errno.
 */
int cache_store(const struct ctx *ctx, const char *stream, const void *data, size_t len,
		struct aip_err *err);

/** cache_drop - forget the envelope of a stream. Return: 0 (also when there is none) or -errno. */
int cache_drop(const struct ctx *ctx, const char *stream, struct aip_err *err);

/**
 * cache_sources_parse - read the bytes of sources.json
 * Return: 0; -EBADMSG or -ENOMEM, and @out is empty: every source is asked without condition.
 */
int cache_sources_parse(const void *data, size_t len, struct cache_sources *out,
			struct aip_err *err);

/** cache_sources_load - read sources.json; one that is missing or damaged is empty. */
void cache_sources_load(const struct ctx *ctx, struct cache_sources *out);

/** cache_sources_save - write it; the caller holds accept_lock(). Return: 0 or -errno (of no consequence but transfers). */
int cache_sources_save(const struct ctx *ctx, const struct cache_sources *s, struct aip_err *err);

/** cache_source_id - the id of a source from its URL. Return: 0 or -errno. */
int cache_source_id(const char *url, char id[65]);

/** cache_source_find - Return: what a source said last, or NULL. */
const struct cache_source *cache_source_find(const struct cache_sources *s, const char *id);

/** cache_source_put - remember what a source said; the oldest makes room; @src without any tag removes it. */
void cache_source_put(struct cache_sources *s, const struct cache_source *src);

/**
 * cache_scratch - make an empty folder for a helper's temporary files
 * Those that an aipmng which is no longer there left behind are removed.
 * Return: its path as this process sees it, the caller frees it with cache_scratch_free(); NULL
 * when the cache cannot be written.
 */
char *cache_scratch(const struct ctx *ctx);

/** cache_scratch_free - remove that folder with all that is in it. */
void cache_scratch_free(char **path);

#endif
