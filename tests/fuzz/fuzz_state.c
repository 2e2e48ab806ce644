// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lies in /var and what aip-fetch says: state.json, sources.json, messages, gzip.  What
 * is read and written again is the same.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aipmng/accept.h"
#include "aipmng/cache.h"
#include "common/hex.h"
#include "fetch/gunzip.h"
#include "fetch/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void state(const uint8_t *data, size_t size)
{
	struct accept_state a = ACCEPT_STATE_INIT, b = ACCEPT_STATE_INIT;
	struct aip_buf one = AIP_BUF_INIT, two = AIP_BUF_INIT;
	int r = accept_parse(data, size, &a, NULL);
	size_t i;

	if (r == 0) {
		for (i = 0; i < a.n_streams; i++)
			if (a.streams[i].serial < 0 || !accept_is_stream(a.streams[i].name) ||
			    (a.streams[i].serial && !aip_is_hex(a.streams[i].sha256, 64)))
				__builtin_trap();
		if (accept_write(&a, &one) < 0 || accept_parse(one.data, one.len, &b, NULL) < 0 ||
		    accept_write(&b, &two) < 0 || strcmp(one.data, two.data) != 0)
			__builtin_trap();
	} else if (r != -EBADMSG && r != -EPROTONOSUPPORT) {
		__builtin_trap();
	}
	accept_free(&a);
	accept_free(&b);
	aip_buf_free(&one);
	aip_buf_free(&two);
}

static void sources(const uint8_t *data, size_t size)
{
	static struct cache_sources s;
	size_t i;

	if (cache_sources_parse(data, size, &s, NULL) < 0 && s.n)
		__builtin_trap();
	for (i = 0; i < s.n; i++)
		if (!aip_is_hex(s.v[i].id, 64) || strlen(s.v[i].etag) >= CACHE_TAG_MAX ||
		    strpbrk(s.v[i].etag, "\r\n"))
			__builtin_trap();
}

static void message(const uint8_t *data, size_t size)
{
	struct aip_buf b = AIP_BUF_INIT;
	struct wire w, again;
	size_t i;

	if (wire_parse(data, size, &w) < 0)
		return;
	if (w.body > size)
		__builtin_trap();
	wire_begin(&b);
	for (i = 0; i < w.n; i++) {
		char *url = wire_public_url(w.item[i].value);

		free(url);
		wire_num(&w, w.item[i].key, 0);
		wire_put(&b, w.item[i].key, w.item[i].value);
	}
	wire_end(&b);
	if (wire_parse(b.data, b.len, &again) < 0 || again.n != w.n)
		__builtin_trap();
	wire_free(&again);
	wire_free(&w);
	aip_buf_free(&b);
}

static void packed(const uint8_t *data, size_t size)
{
	struct aip_buf out = AIP_BUF_INIT;

	if (gunzip(data, size, 100000, "x", &out, NULL) == 0 && out.len > 100000)
		__builtin_trap();
	aip_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const what[])(const uint8_t *, size_t) = { state, sources, message, packed };

	if (size)
		what[data[0] % 4](data + 1, size - 1);
	return 0;
}
