/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h: what aipmng and aip-fetch say to each other.
 *
 * Either side sends one message: the line WIRE_MAGIC, lines "key value", an empty
 * line, and after it the answer's body.  A request (aip-fetch's standard input):
 *
 *	url		file, http or https URL; or else
 *	repo		section of yum.repos.d, with
 *	  root		  the root folder that it is looked up in
 *	  releasever	  value of $releasever, likewise basearch and arch
 *	  scratch	  an empty folder of our own
 *	  skip		  a mirror not to ask (may repeat)
 *	etag, modified	what an earlier answer said: makes the request conditional
 *	proxy, proxy_username, proxy_password, sslcacert, sslclientcert, sslclientkey
 *	connect_ms, total_ms
 *	max		bytes at most, packed and unpacked
 *
 * An answer (its standard output):
 *
 *	status		ok | unchanged | none (no such section, or disabled) | error
 *	etag, modified	for the next request
 *	origin		where it comes from, for people, without credentials
 *	mirror		the mirror, as "skip" wants it
 *	note		what went wrong on the way (may repeat)
 *	exit, message, hint	status error: as in struct aip_err
 *	length		bytes of the body that follows
 *
 * The answer's body is not to be believed before it is verified.
 */
#ifndef AIP_FETCH_WIRE_H
#define AIP_FETCH_WIRE_H

#include <stddef.h>

#include "common/buf.h"

#define WIRE_MAGIC     "aip-fetch 1"
#define WIRE_HEAD_MAX  65536 /* bytes before the body */
#define WIRE_ITEMS_MAX 256
#define WIRE_TAG_MAX   256 /* bytes of an etag or a date that is worth keeping */

struct wire_item {
	const char *key, *value;
};

/* A message that was read; owns its strings. */
struct wire {
	char *text;
	struct wire_item item[WIRE_ITEMS_MAX];
	size_t n;
	size_t body; /* offset of the body in the bytes that were read */
};

/** wire_begin - start a message in an empty buffer. */
void wire_begin(struct aip_buf *b);

/** wire_put - add a line; a NULL @value adds none; control characters become blanks. */
void wire_put(struct aip_buf *b, const char *key, const char *value);

/** wire_putf - likewise, formatted. */
void wire_putf(struct aip_buf *b, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** wire_end - end the head; the body may follow. */
void wire_end(struct aip_buf *b);

/**
 * wire_parse - read the head of a message
 * @w: filled on success; release with wire_free()
 * Return: 0, -EBADMSG (not such a message), -EFBIG or -ENOMEM.
 */
int wire_parse(const void *data, size_t len, struct wire *w);
void wire_free(struct wire *w);

/** wire_get - Return: value of the first line with this key, or NULL. */
const char *wire_get(const struct wire *w, const char *key);

/** wire_num - Return: value of that line as a whole number, @def when there is none or it is not a number up to 2^31 - 1. */
long wire_num(const struct wire *w, const char *key, long def);

/**
 * wire_public_url - an URL for the eyes of people: without user, password, query and fragment
 * Return: a copy, caller frees; NULL when memory is out.
 */
char *wire_public_url(const char *url);

#endif
