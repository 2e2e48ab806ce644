/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repo.h: the index as dnf repositories carry it: a record "aip_patches" of
 * repomd.xml.  librepo reads the .repo file, its variables, mirror lists, metalinks,
 * repomd.xml and its signature; http.h does the transfers, so that they are bounded
 * like any other.  Mirrors are tried one after the other until one gives a file
 * that is what its repomd.xml says.
 */
#ifndef AIP_FETCH_REPO_H
#define AIP_FETCH_REPO_H

#include "common/buf.h"
#include "common/err.h"
#include "fetch/http.h"
#include "fetch/wire.h"

#define REPO_RECORD	 "aip_patches"
#define REPO_NONE	 2 /* beside enum http_verdict: no such section, or it is disabled */
#define REPO_MIRRORS_MAX 32

struct repo_answer {
	struct http_tags tags; /* .etag: digest of the record's file, as repomd.xml has it */
	char *mirror;	       /* base URL that answered; owned */
	struct aip_buf
		notes; /* what went wrong on the way, NUL-terminated texts one after the other */
};

/** repo_version - Return: name and version of the library, NULL when this build is without. */
const char *repo_version(void);

/**
 * repo_get - fetch the index that a section of yum.repos.d carries
 * @req: the request, see wire.h
 * @how: what aip.conf says; dnf.conf and the section go before
 * @max: bytes at most
 * @tags: what is known already
 * @ans: zeroed by the caller; released with repo_answer_free()
 * @body: the file is appended
 *
 * Return: an enum http_verdict; REPO_NONE; or -errno (exit code 4 or 6 in @err).
 */
int repo_get(const struct wire *req, const struct http_how *how, size_t max,
	     const struct http_tags *tags, struct repo_answer *ans, struct aip_buf *body,
	     struct aip_err *err);
void repo_answer_free(struct repo_answer *ans);

#endif
