// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/jsonw.h"

void aip_jsonw_init(struct aip_jsonw *w, struct aip_buf *out, bool pretty)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->pretty = pretty;
}

size_t aip_utf8_len(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n, i;
	uint32_t c;

	if (!len)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, c = p[0] & 0x1f;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3, c = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, c = p[0] & 0x07;
	else
		return 0;
	if (len < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

static void quoted(struct aip_buf *b, const char *s, size_t len)
{
	static const char escapes[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
	size_t i, n;

	aip_buf_chr(b, '"');
	for (i = 0; i < len; i += n) {
		const char *e = s[i] ? strchr(escapes, s[i]) : NULL;

		n = aip_utf8_len(s + i, len - i);
		if (e)
			aip_buf_fmt(b, "\\%c", letters[e - escapes]);
		else if (n == 1 && ((unsigned char)s[i] < 0x20 || s[i] == 0x7f))
			aip_buf_fmt(b, "\\u%04x", s[i]);
		else if (n)
			aip_buf_add(b, s + i, n);
		else
			aip_buf_str(b, "\xef\xbf\xbd"), n = 1;
	}
	aip_buf_chr(b, '"');
}

static void newline(struct aip_jsonw *w)
{
	int i;

	if (!w->pretty)
		return;
	aip_buf_chr(w->out, '\n');
	for (i = 0; i < w->depth; i++)
		aip_buf_str(w->out, "  ");
}

static void member(struct aip_jsonw *w, const char *name)
{
	if (w->depth) {
		if (w->filled[w->depth])
			aip_buf_chr(w->out, ',');
		w->filled[w->depth] = true;
		newline(w);
	}
	if (name) {
		quoted(w->out, name, strlen(name));
		aip_buf_str(w->out, w->pretty ? ": " : ":");
	}
}

static void open_level(struct aip_jsonw *w, const char *name, char opener, char closer)
{
	member(w, name);
	aip_buf_chr(w->out, opener);
	if (w->depth + 1 >= AIP_JSONW_DEPTH) {
		w->out->failed = -EOVERFLOW;
		return;
	}
	w->depth++;
	w->filled[w->depth] = false;
	w->closer[w->depth] = closer;
}

void aip_jsonw_object(struct aip_jsonw *w, const char *name)
{
	open_level(w, name, '{', '}');
}

void aip_jsonw_array(struct aip_jsonw *w, const char *name)
{
	open_level(w, name, '[', ']');
}

void aip_jsonw_end(struct aip_jsonw *w)
{
	bool filled;
	char closer;

	if (!w->depth)
		return;
	filled = w->filled[w->depth];
	closer = w->closer[w->depth];
	w->depth--;
	if (filled)
		newline(w);
	aip_buf_chr(w->out, closer);
	if (!w->depth && w->pretty)
		aip_buf_chr(w->out, '\n');
}

void aip_jsonw_strn(struct aip_jsonw *w, const char *name, const char *value, size_t len)
{
	member(w, name);
	quoted(w->out, value, len);
}

void aip_jsonw_str(struct aip_jsonw *w, const char *name, const char *value)
{
	if (value)
		aip_jsonw_strn(w, name, value, strlen(value));
	else
		aip_jsonw_null(w, name);
}

void aip_jsonw_int(struct aip_jsonw *w, const char *name, int64_t value)
{
	member(w, name);
	aip_buf_fmt(w->out, "%" PRId64, value);
}

void aip_jsonw_uint(struct aip_jsonw *w, const char *name, uint64_t value)
{
	member(w, name);
	aip_buf_fmt(w->out, "%" PRIu64, value);
}

void aip_jsonw_bool(struct aip_jsonw *w, const char *name, bool value)
{
	member(w, name);
	aip_buf_str(w->out, value ? "true" : "false");
}

void aip_jsonw_null(struct aip_jsonw *w, const char *name)
{
	member(w, name);
	aip_buf_str(w->out, "null");
}
