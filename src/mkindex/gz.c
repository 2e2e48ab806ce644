// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "mkindex/gz.h"

#define GZIP_WINDOW                                                                                \
	(15 + 16) /* zlib: the largest window, gzip's frame, no time and no name in it */

int gz(const void *data, size_t len, struct aip_buf *out)
{
	z_stream z;
	int r;

	memset(&z, 0, sizeof(z));
	if (deflateInit2(&z, 9, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	if (aip_buf_reserve(out, deflateBound(&z, len)) < 0) {
		deflateEnd(&z);
		return -ENOMEM;
	}
	z.next_in = (Bytef *)data;
	z.avail_in = len;
	z.next_out = (Bytef *)out->data + out->len;
	z.avail_out = deflateBound(&z, len);
	r = deflate(&z, Z_FINISH);
	out->len += z.total_out;
	out->data[out->len] = 0;
	deflateEnd(&z);
	return r == Z_STREAM_END ? 0 : -ENOMEM;
}
