// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aipmng/textdiff.h"

#define CONTEXT 3

struct line {
	const char *text;
	size_t len; /* with its newline */
};

struct lines {
	struct line *v;
	size_t n;
};

static int split(const struct aip_buf *b, struct lines *out)
{
	const char *p = b->data, *end = b->data + b->len;
	size_t n = 0;

	out->n = 0;
	out->v = NULL;
	for (; p && p < end; n++)
		p = (p = memchr(p, '\n', end - p)) ? p + 1 : end;
	out->v = malloc((n ? n : 1) * sizeof(*out->v));
	if (!out->v)
		return -ENOMEM;
	for (p = b->data; p && p < end; p += out->v[out->n++].len) {
		const char *nl = memchr(p, '\n', end - p);

		out->v[out->n].text = p;
		out->v[out->n].len = (nl ? nl + 1 : end) - p;
	}
	return 0;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void put(struct aip_buf *out, char mark, const struct line *l)
{
	aip_buf_chr(out, mark);
	aip_buf_add(out, l->text, l->len);
	if (l->text[l->len - 1] != '\n')
		aip_buf_str(out, "\n\\ No newline at end of file\n");
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void hunk(const struct lines *a, const struct lines *b, struct aip_buf *out)
{
	size_t head = 0, tail = 0, max = least(a->n, b->n), from, i, before, after;

	while (head < max && same(&a->v[head], &b->v[head]))
		head++;
	while (tail < max - head && same(&a->v[a->n - 1 - tail], &b->v[b->n - 1 - tail]))
		tail++;
	before = least(head, CONTEXT);
	after = least(tail, CONTEXT);
	from = head - before;
	aip_buf_fmt(out, "@@ -%zu,%zu +%zu,%zu @@\n", from + (a->n > 0), a->n - tail + after - from,
		    from + (b->n > 0), b->n - tail + after - from);
	for (i = from; i < head; i++)
		put(out, ' ', &a->v[i]);
	for (i = head; i < a->n - tail; i++)
		put(out, '-', &a->v[i]);
	for (i = head; i < b->n - tail; i++)
		put(out, '+', &b->v[i]);
	for (i = a->n - tail; i < a->n - tail + after; i++)
		put(out, ' ', &a->v[i]);
}

int textdiff(const char *old_name, const struct aip_buf *old, const char *new_name,
	     const struct aip_buf *new, struct aip_buf *out)
{
	struct lines a = { 0 }, b = { 0 };
	int r;

	if (old->len == new->len && (!old->len || memcmp(old->data, new->data, old->len) == 0))
		return 0;
	r = split(old, &a);
	if (r == 0)
		r = split(new, &b);
	if (r == 0) {
		aip_buf_fmt(out, "--- %s\n+++ %s\n", old_name, new_name);
		hunk(&a, &b, out);
		r = aip_buf_status(out);
	}
	free(a.v);
	free(b.v);
	return r;
}
