// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void aip_base64(struct aip_buf *out, const void *data, size_t len)
{
	const unsigned char *p = data;
	char *o;

	if (aip_buf_reserve(out, (len + 2) / 3 * 4) < 0)
		return;
	o = out->data + out->len;
	for (; len >= 3; p += 3, len -= 3) {
		*o++ = alphabet[p[0] >> 2];
		*o++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		*o++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		*o++ = alphabet[p[2] & 63];
	}
	if (len) {
		*o++ = alphabet[p[0] >> 2];
		*o++ = alphabet[(p[0] & 3) << 4 | (len > 1 ? p[1] >> 4 : 0)];
		*o++ = len > 1 ? alphabet[(p[1] & 15) << 2] : '=';
		*o++ = '=';
	}
	out->len = o - out->data;
	*o = 0;
}

static int value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int aip_unbase64(struct aip_buf *out, const char *text, size_t len)
{
	size_t pad = 0, i;
	char *o;

	if (len % 4)
		return -EINVAL;
	if (aip_buf_reserve(out, len / 4 * 3) < 0)
		return -ENOMEM;
	if (len && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	o = out->data + out->len;
	for (i = 0; i < len; i += 4) {
		size_t n = i + 4 == len ? 4 - pad : 4, j;
		uint32_t v = 0;

		for (j = 0; j < 4; j++) {
			int d = j < n ? value(text[i + j]) : 0;

			if (d < 0)
				return -EINVAL;
			v = v << 6 | d;
		}
		if ((n == 2 && v & 0xffff) || (n == 3 && v & 0xff))
			return -EINVAL;
		*o++ = v >> 16;
		if (n > 2)
			*o++ = v >> 8;
		if (n > 3)
			*o++ = v;
	}
	out->len = o - out->data;
	*o = 0;
	return 0;
}
