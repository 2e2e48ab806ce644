// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shtest.c: tests whose result the text alone decides ([ 1 = 0 ]), and what
 * reads the table of mounted file systems.
 */
#include <string.h>

#include "patch/shrun.h"

static enum sh_status truth(bool b)
{
	return b ? SH_TRUE : SH_FALSE;
}

enum sh_status sh_test(const char *const *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (sh_is_unknown(v[i]) || strpbrk(v[i], "*?["))
			return SH_MAYBE;
	if (n == 0)
		return SH_FALSE;
	if (n == 1)
		return truth(*v[0]);
	if (n == 2 && !strcmp(v[0], "-n"))
		return truth(*v[1]);
	if (n == 2 && !strcmp(v[0], "-z"))
		return truth(!*v[1]);
	if (n == 2 && !strcmp(v[0], "!"))
		return truth(!*v[1]);
	if (n == 3 && (!strcmp(v[1], "=") || !strcmp(v[1], "==")))
		return truth(!strcmp(v[0], v[2]));
	if (n == 3 && !strcmp(v[1], "!="))
		return truth(strcmp(v[0], v[2]));
	if (n == 3 && !strcmp(v[1], "-eq") && !strcmp(v[0], v[2]))
		return SH_TRUE;
	return SH_MAYBE;
}

/* ---- who reads the table of mounts ---- */

static bool names_mounts(const char *s)
{
	return strstr(s, "/proc/mounts") || strstr(s, "/proc/self/mount") || strstr(s, "/etc/mtab");
}

struct mention {
	struct sh_walk *w;
	unsigned int depth;
	bool found;
};

static void var_word(void *ctx, const struct sh_word *word)
{
	struct mention *m = ctx;
	struct sh_word one = *word;

	one.next = NULL;
	m->found |= sh_words_mention_mounts(m->w, &one, m->depth + 1);
}

bool sh_words_mention_mounts(struct sh_walk *w, const struct sh_word *words, unsigned int depth)
{
	struct mention m = { w, depth, false };
	const struct sh_part *p;

	for (; words && depth < 12 && !m.found && ++w->steps <= SH_MAX_STEPS; words = words->next)
		for (p = words->parts; p && !m.found; p = p->next) {
			if (p->type == SH_LIT)
				m.found |= names_mounts(p->text);
			if (p->list)
				m.found |= sh_mentions_mounts(w, p->list, depth + 1);
			if (p->type == SH_PARAM)
				sh_var_words(&w->vars, p->text, var_word, &m);
		}
	return m.found;
}

bool sh_redirs_mention_mounts(struct sh_walk *w, const struct sh_redir *r, unsigned int depth)
{
	for (; r; r = r->next) {
		if (*r->op == '<' && r->word && sh_words_mention_mounts(w, r->word, depth + 1))
			return true;
		if (r->body && sh_words_mention_mounts(w, r->body, depth + 1))
			return true;
	}
	return false;
}

/* mount or findmnt without a file system: it lists them; only some types are not all */
static bool lists_mounts(struct sh_walk *w, const struct sh_node *n)
{
	const struct sh_node *f;
	const struct sh_word *word = n->words;
	const char *s = word ? sh_word_lit(w->script->arena, word) : NULL;

	if (!s)
		return false;
	for (f = w->script->funcs; f; f = f->next_func)
		if (!strcmp(f->name, s))
			return false; /* something of the script's own */
	s = sh_basename(s);
	if (strcmp(s, "mount") && strcmp(s, "findmnt"))
		return false;
	for (word = word->next; word; word = word->next) {
		s = sh_word_lit(w->script->arena, word);
		if (!s || *s != '-' || (strchr(s, 't') && *sh_basename(s) == '-'))
			return false;
	}
	return true;
}

/* A filter that lets only network or memory file systems through */
static bool filters_out(struct sh_walk *w, const struct sh_node *n)
{
	static const char *const few[] = { "nfs",  "cifs", "smb",  "tmpfs", "iso9660",
					   "vfat", "fuse", "loop", "proc",  NULL };
	const char *name = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;
	const struct sh_word *word;
	const char *s;
	size_t i;

	if (!name)
		return false;
	name = sh_basename(name);
	if (strcmp(name, "grep") && strcmp(name, "egrep") && strcmp(name, "fgrep") &&
	    strcmp(name, "awk") && strcmp(name, "gawk"))
		return false;
	for (word = n->words->next; word; word = word->next) {
		s = sh_word_lit(w->script->arena, word);
		if (!s)
			continue;
		if ((*s == '-' && strchr(s, 'v') && strstr(name, "grep")) || strchr(s, '!') ||
		    strstr(s, "next"))
			return false;
		for (i = 0; few[i]; i++)
			if (strstr(s, few[i]) && !names_mounts(s))
				return true;
	}
	return false;
}

bool sh_mentions_mounts(struct sh_walk *w, const struct sh_node *n, unsigned int depth)
{
	const struct sh_func *f;
	const struct sh_node *c;
	const char *s;
	bool found = false;

	/* steps are counted: functions that call functions multiply */
	if (!n || depth > 12 || ++w->steps > SH_MAX_STEPS)
		return false;
	switch (n->type) {
	case SH_SIMPLE:
		if (filters_out(w, n))
			return false;
		if (lists_mounts(w, n) || sh_words_mention_mounts(w, n->words, depth + 1) ||
		    sh_redirs_mention_mounts(w, n->redirs, depth + 1))
			return true;
		s = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;
		for (f = s ? w->funcs : NULL; f; f = f->next)
			if (!strcmp(f->name, s))
				return sh_mentions_mounts(w, f->bodies[0], depth + 1);
		return false;
	case SH_PIPELINE:
		for (c = n->a; c; c = c->next) {
			if (c->type == SH_SIMPLE && filters_out(w, c))
				return false;
			found |= sh_mentions_mounts(w, c, depth + 1);
		}
		return found;
	case SH_WHILE:
	case SH_UNTIL:
	case SH_FOR:
	case SH_FUNC:
		return sh_mentions_mounts(w, n->type == SH_FUNC ? n->a : NULL, depth + 1) ||
		       (n->type != SH_FUNC && (sh_words_mention_mounts(w, n->words, depth + 1) ||
					       sh_redirs_mention_mounts(w, n->redirs, depth + 1)));
	default:
		for (c = n->a; c && !found; c = c->next)
			found = sh_mentions_mounts(w, c, depth + 1);
		return found;
	}
}
