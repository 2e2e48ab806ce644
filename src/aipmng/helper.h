/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper.h: runs aip-fetch, which loads libcurl and librepo so that aipmng need
 * not: bounded in time and in what it may answer, killed when it exceeds either.
 */
#ifndef AIP_HELPER_H
#define AIP_HELPER_H

#include "aipmng/aipmng.h"
#include "aipmng/cache.h"
#include "common/buf.h"
#include "common/err.h"

/* A source outside of this machine. */
struct helper_source {
	const char *url;  /* file, http or https; or NULL, and */
	const char *repo; /* a section of yum.repos.d */
};

enum helper_verdict {
	HELPER_BODY,	  /* there is an index, not verified */
	HELPER_UNCHANGED, /* what the tags stand for is still right */
	HELPER_NONE,	  /* the section is not there */
};

struct helper_reply {
	struct aip_buf body;
	char etag[CACHE_TAG_MAX], modified[CACHE_TAG_MAX];
	char *origin; /* for people; never NULL after a call */
	char *mirror; /* repository: which mirror it was, to be skipped next time; or NULL */
	char **notes; /* repository: what went wrong with other mirrors */
	size_t n_notes;
};

#define HELPER_REPLY_INIT                                                                          \
	{                                                                                          \
		AIP_BUF_INIT, "", "", NULL, NULL, NULL, 0                                          \
	}

/**
 * helper_ask - fetch from one source
 * @known: what it said last (makes the request conditional), or NULL
 * @skip, @n_skip: mirrors of a repository that are not to be asked
 * @ms: time for all of it
 * @re: HELPER_REPLY_INIT; filled also on failure (origin, notes); release with helper_reply_free()
 *
 * Return: an enum helper_verdict; or -errno with exit code 6 (not reachable) or 4 (refused: too
 * large, damaged) in @err.
 */
int helper_ask(const struct ctx *ctx, const struct helper_source *src,
	       const struct cache_source *known, char *const *skip, size_t n_skip, long ms,
	       struct helper_reply *re, struct aip_err *err);
void helper_reply_free(struct helper_reply *re);

/** helper_source_id - the id of a source, see cache.h. Return: 0 or -errno. */
int helper_source_id(const struct helper_source *src, char id[65]);

#endif
