// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"

int aip_buf_reserve(struct aip_buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;
	char *p;

	if (b->failed)
		return b->failed;
	if (more >= SIZE_MAX / 2 - b->len)
		return b->failed = -ENOMEM;
	while (cap < b->len + more + 1)
		cap *= 2;
	if (cap == b->cap)
		return 0;
	p = realloc(b->data, cap);
	if (!p)
		return b->failed = -ENOMEM;
	b->data = p;
	b->cap = cap;
	b->data[b->len] = 0;
	return 0;
}

void aip_buf_add(struct aip_buf *b, const void *data, size_t len)
{
	if (aip_buf_reserve(b, len) < 0)
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
}

void aip_buf_str(struct aip_buf *b, const char *s)
{
	aip_buf_add(b, s, strlen(s));
}

void aip_buf_chr(struct aip_buf *b, char c)
{
	aip_buf_add(b, &c, 1);
}

void aip_buf_vfmt(struct aip_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = -ENOMEM;
		return;
	}
	if (aip_buf_reserve(b, n) < 0)
		return;
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += n;
}

void aip_buf_fmt(struct aip_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	aip_buf_vfmt(b, fmt, ap);
	va_end(ap);
}

int aip_buf_status(const struct aip_buf *b)
{
	return b->failed;
}

void aip_buf_reset(struct aip_buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->data)
		b->data[0] = 0;
}

void aip_buf_free(struct aip_buf *b)
{
	free(b->data);
	*b = (struct aip_buf)AIP_BUF_INIT;
}

char *aip_buf_steal(struct aip_buf *b)
{
	char *p = NULL;

	if (!b->failed)
		p = TAKE_PTR(b->data);
	aip_buf_free(b);
	return p;
}
