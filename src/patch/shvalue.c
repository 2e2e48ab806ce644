// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shvalue.c: the values of variables and the fields of words.
 */
#include <ctype.h>
#include <string.h>

#include "patch/shvalue_work.h"

#define MAX_FIELDS 512
#define MAX_STRING 8192

struct sh_binding {
	const char *name;
	const struct sh_word *words;
	struct sh_binding *next;
};

bool sh_is_unknown(const char *s)
{
	return strchr(s, SH_UNKNOWN) || strchr(s, SH_UNKNOWN_SPLIT);
}

bool sh_bind(struct sh_vars *vars, const struct sh_node *loop)
{
	struct sh_var *v = sh_var_find(vars, loop->name, strlen(loop->name), false);
	struct sh_vars body = { .arena = vars->arena };
	struct sh_value *value;
	struct sh_binding *b;

	for (value = v ? v->values : NULL; value; value = value->next)
		if (!value->loop)
			return false;
	sh_vars_collect_node(&body, loop->b);
	b = sh_arena_alloc(vars->arena, sizeof(*b));
	if (!b || !v || loop->implicit || sh_var_find(&body, loop->name, strlen(loop->name), false))
		return false;
	b->name = loop->name;
	b->words = loop->words;
	b->next = vars->bound;
	vars->bound = b;
	return true;
}

void sh_unbind(struct sh_vars *vars)
{
	vars->bound = vars->bound->next;
}

bool sh_var_set(struct sh_vars *vars, const char *name)
{
	return sh_var_find(vars, name, strlen(name), false) != NULL;
}

void sh_var_words(struct sh_vars *vars, const char *name,
		  void (*fn)(void *ctx, const struct sh_word *w), void *ctx)
{
	struct sh_var *v = sh_var_find(vars, name, strlen(name), false);
	struct sh_value *value;

	if (!v || v->busy)
		return;
	v->busy = true;
	for (value = v->values; value; value = value->next)
		if (value->word)
			fn(ctx, value->word);
	v->busy = false;
}

/* ---- what words become ---- */

/* One alternative while it grows: fields, of which the last is open when .open */
struct growing {
	struct sh_fields f;
	bool open;
};

struct set {
	size_t n;
	struct growing v[SH_MAX_ALTS];
};

static const char *const unknown = "\1", *const unknown_split = "\2";

static void push_field(struct sh_vars *vars, struct growing *g, const char *s)
{
	const char **v;

	if (g->f.n >= MAX_FIELDS)
		return;
	v = sh_arena_alloc(vars->arena, (g->f.n + 1) * sizeof(*v));
	if (!v)
		return;
	if (g->f.n)
		memcpy(v, g->f.v, g->f.n * sizeof(*v));
	v[g->f.n++] = s;
	g->f.v = v;
	g->open = true;
}

static void append(struct sh_vars *vars, struct growing *g, const char *s, size_t len)
{
	const char *old, **v;
	size_t have;
	char *p;

	if (!g->open) {
		push_field(vars, g, "");
		if (!g->open)
			return;
	}
	if (!len)
		return;
	old = g->f.v[g->f.n - 1];
	have = strlen(old);
	if (have + len > MAX_STRING) {
		s = unknown_split;
		len = 1;
		have = 0;
	}
	p = sh_arena_alloc(vars->arena, have + len + 1);
	v = sh_arena_alloc(vars->arena, g->f.n * sizeof(*v));
	if (!p || !v)
		return;
	memcpy(p, old, have);
	memcpy(p + have, s, len);
	/* the fields may be shared with another alternative */
	memcpy(v, g->f.v, g->f.n * sizeof(*v));
	v[g->f.n - 1] = p;
	g->f.v = v;
}

/* Unquoted text of an expansion: cut at blanks; what is unknown may be cut too. */
static void append_split(struct sh_vars *vars, struct growing *g, const char *s)
{
	size_t n;

	while (*s) {
		n = strspn(s, " \t\n");
		if (n) {
			g->open = false;
			s += n;
			continue;
		}
		n = strcspn(s, " \t\n\1");
		if (n)
			append(vars, g, s, n);
		s += n;
		if (*s == SH_UNKNOWN) {
			append(vars, g, unknown_split, 1);
			s++;
		}
	}
}

static void resolve_word(struct sh_vars *vars, const struct sh_frame *frame,
			 const struct sh_word *w, size_t skip, bool split, struct set *set);

/* The values of a word, as strings, behind the @n that @out (of SH_MAX_ALTS) has. Return: how many then. */
static size_t word_values(struct sh_vars *vars, const struct sh_word *w, size_t skip,
			  const char **out, size_t n)
{
	struct set set;
	size_t i;

	memset(&set, 0, sizeof(set));
	set.n = 1;
	resolve_word(vars, NULL, w, skip, false, &set);
	for (i = 0; i < set.n && n < SH_MAX_ALTS; i++)
		out[n++] = set.v[i].f.n ? set.v[i].f.v[0] : "";
	return n;
}

static const struct sh_word *bound_words(struct sh_vars *vars, const char *name)
{
	const struct sh_binding *b;

	for (b = vars->bound; b; b = b->next)
		if (!strcmp(b->name, name))
			return b->words;
	return NULL;
}

/* Every value a variable can have, as strings, into @out (of SH_MAX_ALTS). Return: how many. */
static size_t var_values(struct sh_vars *vars, const char *name, const char **out)
{
	struct sh_var *v = sh_var_find(vars, name, strlen(name), false);
	const struct sh_word *w = bound_words(vars, name);
	struct sh_value *value;
	size_t n = 0;

	if (v && w && !v->busy && vars->depth <= 8) {
		v->busy = true;
		vars->depth++;
		for (; w && n < SH_MAX_ALTS; w = w->next)
			n = word_values(vars, w, 0, out, n);
		v->busy = false;
		vars->depth--;
		if (w)
			out[n - 1] = unknown;
		return n;
	}
	if (!v || !v->values || v->busy || vars->depth > 8) {
		out[0] = unknown;
		return 1;
	}
	v->busy = true;
	vars->depth++;
	for (value = v->values; value && n < SH_MAX_ALTS; value = value->next) {
		if (!value->word) {
			out[n++] = unknown;
			continue;
		}
		n = word_values(vars, value->word, value->skip, out, n);
	}
	v->busy = false;
	vars->depth--;
	if (value)
		out[n - 1] = unknown; /* more than we follow */
	else if (vars->wild)
		out[n < SH_MAX_ALTS ? n++ : n - 1] = unknown;
	return n;
}

static bool is_busy(struct sh_vars *vars, const char *name)
{
	struct sh_var *v = sh_var_find(vars, name, strlen(name), false);

	return v && v->busy;
}

/* Multiplies the alternatives of @set with the strings of @values. */
static void multiply(struct sh_vars *vars, struct set *set, const char *const *values, size_t n,
		     bool split)
{
	struct set out = { 0 };
	size_t i, j;

	if (set->n * n > SH_MAX_ALTS) {
		values = split ? &unknown_split : &unknown;
		n = 1;
	}
	for (i = 0; i < set->n; i++)
		for (j = 0; j < n; j++) {
			out.v[out.n] = set->v[i];
			if (split)
				append_split(vars, &out.v[out.n], values[j]);
			else
				append(vars, &out.v[out.n], values[j], strlen(values[j]));
			out.n++;
		}
	*set = out;
}

static void expand_args(struct sh_vars *vars, const struct sh_frame *frame, const struct sh_part *p,
			struct set *set)
{
	bool joined = *p->text == '*' && p->quoted;
	size_t i, k;

	for (i = 0; i < set->n; i++) {
		if (!frame || !frame->known || p->op) {
			append(vars, &set->v[i], joined ? unknown : unknown_split, 1);
			continue;
		}
		for (k = frame->shifted; k < frame->args.n; k++) {
			if (k > frame->shifted) {
				if (joined)
					append(vars, &set->v[i], " ", 1);
				else
					set->v[i].open = false;
			}
			if (p->quoted)
				append(vars, &set->v[i], frame->args.v[k],
				       strlen(frame->args.v[k]));
			else
				append_split(vars, &set->v[i], frame->args.v[k]);
		}
	}
}

static size_t positional(const struct sh_frame *frame, const struct sh_part *p, const char **out)
{
	size_t k = 0, i;
	const char *s;

	for (s = p->text; isdigit((unsigned char)*s) && k < 1000; s++)
		k = k * 10 + (size_t)(*s - '0');
	out[0] = unknown;
	if (!frame || !frame->known || !k)
		return 1;
	/* an argument of unknown length shifts all behind it */
	for (i = 0; i < frame->args.n; i++)
		if (i <= k - 1 + frame->shifted && strchr(frame->args.v[i], SH_UNKNOWN_SPLIT))
			return 1;
	out[0] =
		k - 1 + frame->shifted < frame->args.n ? frame->args.v[k - 1 + frame->shifted] : "";
	return 1;
}

static void expand_param(struct sh_vars *vars, const struct sh_frame *frame,
			 const struct sh_part *p, bool split, struct set *set)
{
	const char *values[2 * SH_MAX_ALTS];
	struct set arg;
	size_t n, i;
	bool cut = split && !p->quoted;

	if (*p->text == '@' || *p->text == '*') {
		expand_args(vars, frame, p, set);
		return;
	}
	if (isdigit((unsigned char)*p->text))
		n = positional(frame, p, values);
	else if (isalpha((unsigned char)*p->text) || *p->text == '_')
		n = var_values(vars, p->text, values);
	else
		values[0] = unknown, n = 1;
	if (p->op == '*') {
		values[0] = unknown, n = 1;
	} else if (p->op && p->op != '?' && p->arg) {
		/* ${x=word} is among the values of x already; x itself is empty then */
		if (p->op == '+' || ((p->op == '-' || p->op == '=') && is_busy(vars, p->text)))
			values[0] = p->op == '+' ? "" : values[0], n = p->op == '+';
		memset(&arg, 0, sizeof(arg));
		arg.n = 1;
		resolve_word(vars, frame, p->arg, 0, false, &arg);
		for (i = 0; i < arg.n && n < 2 * SH_MAX_ALTS; i++)
			values[n++] = arg.v[i].f.n ? arg.v[i].f.v[0] : "";
	}
	multiply(vars, set, values, n, cut);
}

/* {a,b} and {1..3} are not followed: such a word is unknown */
static bool has_braces(const struct sh_word *w)
{
	const struct sh_part *p;
	bool open = false;

	for (p = w->parts; p; p = p->next) {
		if (p->type != SH_LIT || p->quoted)
			continue;
		open |= strchr(p->text, '{') != NULL;
		if (open && (strchr(p->text, ',') || strstr(p->text, "..")))
			return true;
	}
	return false;
}

static void resolve_word(struct sh_vars *vars, const struct sh_frame *frame,
			 const struct sh_word *w, size_t skip, bool split, struct set *set)
{
	const struct sh_part *p;
	const char *text;

	if (w->is_array || (split && has_braces(w))) {
		multiply(vars, set, &unknown_split, 1, false);
		return;
	}
	for (p = w->parts; p; p = p->next) {
		if (p->type == SH_PARAM) {
			expand_param(vars, frame, p, split, set);
			continue;
		}
		text = p->type == SH_LIT			     ? p->text
		       : p->type == SH_CMDSUB && split && !p->quoted ? unknown_split
								     : unknown;
		if (p == w->parts)
			text += skip;
		multiply(vars, set, &text, 1, false);
	}
}

void sh_resolve(struct sh_vars *vars, const struct sh_frame *frame, const struct sh_word *words,
		struct sh_alts *out)
{
	struct set set;
	size_t i;

	memset(&set, 0, sizeof(set));
	set.n = 1;
	for (; words; words = words->next) {
		for (i = 0; i < set.n; i++)
			set.v[i].open = false;
		resolve_word(vars, frame, words, 0, true, &set);
	}
	out->n = set.n;
	for (i = 0; i < set.n; i++)
		out->v[i] = set.v[i].f;
}
