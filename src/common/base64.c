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

/* What each character stands for, and one more, so that 0 is no digit. */
static const unsigned char digit_of[256] = {
	['A'] = 1,  ['B'] = 2,	['C'] = 3,  ['D'] = 4,	['E'] = 5,  ['F'] = 6,	['G'] = 7,
	['H'] = 8,  ['I'] = 9,	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64,
};

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
			int d = j < n ? digit_of[(unsigned char)text[i + j]] - 1 : 0;

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
