// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "common/hex.h"

static const char digits_of[] = "0123456789abcdef";

void aip_hex(const void *data, size_t len, char *out)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits_of[p[i] >> 4];
		*out++ = digits_of[p[i] & 15];
	}
	*out = 0;
}

static int value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int aip_unhex(const char *s, void *out, size_t len)
{
	unsigned char *p = out;
	size_t i;

	if (strlen(s) != 2 * len)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		int hi = value(s[2 * i]), lo = value(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		p[i] = hi << 4 | lo;
	}
	return 0;
}

bool aip_is_hex(const char *s, size_t digits)
{
	return strspn(s, digits_of) == digits && s[digits] == 0;
}
