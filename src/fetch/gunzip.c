// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "aipmng/aipmng.h"
#include "fetch/gunzip.h"

bool is_gzip(const void *data, size_t len)
{
	return len > 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

/* Unpack as much as there is. Return: 0 at the end of the data, or -errno. */
static int unpack(z_stream *z, size_t max, struct aip_buf *out)
{
	size_t start = out->len;
	int r = Z_OK;

	for (;;) {
		size_t room = max + 1 - (out->len - start);

		room = room < 65536 ? room : 65536;
		if (aip_buf_reserve(out, room) < 0)
			return -ENOMEM;
		z->next_out = (Bytef *)out->data + out->len;
		z->avail_out = room;
		r = inflate(z, Z_NO_FLUSH);
		out->len += room - z->avail_out;
		out->data[out->len] = 0;
		if (out->len - start > max)
			return -EFBIG;
		if (r == Z_STREAM_END && z->avail_in == 0)
			return 0;
		if (r == Z_STREAM_END)
			r = inflateReset(z); /* another member */
		else if (r == Z_OK && z->avail_in == 0 && z->avail_out)
			return -EBADMSG; /* cut short */
		if (r != Z_OK)
			return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	}
}

int gunzip(const void *data, size_t len, size_t max, const char *name, struct aip_buf *out,
	   struct aip_err *err)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = len };
	int r;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return aip_err_errno(err, -ENOMEM, "cannot unpack %s", name);
	r = unpack(&z, max, out);
	inflateEnd(&z);
	if (r == -EFBIG)
		aip_err_set(err, r, "%s: unpacks to more than %zu bytes", name, max);
	else if (r == -EBADMSG)
		aip_err_set(err, r, "%s: damaged or cut short (gzip)", name);
	else if (r < 0)
		aip_err_errno(err, r, "cannot unpack %s", name);
	if (r < 0 && r != -ENOMEM)
		aip_err_exit(err, AIP_EXIT_REFUSED);
	return r;
}
