// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shassign.c: which values the variables of a script are given.
 */
#include <ctype.h>
#include <string.h>

#include "patch/shvalue_work.h"

struct sh_var *sh_var_find(struct sh_vars *vars, const char *name, size_t len, bool create)
{
	unsigned int h = 5381;
	struct sh_var *v;
	size_t i;

	for (i = 0; i < len; i++)
		h = h * 33 + (unsigned char)name[i];
	h %= 64;
	for (v = vars->buckets[h]; v; v = v->next)
		if (!strncmp(v->name, name, len) && !v->name[len])
			return v;
	if (!create || !(v = sh_arena_alloc(vars->arena, sizeof(*v))) ||
	    !(v->name = sh_arena_strn(vars->arena, name, len)))
		return NULL;
	v->next = vars->buckets[h];
	vars->buckets[h] = v;
	return v;
}

static struct sh_value *add_value(struct sh_vars *vars, const char *name, size_t len,
				  const struct sh_word *word, size_t skip)
{
	struct sh_var *v = sh_var_find(vars, name, len, true);
	struct sh_value *value = sh_arena_alloc(vars->arena, sizeof(*value));

	if (!v || !value)
		return NULL;
	value->word = word;
	value->skip = skip;
	value->next = v->values;
	v->values = value;
	vars->n_values++;
	return value;
}

static size_t identifier(const char *s)
{
	size_t n = 0;

	if (isalpha((unsigned char)*s) || *s == '_')
		while (isalnum((unsigned char)s[n]) || s[n] == '_')
			n++;
	return n;
}

static void collect_assign(struct sh_vars *vars, const struct sh_word *w)
{
	const struct sh_part *p = w->parts;
	size_t n;

	if (!p || p->type != SH_LIT || p->quoted)
		return;
	n = identifier(p->text);
	if (!n)
		return;
	if (p->text[n] == '=' && !w->is_array)
		add_value(vars, p->text, n, w, n + 1);
	else if (p->text[n])
		add_value(vars, p->text, n, NULL, 0); /* +=, [i]=, =( ) */
}

static void collect_words(struct sh_vars *vars, const struct sh_word *w)
{
	const struct sh_part *p;

	for (; w; w = w->next) {
		for (p = w->parts; p; p = p->next) {
			if (p->type == SH_PARAM && p->op == '=')
				add_value(vars, p->text, strlen(p->text), p->arg, 0);
			if (p->arg)
				collect_words(vars, p->arg);
			if (p->list)
				sh_vars_collect_node(vars, p->list);
		}
		if (w->array)
			collect_words(vars, w->array);
	}
}

/* A word of declare and its kin: NAME=value, NAME, or something that only the run will show */
static void collect_declared(struct sh_vars *vars, const struct sh_word *w)
{
	const struct sh_part *p = w->parts;
	const char *lit = sh_word_lit(vars->arena, w);
	size_t n;

	if (p && p->type == SH_LIT && !p->quoted && identifier(p->text) &&
	    p->text[identifier(p->text)]) {
		collect_assign(vars, w);
	} else if (!lit) {
		/* export $list: what it sets is not known; a quoted "NAME=$value" names it */
		n = p && p->type == SH_LIT ? identifier(p->text) : 0;
		if (n && p->text[n] == '=')
			add_value(vars, p->text, n, NULL, 0);
		else if (!w->is_array)
			vars->wild = true;
	} else if (*lit == '-' && strchr(lit, 'n')) {
		vars->wild = true; /* a name for another variable */
	} else if (identifier(lit) && lit[identifier(lit)]) {
		add_value(vars, lit, identifier(lit), NULL, 0);
	}
}

/* An argument that names a variable to be set, as read and printf -v have */
static void collect_named(struct sh_vars *vars, const struct sh_word *w)
{
	const char *lit = sh_word_lit(vars->arena, w);

	if (!lit)
		vars->wild = true;
	else if (identifier(lit))
		add_value(vars, lit, identifier(lit), NULL, 0);
}

static void collect_printf(struct sh_vars *vars, const struct sh_word *w)
{
	const char *lit = w ? sh_word_lit(vars->arena, w) : NULL;

	if (lit && !strcmp(lit, "-v") && w->next)
		collect_named(vars, w->next);
	else if (lit && !strncmp(lit, "-v", 2) && identifier(lit + 2))
		add_value(vars, lit + 2, identifier(lit + 2), NULL, 0);
}

/* read and mapfile: options, some with a value, then names */
static void collect_read(struct sh_vars *vars, const struct sh_word *w)
{
	const char *lit;

	for (; w; w = w->next) {
		lit = sh_word_lit(vars->arena, w);
		if (lit && *lit == '-' && lit[1]) {
			if (strchr("dinNptuOscC", lit[strlen(lit) - 1]) && w->next &&
			    lit[strlen(lit) - 1] != 's')
				w = w->next;
			continue;
		}
		collect_named(vars, w);
	}
}

bool sh_prints_settings(struct sh_arena *arena, const struct sh_word *w)
{
	static const char *const printers[] = { "ipcalc",    "kmodule", "consoletype", "fgrep",
						"dircolors", "locale",	NULL };
	const struct sh_part *p = w->parts;
	const struct sh_node *c;
	const char *s;
	size_t i;

	if (!p || p->next || p->type != SH_CMDSUB || !p->list)
		return false;
	c = p->list->a;
	while (c && c->type == SH_PIPELINE)
		c = c->a;
	s = c && c->words ? sh_word_lit(arena, c->words) : NULL;
	s = s && strrchr(s, '/') ? strrchr(s, '/') + 1 : s;
	for (i = 0; s && printers[i]; i++)
		if (!strcmp(s, printers[i]))
			return true;
	return false;
}

/* eval sets what its text says; what is not literal is looked at when it is known (sh_vars_collect_text) */
static void collect_eval(struct sh_vars *vars, const struct sh_word *w)
{
	const char *lit = w && !w->next ? sh_word_lit(vars->arena, w) : NULL;
	struct sh_script *text = lit ? sh_arena_alloc(vars->arena, sizeof(*text)) : NULL;

	if (text && vars->depth <= 8 &&
	    sh_parse(vars->arena, lit, strlen(lit), w->line, true, text) == 0) {
		vars->depth++;
		sh_vars_collect_text(vars, lit, text);
		vars->depth--;
	}
}

/* Commands that set variables by name: every argument that is a name becomes unknown. */
static void collect_builtin(struct sh_vars *vars, const struct sh_node *n)
{
	static const char *const keepers[] = { "export",   "local",   "declare",
					       "readonly", "typeset", NULL };
	static const char *const names[] = { "getopts", "let", "select", NULL };
	const struct sh_word *w = n->words;
	const char *name = w ? sh_word_lit(vars->arena, w) : NULL;
	size_t i;

	while (name && (!strcmp(name, "command") || !strcmp(name, "builtin")) && w->next) {
		w = w->next;
		name = sh_word_lit(vars->arena, w);
	}
	if (!name)
		return;
	w = w->next;
	for (i = 0; keepers[i]; i++)
		for (; !strcmp(name, keepers[i]) && w; w = w->next)
			collect_declared(vars, w);
	for (i = 0; names[i]; i++)
		for (; !strcmp(name, names[i]) && w; w = w->next)
			collect_named(vars, w);
	if (!strcmp(name, "printf"))
		collect_printf(vars, w);
	else if (!strcmp(name, "eval"))
		collect_eval(vars, w);
	else if (!strcmp(name, "read"))
		add_value(vars, "REPLY", 5, NULL, 0);
	if (!strcmp(name, "read") || !strcmp(name, "mapfile") || !strcmp(name, "readarray"))
		collect_read(vars, w);
}

void sh_vars_collect_node(struct sh_vars *vars, const struct sh_node *n)
{
	const struct sh_redir *r;
	const struct sh_word *w;
	const struct sh_case *c;
	struct sh_value *value;

	for (; n; n = n->next) {
		for (w = n->assigns; w; w = w->next)
			collect_assign(vars, w);
		collect_words(vars, n->assigns);
		collect_words(vars, n->words);
		if (n->type == SH_SIMPLE)
			collect_builtin(vars, n);
		if (n->type == SH_FOR || n->type == SH_SELECT) {
			for (w = n->words; w; w = w->next) {
				value = add_value(vars, n->name, strlen(n->name), w, 0);
				if (value)
					value->loop = true;
			}
			if (n->implicit || n->type == SH_SELECT)
				add_value(vars, n->name, strlen(n->name), NULL, 0);
		}
		for (r = n->redirs; r; r = r->next) {
			collect_words(vars, r->word);
			collect_words(vars, r->body);
		}
		for (c = n->cases; c; c = c->next) {
			collect_words(vars, c->patterns);
			sh_vars_collect_node(vars, c->body);
		}
		sh_vars_collect_node(vars, n->a);
		sh_vars_collect_node(vars, n->b);
		sh_vars_collect_node(vars, n->c);
	}
}

bool sh_vars_collect_text(struct sh_vars *vars, const char *text, const struct sh_script *script)
{
	size_t before = vars->n_values;
	struct sh_text *t;

	for (t = vars->texts; t; t = t->next)
		if (!strcmp(t->text, text))
			return false;
	t = sh_arena_alloc(vars->arena, sizeof(*t));
	if (!t)
		return false;
	t->text = text;
	t->next = vars->texts;
	vars->texts = t;
	sh_vars_collect_node(vars, script->units);
	return vars->n_values != before;
}

void sh_vars_collect(struct sh_vars *vars, const struct sh_script *script)
{
	sh_vars_collect_node(vars, script->units);
}
