// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/jsonw.h"
#include "json/scan.h"

struct scan {
	const char *start, *p, *end;
	const char *name;
	size_t values, max_values;
	int depth, max_depth;
	struct aip_err *err;
};

static int fail(const struct scan *s, int code, const char *what)
{
	size_t line = 1, column = 1;
	const char *p;

	for (p = s->start; p < s->p; p++) {
		column++;
		if (*p == '\n')
			line++, column = 1;
	}
	return aip_err_set(s->err, code, "%s: line %zu, column %zu: %s", s->name, line, column,
			   what);
}

static int bad(const struct scan *s, const char *what)
{
	return fail(s, -EBADMSG, what);
}

static void space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static bool take(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* Four hex digits at @s->p. Return: their value, or -1. */
static int hex4(struct scan *s)
{
	int v = 0, i;

	if (s->end - s->p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = s->p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v << 4 | (c - 'A' + 10);
		else
			return -1;
	}
	s->p += 4;
	return v;
}

static int unicode_escape(struct scan *s)
{
	int hi = hex4(s), lo;

	if (hi < 0)
		return bad(s, "\\u needs four hex digits");
	if (hi == 0)
		return bad(s, "\\u0000 is not allowed");
	if (hi < 0xd800 || hi > 0xdfff)
		return 0;
	if (hi > 0xdbff || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u')
		return bad(s, "half of a surrogate pair");
	s->p += 2;
	lo = hex4(s);
	return lo < 0xdc00 || lo > 0xdfff ? bad(s, "half of a surrogate pair") : 0;
}

static int escape(struct scan *s)
{
	s->p++;
	if (s->p == s->end || !memchr("\"\\/bfnrtu", *s->p, 9))
		return bad(s, "unknown escape");
	return *s->p++ == 'u' ? unicode_escape(s) : 0;
}

#define EACH(byte) (0x0101010101010101ULL * (byte))

/* Whether one of eight bytes is a control character, not ASCII, '"' or '\\'. */
static bool special(uint64_t w)
{
	uint64_t quote = w ^ EACH('"'), backslash = w ^ EACH('\\');

	return ((w | ((w - EACH(0x20)) & ~w) | ((quote - EACH(1)) & ~quote) |
		 ((backslash - EACH(1)) & ~backslash)) &
		EACH(0x80)) != 0;
}

/* Over the characters of a string that need no second look, nearly all of them. */
static void plain(struct scan *s)
{
	uint64_t w;

	for (; s->end - s->p >= (ptrdiff_t)sizeof(w); s->p += sizeof(w)) {
		memcpy(&w, s->p, sizeof(w));
		if (special(w))
			break;
	}
}

static int string(struct scan *s)
{
	if (!take(s, '"'))
		return bad(s, "a string must begin with '\"'");
	while (s->p < s->end) {
		unsigned char c = *s->p;
		size_t n;
		int r;

		if (c == '"') {
			s->p++;
			return 0;
		}
		if (c == '\\') {
			r = escape(s);
			if (r < 0)
				return r;
			continue;
		}
		if (c < 0x20)
			return bad(s, "control character in a string");
		n = c < 0x80 ? 1 : aip_utf8_len(s->p, s->end - s->p);
		if (!n)
			return bad(s, "not UTF-8");
		s->p += n;
		if (n == 1 && s->p < s->end && *s->p != '"')
			plain(s);
	}
	return bad(s, "a string without end");
}

static int number(struct scan *s)
{
	bool minus = take(s, '-');
	const char *first = s->p;
	int64_t v = 0;

	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
		v = v * 10 + (*s->p - '0');
		if (v > AIP_JSON_INT_MAX)
			return bad(s, "number larger than 2^53 - 1");
	}
	if (s->p == first)
		return bad(s, "not a JSON value");
	if (*first == '0' && (s->p > first + 1 || minus))
		return bad(s, "a number must not begin with 0 (nor be -0)");
	if (s->p < s->end && (*s->p == '.' || *s->p == 'e' || *s->p == 'E'))
		return bad(s, "numbers are whole here, without fraction and exponent");
	return 0;
}

static int value(struct scan *s);

/* Members or elements up to @closer; the opener has been read. */
static int members(struct scan *s, char closer)
{
	int r;

	space(s);
	if (take(s, closer))
		return 0;
	for (;;) {
		space(s);
		if (closer == '}') {
			r = string(s);
			if (r < 0)
				return r;
			space(s);
			if (!take(s, ':'))
				return bad(s, "':' expected");
		}
		r = value(s);
		if (r < 0)
			return r;
		space(s);
		if (take(s, closer))
			return 0;
		if (!take(s, ','))
			return bad(s,
				   closer == '}' ? "',' or '}' expected" : "',' or ']' expected");
	}
}

static int nested(struct scan *s, char closer)
{
	int r;

	s->p++;
	if (s->depth == s->max_depth)
		return fail(s, -EFBIG, "nested too deeply");
	s->depth++;
	r = members(s, closer);
	s->depth--;
	return r;
}

static int value(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	space(s);
	if (s->p == s->end)
		return bad(s, "the text ends too early");
	if (s->values == s->max_values)
		return fail(s, -EFBIG, "too many values");
	s->values++;
	switch (*s->p) {
	case '{':
		return nested(s, '}');
	case '[':
		return nested(s, ']');
	case '"':
		return string(s);
	}
	for (i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(s->end - s->p) >= n && memcmp(s->p, words[i], n) == 0) {
			s->p += n;
			return 0;
		}
	}
	return number(s);
}

int aip_json_scan(const char *text, size_t len, const char *name,
		  const struct aip_json_limits *limits, struct aip_err *err)
{
	struct scan s = {
		.start = text,
		.p = text,
		.end = text + len,
		.name = name,
		.max_values = limits->values,
		.max_depth = limits->depth,
		.err = err,
	};
	int r;

	if (len > limits->bytes)
		return aip_err_set(err, -EFBIG, "%s is larger than %zu bytes", name, limits->bytes);
	r = value(&s);
	if (r < 0)
		return r;
	space(&s);
	return s.p < s.end ? bad(&s, "something follows the end") : 0;
}
