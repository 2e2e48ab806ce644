// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shexpand.c: quotes and expansions inside the words of a shell script.
 */
#include <ctype.h>
#include <string.h>

#include "patch/shlex.h"

struct sh_part **sh_part_lit(struct sh_lex *l, struct sh_part **tail, const char *s, size_t n,
			     bool quoted)
{
	struct sh_part *p = sh_arena_alloc(l->script->arena, sizeof(*p));

	if (!p || !(p->text = sh_arena_strn(l->script->arena, s, n)))
		return tail;
	p->type = SH_LIT;
	p->quoted = quoted;
	*tail = p;
	return &p->next;
}

static struct sh_part *part_new(struct sh_lex *l, enum sh_part_type type, bool quoted)
{
	struct sh_part *p = sh_arena_alloc(l->script->arena, sizeof(*p));

	if (!p) {
		l->pos = l->n;
		return NULL;
	}
	p->type = type;
	p->quoted = quoted;
	p->text = "";
	return p;
}

struct sh_part **sh_squote(struct sh_lex *l, struct sh_part **tail)
{
	unsigned int line = l->line;
	size_t from = l->pos + 1;
	const char *end = memchr(l->s + from, '\'', l->n - from);

	if (!end) {
		sh_fail(l, line, "single quote without its end");
		return tail;
	}
	sh_adv(l, (size_t)(end - l->s) + 1 - l->pos);
	return sh_part_lit(l, tail, l->s + from, (size_t)(end - l->s) - from, true);
}

/*
 * The inside of double quotes or of a here-document's text, up to @stop (SH_EOF: the end of the
 * text).  @stop itself stays.
 */
static struct sh_part **quoted_text(struct sh_lex *l, struct sh_part **tail, int stop)
{
	size_t from;
	int c;

	while ((c = sh_look(l)) != stop && c != SH_EOF) {
		from = l->pos;
		if (c == '$') {
			tail = sh_dollar(l, tail, true);
		} else if (c == '`') {
			tail = sh_backquote(l, tail, true);
		} else if (c == '\\' && (c = sh_raw(l, 1)) != SH_EOF && strchr("$`\\\"", c) &&
			   (c != '"' || stop == '"')) {
			tail = sh_part_lit(l, tail, l->s + l->pos + 1, 1, true);
			sh_adv(l, 2);
		} else {
			do
				sh_adv(l, 1);
			while ((c = sh_raw(l, 0)) != stop && c != SH_EOF &&
			       !(c && strchr("$`\\", c)));
			tail = sh_part_lit(l, tail, l->s + from, l->pos - from, true);
		}
		if (sh_failed(l))
			break;
	}
	return tail;
}

struct sh_part **sh_dquote(struct sh_lex *l, struct sh_part **tail)
{
	unsigned int line = l->line;
	struct sh_part **first = tail;

	sh_adv(l, 1);
	if (!sh_enter(l))
		return tail;
	tail = quoted_text(l, tail, '"');
	sh_leave(l);
	if (sh_look(l) != '"') {
		sh_fail(l, line, "double quote without its end");
		return tail;
	}
	sh_adv(l, 1);
	return tail == first ? sh_part_lit(l, tail, "", 0, true) : tail;
}

struct sh_word *sh_body(struct sh_lex *l, const char *s, size_t n, unsigned int line)
{
	struct sh_lex in = {
		.script = l->script, .s = s, .n = n, .line = line, .depth = l->depth, .inner = true
	};
	struct sh_word *w = sh_arena_alloc(l->script->arena, sizeof(*w));

	if (!w)
		return NULL;
	w->line = line;
	quoted_text(&in, &w->parts, SH_EOF);
	if (sh_failed(l))
		l->pos = l->n;
	return w;
}

/* $'...': escapes are decoded as far as they matter, the rest makes it unreadable */
static struct sh_part **ansi_quote(struct sh_lex *l, struct sh_part **tail)
{
	static const char from[] = "abefnrtv\\'\"?E", to[] = "\a\b\033\f\n\r\t\v\\'\"?\033";
	char *d = sh_arena_alloc(l->script->arena, l->n - l->pos + 1), *start = d;
	unsigned int line = l->line, value, digits;
	const char *p;
	int c;

	sh_adv(l, 2);
	while (d && (c = sh_raw(l, 0)) != SH_EOF && c != '\'') {
		sh_adv(l, 1);
		if (c != '\\') {
			*d++ = (char)c;
			continue;
		}
		c = sh_raw(l, 0);
		if (c > 0 && (p = strchr(from, c))) {
			*d++ = to[p - from];
			sh_adv(l, 1);
		} else if (c == 'x' || (c >= '0' && c <= '7')) {
			if (c == 'x')
				sh_adv(l, 1);
			for (value = digits = 0; digits < (c == 'x' ? 2 : 3); digits++) {
				int h = sh_raw(l, 0);

				if (c == 'x' ? !isxdigit(h) : h < '0' || h > '7')
					break;
				value = value * (c == 'x' ? 16 : 8) +
					(unsigned int)(isdigit(h) ? h - '0' : (h | 32) - 'a' + 10);
				sh_adv(l, 1);
			}
			*d++ = (char)value;
		} else {
			sh_fail(l, line, "escape in $'...' that is not understood");
			return tail;
		}
	}
	if (!d || sh_raw(l, 0) != '\'' || memchr(start, 0, (size_t)(d - start))) {
		sh_fail(l, line, "$' without its end");
		return tail;
	}
	sh_adv(l, 1);
	return sh_part_lit(l, tail, start, (size_t)(d - start), true);
}

struct sh_part **sh_backquote(struct sh_lex *l, struct sh_part **tail, bool quoted)
{
	struct sh_part *part = part_new(l, SH_CMDSUB, quoted);
	char *text = sh_arena_alloc(l->script->arena, l->n - l->pos + 1), *d = text;
	unsigned int line = l->line;
	int c;

	if (!part || !text)
		return tail;
	sh_adv(l, 1);
	while ((c = sh_raw(l, 0)) != '`') {
		if (c == SH_EOF) {
			sh_fail(l, line, "backquote without its end");
			return tail;
		}
		if (c == '\\') {
			c = sh_raw(l, 1);
			if (c == '$' || c == '`' || c == '\\' || (quoted && c == '"'))
				sh_adv(l, 1);
			else
				c = '\\';
		}
		*d++ = (char)c;
		sh_adv(l, 1);
	}
	sh_adv(l, 1);
	part->list = sh_sub(l, text, (size_t)(d - text), line);
	*tail = part;
	return &part->next;
}

bool sh_arith_ends(const struct sh_lex *l)
{
	size_t i, depth = 0;
	char quote = 0;

	for (i = l->pos; i < l->n; i++) {
		char c = l->s[i];

		if (c == '\\' && quote != '\'') {
			i++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == '(') {
			depth++;
		} else if (c == ')') {
			if (!depth)
				return i + 1 < l->n && l->s[i + 1] == ')';
			depth--;
		}
	}
	return false;
}

struct sh_word *sh_arith(struct sh_lex *l, int close)
{
	struct sh_word *w = sh_arena_alloc(l->script->arena, sizeof(*w));
	unsigned int line = l->line, depth = 0;
	struct sh_part **tail;
	int c;

	if (!w || !sh_enter(l))
		return NULL;
	w->line = line;
	tail = &w->parts;
	for (;;) {
		c = sh_look(l);
		if (c == SH_EOF) {
			sh_fail(l, line, "arithmetic without its end");
			return NULL;
		}
		if (c == (close == 2 ? ')' : close) && !depth)
			break;
		depth += c == (close == 2 ? '(' : '[');
		depth -= c == (close == 2 ? ')' : ']');
		if (c == '$') {
			tail = sh_dollar(l, tail, true);
		} else if (c == '`') {
			tail = sh_backquote(l, tail, true);
		} else if (c == '"' && close == ']') {
			tail = sh_dquote(l, tail);
		} else if (c == '\'' || c == '"' || c == '\\') {
			sh_fail(l, l->line, "quotes inside arithmetic");
			return NULL;
		} else {
			tail = sh_part_lit(l, tail, l->s + l->pos, 1, true);
			sh_adv(l, 1);
		}
	}
	sh_adv(l, close == 2 ? 2 : 1);
	sh_leave(l);
	return w;
}

/* The word of ${name<op>word}, up to the closing brace, which stays. */
static struct sh_word *braced_word(struct sh_lex *l, bool quoted, bool pattern)
{
	struct sh_word *w = sh_arena_alloc(l->script->arena, sizeof(*w));
	unsigned int line = l->line;
	struct sh_part **tail;
	int c;

	if (!w || !sh_enter(l))
		return NULL;
	w->line = line;
	tail = &w->parts;
	while ((c = sh_look(l)) != '}') {
		if (c == SH_EOF) {
			sh_fail(l, line, "${ without its end");
			return NULL;
		}
		if (c == '$') {
			tail = sh_dollar(l, tail, quoted);
		} else if (c == '`') {
			tail = sh_backquote(l, tail, quoted);
		} else if (c == '"') {
			tail = sh_dquote(l, tail);
		} else if (c == '\\') {
			sh_adv(l, 1);
			tail = sh_part_lit(l, tail, l->s + l->pos, l->pos < l->n, true);
			sh_adv(l, 1);
		} else if (c == '\'') {
			if (quoted && !pattern) {
				sh_fail(l, line, "single quote inside \"${...}\"");
				return NULL;
			}
			tail = sh_squote(l, tail);
		} else {
			tail = sh_part_lit(l, tail, l->s + l->pos, 1, quoted);
			sh_adv(l, 1);
		}
		if (sh_failed(l))
			return NULL;
	}
	sh_leave(l);
	return w;
}

static size_t name_len(const struct sh_lex *l)
{
	size_t n = 0;
	int c = sh_raw(l, 0);

	if (isalpha(c) || c == '_')
		while (isalnum(sh_raw(l, n)) || sh_raw(l, n) == '_')
			n++;
	else if (isdigit(c))
		while (isdigit(sh_raw(l, n)))
			n++;
	else if (c > 0 && strchr("@*#?-$!", c))
		n = 1;
	return n;
}

/* ${ has been taken */
static void braced(struct sh_lex *l, struct sh_part *part)
{
	unsigned int line = l->line;
	struct sh_word *subscript;
	bool length = false;
	size_t n;
	int c = sh_look(l);

	if ((c == '#' || c == '!') && sh_raw(l, 1) != '}' && !(c == '#' && sh_raw(l, 1) == ':')) {
		part->op = '*';
		length = c == '#';
		sh_adv(l, 1);
	}
	n = name_len(l);
	if (!n) {
		sh_fail(l, line, "${ without a name");
		return;
	}
	part->text = sh_arena_strn(l->script->arena, l->s + l->pos, n);
	sh_adv(l, n);
	if (sh_raw(l, 0) == '[') {
		part->op = '*';
		sh_adv(l, 1);
		part->arg = sh_arith(l, ']');
	}
	c = sh_look(l);
	if (c == '}') {
		sh_adv(l, 1);
		return;
	}
	if (length || c == SH_EOF || !strchr("-=+?:#%/^,@*", c)) {
		sh_fail(l, line, "${ with an operator that is not understood");
		return;
	}
	if (c == ':') {
		sh_adv(l, 1);
		c = sh_look(l);
		if (c == SH_EOF || !strchr("-=+?", c))
			c = '*';
	}
	if (strchr("-=+?", c))
		sh_adv(l, 1);
	if (!part->op)
		part->op = strchr("-=+?", c) ? (char)c : '*';
	subscript = part->arg;
	part->arg = braced_word(l, part->quoted, !strchr("-=+?", c));
	if (part->arg)
		part->arg->next = subscript; /* what it expands happens too */
	sh_adv(l, 1);
}

struct sh_part **sh_dollar(struct sh_lex *l, struct sh_part **tail, bool quoted)
{
	struct sh_part *part;
	int c;
	size_t n;

	while (sh_raw(l, 1) == '\\' && sh_raw(l, 2) == '\n') {
		sh_fail(l, l->line, "continuation behind a $");
		return tail;
	}
	c = sh_raw(l, 1);
	if (!quoted && c == '\'')
		return ansi_quote(l, tail);
	if (!quoted && c == '"') {
		sh_adv(l, 1);
		return sh_dquote(l, tail);
	}
	part = part_new(l, SH_PARAM, quoted);
	if (!part)
		return tail;
	sh_adv(l, 1);
	if (c == '{') {
		sh_adv(l, 1);
		braced(l, part);
	} else if (c == '[') {
		part->type = SH_ARITH;
		sh_adv(l, 1);
		part->arg = sh_arith(l, ']');
	} else if (c == '(' && sh_raw(l, 1) == '(') {
		sh_adv(l, 2);
		if (!sh_arith_ends(l)) {
			sh_fail(l, l->line, "$(( that may be arithmetic or a subshell");
			return tail;
		}
		part->type = SH_ARITH;
		part->arg = sh_arith(l, 2);
	} else if (c == '(') {
		part->type = SH_CMDSUB;
		sh_adv(l, 1);
		part->list = sh_list_until_paren(l);
	} else if ((n = name_len(l))) {
		n = isdigit(c) ? 1 : n;
		part->text = sh_arena_strn(l->script->arena, l->s + l->pos, n);
		sh_adv(l, n);
	} else {
		return sh_part_lit(l, tail, "$", 1, quoted);
	}
	*tail = part;
	return &part->next;
}
