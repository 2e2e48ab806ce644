// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A diff is kept as a list of lines, each with its sign and its bytes (newline
 * included, or not, where "\ No newline at end of file" follows), and a list of hunks
 * that say where in the old text their lines begin.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "patch/udiff.h"

#define NO_NEWLINE "\\ No newline at end of file\n"
#define LINES_MAX  10000000 /* of a file; far from every overflow */

struct line {
	char sign; /* ' ', '-' or '+' */
	const char *text;
	size_t len; /* with its newline, if it has one */
};

struct hunk {
	size_t skip;	     /* old lines before the first one of this hunk */
	size_t first, count; /* its lines */
};

struct aip_udiff {
	char *text;
	struct line *lines;
	size_t n_lines;
	struct hunk *hunks;
	size_t n_hunks;
	struct aip_insertion *ins;
	size_t n_ins;
	int pure; /* whether it only inserts whole lines: 0 or -EPERM */
};

/* Where the reader is. */
struct reader {
	const char *p, *end;
	size_t line; /* number of the line at @p, from 1 */
	struct aip_err *err;
};

static int bad(const struct reader *r, const char *what)
{
	return aip_err_set(r->err, -EBADMSG, "line %zu of the diff: %s", r->line, what);
}

/* The next line with its newline; NULL at the end. A last line without newline is returned too. */
static const char *peek_line(const struct reader *r, size_t *len)
{
	const char *nl;

	if (r->p == r->end)
		return NULL;
	nl = memchr(r->p, '\n', r->end - r->p);
	*len = nl ? (size_t)(nl + 1 - r->p) : (size_t)(r->end - r->p);
	return r->p;
}

static void next_line(struct reader *r, size_t len)
{
	r->p += len;
	r->line++;
}

static bool starts(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(s, with, n) == 0;
}

/* A decimal number without leading zeros or sign. */
static bool number(const char **p, const char *end, size_t *out)
{
	const char *s = *p;
	size_t v = 0;

	while (*p < end && **p >= '0' && **p <= '9') {
		v = v * 10 + (**p - '0');
		if (v > LINES_MAX)
			return false;
		(*p)++;
	}
	*out = v;
	return *p > s && (*s != '0' || *p == s + 1);
}

/* "START" or "START,COUNT" */
static bool range(const char **p, const char *end, size_t *start, size_t *count)
{
	*count = 1;
	if (!number(p, end, start))
		return false;
	if (*p < end && **p == ',') {
		(*p)++;
		if (!number(p, end, count))
			return false;
	}
	return true;
}

static bool literal(const char **p, const char *end, const char *what)
{
	if (!starts(*p, end - *p, what))
		return false;
	*p += strlen(what);
	return true;
}

struct header {
	size_t old_start, old_count, new_start, new_count;
};

static bool hunk_header(const char *s, size_t len, struct header *h)
{
	const char *end = s + len;

	if (!literal(&s, end, "@@ -") || !range(&s, end, &h->old_start, &h->old_count) ||
	    !literal(&s, end, " +") || !range(&s, end, &h->new_start, &h->new_count) ||
	    !literal(&s, end, " @@"))
		return false;
	/* what may follow is a section heading for people */
	return s < end && (*s == '\n' || *s == ' ') && end[-1] == '\n';
}

static int add_line(struct aip_udiff *d, char sign, const char *text, size_t len)
{
	if ((d->n_lines & (d->n_lines - 1)) == 0) {
		size_t cap = d->n_lines ? d->n_lines * 2 : 1;
		struct line *p = realloc(d->lines, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		d->lines = p;
	}
	d->lines[d->n_lines++] = (struct line){ sign, text, len };
	return 0;
}

static int add_hunk(struct aip_udiff *d, size_t skip)
{
	struct hunk *p = realloc(d->hunks, (d->n_hunks + 1) * sizeof(*p));

	if (!p)
		return -ENOMEM;
	d->hunks = p;
	d->hunks[d->n_hunks++] = (struct hunk){ skip, d->n_lines, 0 };
	return 0;
}

/* The lines of one hunk: exactly as many as its header says. */
static int read_body(struct reader *r, struct aip_udiff *d, const struct header *h)
{
	size_t old_left = h->old_count, new_left = h->new_count, len;
	bool old_ended = false, new_ended = false; /* a last line without newline was there */
	const char *s;

	while (old_left || new_left) {
		bool in_old, in_new;

		s = peek_line(r, &len);
		if (!s || s[len - 1] != '\n')
			return bad(r, "the hunk is cut off");
		in_old = *s == ' ' || *s == '-';
		in_new = *s == ' ' || *s == '+';
		if (!in_old && !in_new)
			return bad(r, "a line must begin with a space, '-' or '+'");
		if ((in_old && !old_left) || (in_new && !new_left))
			return bad(r, "the hunk has more lines than its header says");
		if ((in_old && old_ended) || (in_new && new_ended))
			return bad(r, "a line after the last line of the file");
		next_line(r, len);
		old_left -= in_old;
		new_left -= in_new;
		if (add_line(d, *s, s + 1, len - 1) < 0)
			return aip_err_errno(r->err, -ENOMEM, "cannot read the diff");
		s = peek_line(r, &len);
		if (s && *s == '\\') {
			if (len != strlen(NO_NEWLINE) || memcmp(s, NO_NEWLINE, len) != 0)
				return bad(r, "a remark that is not \"No newline at end of file\"");
			next_line(r, len);
			d->lines[d->n_lines - 1].len--;
			old_ended |= in_old;
			new_ended |= in_new;
			if (!d->lines[d->n_lines - 1].len)
				return bad(r, "a line without text and without newline is none");
		}
	}
	return 0;
}

static int read_hunk(struct reader *r, struct aip_udiff *d, size_t *old_end, long *shift)
{
	struct header h;
	size_t len = 0, skip, new_skip;
	const char *s = peek_line(r, &len);
	int ret;

	if (!hunk_header(s, len, &h))
		return bad(r, "not a hunk header (@@ -N,N +N,N @@)");
	if (!h.old_count && !h.new_count)
		return bad(r, "a hunk without lines");
	if ((h.old_count && !h.old_start) || (h.new_count && !h.new_start))
		return bad(r, "lines are counted from 1");
	/* with count 0 the number is that of the line before, else that of the first line */
	skip = h.old_start - (h.old_count ? 1 : 0);
	new_skip = h.new_start - (h.new_count ? 1 : 0);
	if (skip < *old_end)
		return bad(r, "the hunks overlap or are not in ascending order");
	if ((long)new_skip != (long)skip + *shift)
		return bad(r, "the new line number does not follow from the old one");
	*old_end = skip + h.old_count;
	*shift += (long)h.new_count - (long)h.old_count;
	next_line(r, len);
	if (add_hunk(d, skip) < 0)
		return aip_err_errno(r->err, -ENOMEM, "cannot read the diff");
	ret = read_body(r, d, &h);
	d->hunks[d->n_hunks - 1].count = d->n_lines - d->hunks[d->n_hunks - 1].first;
	return ret;
}

/* "--- NAME" and "+++ NAME", both or none. */
static int read_names(struct reader *r)
{
	size_t len = 0;
	const char *s = peek_line(r, &len);

	if (!s || !starts(s, len, "--- "))
		return 0;
	next_line(r, len);
	s = peek_line(r, &len);
	if (!s || !starts(s, len, "+++ ") || s[len - 1] != '\n')
		return bad(r, "\"+++ \" must follow \"--- \"");
	next_line(r, len);
	return 0;
}

static int read_diff(struct reader *r, struct aip_udiff *d)
{
	size_t old_end = 0;
	long shift = 0;
	int ret = read_names(r);

	if (ret < 0)
		return ret;
	if (r->p == r->end)
		return bad(r, "there is no hunk");
	while (ret == 0 && r->p < r->end)
		ret = read_hunk(r, d, &old_end, &shift);
	return ret;
}

/* Collect the insertions, or find that there is more than insertions. */
static int collect_insertions(struct aip_udiff *d)
{
	size_t h, i;

	d->ins = calloc(d->n_lines, sizeof(*d->ins));
	if (!d->ins)
		return -ENOMEM;
	for (h = 0; h < d->n_hunks; h++) {
		size_t old = d->hunks[h].skip;
		struct aip_insertion *cur = NULL;

		for (i = d->hunks[h].first; i < d->hunks[h].first + d->hunks[h].count; i++) {
			const struct line *l = &d->lines[i];

			if (l->sign == '-' || l->text[l->len - 1] != '\n') {
				d->pure = -EPERM;
				return 0;
			}
			if (l->sign == ' ') {
				old++;
				cur = NULL;
				continue;
			}
			if (!cur) {
				cur = &d->ins[d->n_ins++];
				cur->after = old;
				cur->text = l->text;
			}
			cur->len += l->len;
			cur->lines++;
		}
	}
	return 0;
}

/*
 * The lines of an insertion stand in the diff with a '+' before each: move them
 * together, so that an insertion is one run of bytes.  Lines only move down.
 */
static void close_gaps(struct aip_udiff *d)
{
	char *to = d->text;
	size_t i;

	for (i = 0; i < d->n_lines; i++) {
		struct line *l = &d->lines[i];

		memmove(to, l->text, l->len);
		l->text = to;
		to += l->len;
	}
}

int aip_udiff_parse(const void *data, size_t len, struct aip_udiff **out, struct aip_err *err)
{
	_cleanup_(aip_udiff_freep) struct aip_udiff *d = calloc(1, sizeof(*d));
	struct reader r = { .line = 1, .err = err };
	int ret;

	if (d)
		d->text = malloc(len + 1);
	if (!d || !d->text)
		return aip_err_errno(err, -ENOMEM, "cannot read the diff");
	if (len)
		memcpy(d->text, data, len);
	r.p = d->text;
	r.end = d->text + len;
	ret = read_diff(&r, d);
	if (ret < 0)
		return ret;
	close_gaps(d);
	if (collect_insertions(d) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot read the diff");
	*out = TAKE_PTR(d);
	return 0;
}

void aip_udiff_free(struct aip_udiff *d)
{
	if (!d)
		return;
	free(d->text);
	free(d->lines);
	free(d->hunks);
	free(d->ins);
	free(d);
}

void aip_udiff_freep(struct aip_udiff **d)
{
	aip_udiff_free(*d);
}

/* The old text while it is read. */
struct cursor {
	const char *p, *end;
	size_t line; /* lines read */
};

static size_t line_len(const struct cursor *c)
{
	const char *nl = c->p < c->end ? memchr(c->p, '\n', c->end - c->p) : NULL;

	return nl ? (size_t)(nl + 1 - c->p) : (size_t)(c->end - c->p);
}

/* Copy old lines until @skip lines are read. Return: whether there were as many, whole ones. */
static bool copy_until(struct cursor *c, size_t skip, struct aip_buf *out)
{
	while (c->line < skip) {
		size_t n = line_len(c);

		if (!n)
			return false;
		aip_buf_add(out, c->p, n);
		c->p += n;
		c->line++;
	}
	return true;
}

static int apply_hunk(const struct aip_udiff *d, const struct hunk *h, struct cursor *c,
		      struct aip_buf *out, struct aip_err *err)
{
	size_t i;

	if (!copy_until(c, h->skip, out))
		return aip_err_set(err, -ESTALE, "the file has only %zu lines, the diff needs %zu",
				   c->line, h->skip);
	for (i = h->first; i < h->first + h->count; i++) {
		const struct line *l = &d->lines[i];
		size_t n = line_len(c);

		if (l->sign == '+') {
			/* never glue a line to one that has no newline */
			if (out->len && out->data[out->len - 1] != '\n')
				return aip_err_set(err, -ESTALE, "line %zu has no newline",
						   c->line);
			aip_buf_add(out, l->text, l->len);
			continue;
		}
		if (n != l->len || memcmp(c->p, l->text, n) != 0)
			return aip_err_set(err, -ESTALE, "line %zu is not as the diff expects it",
					   c->line + 1);
		if (l->sign == ' ')
			aip_buf_add(out, c->p, n);
		c->p += n;
		c->line++;
	}
	return 0;
}

int aip_udiff_apply(const struct aip_udiff *d, const void *old, size_t len, struct aip_buf *out,
		    struct aip_err *err)
{
	struct cursor c = { old, (const char *)old + len, 0 };
	_cleanup_buf_ struct aip_buf made = AIP_BUF_INIT;
	size_t i;
	int r;

	for (i = 0; i < d->n_hunks; i++) {
		r = apply_hunk(d, &d->hunks[i], &c, &made, err);
		if (r < 0)
			return r;
	}
	if (c.p < c.end) {
		if (made.len && made.data[made.len - 1] != '\n')
			return aip_err_set(
				err, -ESTALE,
				"the file goes on after line %zu, the diff ends it there", c.line);
		aip_buf_add(&made, c.p, c.end - c.p);
	}
	aip_buf_add(out, made.data, made.len);
	if (aip_buf_status(&made) < 0 || aip_buf_status(out) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot apply the diff");
	return 0;
}

int aip_udiff_insertions(const struct aip_udiff *d, const struct aip_insertion **list, size_t *n,
			 struct aip_err *err)
{
	if (d->pure < 0)
		return aip_err_set(err, d->pure, "the diff does more than insert whole lines");
	*list = d->ins;
	*n = d->n_ins;
	return 0;
}

static size_t count_lines(const char *p, size_t len)
{
	size_t n = 0;

	while (len--)
		n += *p++ == '\n';
	return n;
}

int aip_udiff_make_insertion(size_t after, const void *text, size_t len, struct aip_buf *out)
{
	const char *p = text, *end = p + len;
	size_t n;

	if (!len || end[-1] != '\n' || after > LINES_MAX)
		return -EINVAL;
	n = count_lines(p, len);
	aip_buf_fmt(out, "@@ -%zu,0 +%zu", after, after + 1);
	if (n != 1)
		aip_buf_fmt(out, ",%zu", n);
	aip_buf_str(out, " @@\n");
	while (p < end) {
		const char *nl = memchr(p, '\n', end - p);

		aip_buf_chr(out, '+');
		aip_buf_add(out, p, nl + 1 - p);
		p = nl + 1;
	}
	return aip_buf_status(out);
}

int aip_udiff_insert(const void *old, size_t oldlen, size_t after, const void *text, size_t len,
		     struct aip_buf *out, struct aip_err *err)
{
	const char *p = old, *end = p + oldlen;
	size_t i, mark = out->len;

	for (i = 0; i < after; i++) {
		const char *nl = p < end ? memchr(p, '\n', end - p) : NULL;

		if (!nl)
			return aip_err_set(err, -ERANGE, "the file has only %zu whole lines", i);
		p = nl + 1;
	}
	aip_buf_add(out, old, p - (const char *)old);
	aip_buf_add(out, text, len);
	aip_buf_add(out, p, end - p);
	if (aip_buf_status(out) < 0) {
		out->len = mark;
		return aip_err_errno(err, -ENOMEM, "cannot insert");
	}
	return 0;
}
