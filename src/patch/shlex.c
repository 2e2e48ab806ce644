// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shlex.c: characters, words and here-documents of a shell script.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "patch/shlex.h"

void sh_fail(struct sh_lex *l, unsigned int line, const char *fmt, ...)
{
	struct sh_script *s = l->script;
	va_list ap;

	if (!s->bad_line) {
		s->bad_line = line ? line : 1;
		va_start(ap, fmt);
		vsnprintf(s->bad, sizeof(s->bad), fmt, ap);
		va_end(ap);
	}
	l->pos = l->n;
}

bool sh_failed(const struct sh_lex *l)
{
	return l->script->bad_line || l->script->arena->failed;
}

bool sh_enter(struct sh_lex *l)
{
	if (++l->depth <= SH_DEPTH)
		return true;
	sh_fail(l, l->line, "nested too deeply");
	return false;
}

void sh_leave(struct sh_lex *l)
{
	l->depth--;
}

int sh_raw(const struct sh_lex *l, size_t ahead)
{
	return ahead < l->n - l->pos ? (unsigned char)l->s[l->pos + ahead] : SH_EOF;
}

void sh_adv(struct sh_lex *l, size_t count)
{
	for (; count && l->pos < l->n; count--)
		if (l->s[l->pos++] == '\n')
			l->line++;
}

int sh_look(struct sh_lex *l)
{
	while (sh_raw(l, 0) == '\\' && sh_raw(l, 1) == '\n')
		sh_adv(l, 2);
	return sh_raw(l, 0);
}

void sh_blank(struct sh_lex *l)
{
	int c;

	while ((c = sh_look(l)) == ' ' || c == '\t')
		sh_adv(l, 1);
	if (c == '#')
		while ((c = sh_raw(l, 0)) != SH_EOF && c != '\n')
			sh_adv(l, 1);
}

bool sh_is_meta(int c)
{
	return c == SH_EOF || (c && strchr(" \t\n;&|()<>", c));
}

/* Bodies start behind the newline just taken; @h's ends at a line that is its delimiter. */
static void heredoc_body(struct sh_lex *l, struct sh_heredoc *h)
{
	size_t start = l->pos, from, len, dlen = strlen(h->delim);
	unsigned int line = l->line;
	const char *nl;

	for (;;) {
		if (l->pos >= l->n) {
			sh_fail(l, h->line, "here-document without its end \"%s\"", h->delim);
			return;
		}
		from = l->pos;
		nl = memchr(l->s + from, '\n', l->n - from);
		len = nl ? (size_t)(nl - l->s) - from : l->n - from;
		sh_adv(l, len + 1);
		while (h->strip && len && l->s[from] == '\t') {
			from++;
			len--;
		}
		if (len == dlen && !memcmp(l->s + from, h->delim, len))
			break;
		/* bash joins continued lines of an unquoted body before it compares */
		if (!h->quoted && len && l->s[from + len - 1] == '\\' && nl &&
		    l->n - l->pos >= dlen && !memcmp(l->s + l->pos, h->delim, dlen)) {
			sh_fail(l, l->line, "here-document with a continued line before its end");
			return;
		}
	}
	while (from > start && l->s[from - 1] != '\n')
		from--;
	if (!h->quoted)
		h->redir->body = sh_body(l, l->s + start, from - start, line);
}

void sh_newline(struct sh_lex *l)
{
	struct sh_heredoc *h;

	if (l->held) {
		sh_fail(l, l->line, "newline in an expansion on the line of a here-document");
		return;
	}
	sh_adv(l, 1);
	while ((h = l->pending)) {
		l->pending = h->next;
		heredoc_body(l, h);
	}
}

void sh_heredoc_begin(struct sh_lex *l, struct sh_redir *r, bool strip)
{
	struct sh_heredoc **tail = &l->pending, *h;
	const struct sh_part *p;

	sh_blank(l);
	h = sh_arena_alloc(l->script->arena, sizeof(*h));
	r->word = sh_word(l);
	if (!h || !r->word) {
		sh_fail(l, l->line, "here-document without a delimiter");
		return;
	}
	h->redir = r;
	h->strip = strip;
	h->line = l->line;
	h->delim = sh_word_lit(l->script->arena, r->word);
	if (!h->delim) {
		sh_fail(l, l->line, "here-document with an expansion in its delimiter");
		return;
	}
	for (p = r->word->parts; p; p = p->next)
		h->quoted |= p->quoted;
	while (*tail)
		tail = &(*tail)->next;
	*tail = h;
}

/* ?( *( +( @( !(: one pattern group, to its closing parenthesis */
static struct sh_part **extglob(struct sh_lex *l, struct sh_part **tail)
{
	unsigned int line = l->line;
	struct sh_word *w;
	struct sh_part *p;
	int c;

	tail = sh_part_lit(l, tail, l->s + l->pos, 2, false);
	sh_adv(l, 2);
	if (!sh_enter(l))
		return tail;
	while ((c = sh_look(l)) != ')') {
		if (c == SH_EOF) {
			sh_fail(l, line, "pattern group without its end");
			return tail;
		}
		w = c == '|' || sh_is_meta(c) ? NULL : sh_word(l);
		if (sh_failed(l))
			return tail;
		if (!w) {
			tail = sh_part_lit(l, tail, l->s + l->pos, 1, false);
			sh_adv(l, 1);
			continue;
		}
		*tail = w->parts;
		for (p = w->parts; p; p = p->next)
			tail = &p->next;
	}
	sh_adv(l, 1);
	sh_leave(l);
	return sh_part_lit(l, tail, ")", 1, false);
}

static struct sh_part **plain(struct sh_lex *l, struct sh_part **tail)
{
	size_t from = l->pos;
	int c = sh_raw(l, 0);

	while (!sh_is_meta(c) && c && !strchr("\\'\"$`", c)) {
		if (c == '\r')
			sh_fail(l, l->line, "carriage return (line ends of DOS?)");
		if (c && strchr("?*+@!", c) && sh_raw(l, 1) == '(')
			break;
		sh_adv(l, 1);
		c = sh_raw(l, 0);
	}
	return sh_part_lit(l, tail, l->s + from, l->pos - from, false);
}

static struct sh_part **escaped(struct sh_lex *l, struct sh_part **tail)
{
	sh_adv(l, 1);
	if (sh_raw(l, 0) == SH_EOF) {
		sh_fail(l, l->line, "backslash at the end");
		return tail;
	}
	tail = sh_part_lit(l, tail, l->s + l->pos, 1, true);
	sh_adv(l, 1);
	return tail;
}

static struct sh_part **procsub(struct sh_lex *l, struct sh_part **tail)
{
	struct sh_part *p = sh_arena_alloc(l->script->arena, sizeof(*p));

	if (!p)
		return tail;
	p->type = SH_PROCSUB;
	p->text = "";
	sh_adv(l, 2);
	p->list = sh_list_until_paren(l);
	*tail = p;
	return &p->next;
}

static struct sh_part **word_part(struct sh_lex *l, struct sh_part **tail, int c)
{
	switch (c) {
	case '\\':
		return escaped(l, tail);
	case '\'':
		return sh_squote(l, tail);
	case '"':
		return sh_dquote(l, tail);
	case '$':
		return sh_dollar(l, tail, false);
	case '`':
		return sh_backquote(l, tail, false);
	default:
		if (strchr("?*+@!", c) && sh_raw(l, 1) == '(')
			return extglob(l, tail);
		return plain(l, tail);
	}
}

static struct sh_word *word_new(struct sh_lex *l)
{
	struct sh_word *w = sh_arena_alloc(l->script->arena, sizeof(*w));

	if (w) {
		w->line = l->line;
		w->start = l->inner ? 0 : l->pos;
	}
	return w;
}

struct sh_word *sh_word(struct sh_lex *l)
{
	struct sh_part **tail;
	struct sh_word *w;
	int c = sh_look(l);
	size_t from;

	if (sh_is_meta(c) && !((c == '<' || c == '>') && sh_raw(l, 1) == '('))
		return NULL;
	w = word_new(l);
	if (!w || !sh_enter(l))
		return NULL;
	tail = &w->parts;
	for (;;) {
		c = sh_look(l);
		from = l->pos;
		if ((c == '<' || c == '>') && sh_raw(l, 1) == '(')
			tail = procsub(l, tail);
		else if (sh_is_meta(c))
			break;
		else
			tail = word_part(l, tail, c);
		if (sh_failed(l) || l->pos == from)
			break;
	}
	sh_leave(l);
	w->end = l->inner ? 0 : l->pos;
	return sh_failed(l) ? NULL : w;
}

struct sh_word *sh_regex_word(struct sh_lex *l)
{
	struct sh_word *w = word_new(l);
	unsigned int depth = 0;
	struct sh_part **tail;
	int c;

	if (!w)
		return NULL;
	tail = &w->parts;
	while ((c = sh_look(l)) != SH_EOF && c != '\n') {
		if (!depth && (c == ' ' || c == '\t'))
			break;
		if (c == ')' && !depth)
			break;
		if (c && strchr("()|<>&; \t", c)) {
			depth += c == '(';
			depth -= c == ')';
			tail = sh_part_lit(l, tail, l->s + l->pos, 1, true);
			sh_adv(l, 1);
		} else {
			tail = word_part(l, tail, c);
		}
	}
	if (depth || !w->parts)
		sh_fail(l, w->line, "regular expression that has no end");
	w->end = l->inner ? 0 : l->pos;
	return sh_failed(l) ? NULL : w;
}
