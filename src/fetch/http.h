/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http.h: one transfer with libcurl, bounded in every way: bytes, time, redirects,
 * protocols.  file:// is read without libcurl.
 */
#ifndef AIP_FETCH_HTTP_H
#define AIP_FETCH_HTTP_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"
#include "fetch/wire.h"

/* How to reach servers. Strings belong to the caller; NULL means the library's default. */
struct http_how {
	const char *proxy; /* URL, "none", or NULL: the environment's */
	const char *proxy_username, *proxy_password;
	const char *username, *password;
	const char *sslcacert, *sslclientcert, *sslclientkey; /* host paths */
	bool no_sslverify;
	int ip_version; /* 0 any, 4, 6 */
	long connect_ms;
	long total_ms;
};

/* Makes a request conditional, and what to remember of the answer for the next one. */
struct http_tags {
	char etag[WIRE_TAG_MAX];     /* "" none */
	char modified[WIRE_TAG_MAX]; /* Last-Modified as the server wrote it, "" none */
};

enum http_verdict {
	HTTP_BODY,	/* there is a body */
	HTTP_UNCHANGED, /* 304: what the tags stand for is still right */
};

/** http_setup - once in a process, before anything else. Return: 0 or -ENOMEM. */
int http_setup(void);

/** http_version - Return: name and version of the library, for --version. */
const char *http_version(void);

/**
 * http_get - fetch an URL
 * @max: bytes at most; more is a refusal
 * @tags: in: what is known already, out: of this answer; NULL: unconditional
 * @body: the answer is appended; nothing is on failure
 *
 * Redirects: at most 5, never to another protocol than http or https, never from https to http.
 *
 * Return: an enum http_verdict; or -errno with a message that names the URL (without
 * credentials), and exit code 4 (refused) or 6 (not reachable).
 */
int http_get(const struct http_how *how, const char *url, size_t max, struct http_tags *tags,
	     struct aip_buf *body, struct aip_err *err);

/** http_now_ms - Return: a clock that never goes back, in ms. */
long http_now_ms(void);

#endif
