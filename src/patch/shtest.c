// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shtest.c: tests whose result the text alone decides ([ 1 = 0 ]), and what
 * reads the table of mounted file systems.
 */
#include <ctype.h>
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

/* Types of local disks, the root, or whatever has a device: a filter for those keeps what can be written */
static bool names_disks(const char *s)
{
	static const char *const names[] = { "ext",    "xfs",		"reiser", "jfs",
					     "btrfs",  "gfs",		" / ",	  "\\/ ",
					     "\\/$",   "^/$",		"\"/\"",  "/dev/root",
					     "/dev/*", "\\/dev\\/root", NULL };
	const char *dev;
	size_t i;

	for (i = 0; names[i]; i++)
		if (strstr(s, names[i]))
			return true;
	dev = strstr(s, "^/dev") ?: strstr(s, "^\\/dev");
	if (!dev)
		return false;
	dev = strstr(dev, "dev") + 3;
	dev += strspn(dev, "\\/");
	return !isalnum((unsigned char)*dev);
}

/* Is the command something of the script's own? */
static bool own_function(struct sh_walk *w, const struct sh_node *n)
{
	const char *s = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;
	const struct sh_node *f;

	for (f = s ? w->script->funcs : NULL; f; f = f->next_func)
		if (!strcmp(f->name, s))
			return true;
	return false;
}

/* mount or findmnt without a file system: it lists them; only some types are not all */
static bool lists_mounts(struct sh_walk *w, const struct sh_node *n)
{
	const struct sh_word *word = n->words;
	bool findmnt;
	const char *s = word ? sh_word_lit(w->script->arena, word) : NULL;

	if (!s)
		return false;
	if (own_function(w, n))
		return false;
	s = sh_basename(s);
	findmnt = !strcmp(s, "findmnt");
	if (strcmp(s, "mount") && !findmnt)
		return false;
	for (word = word->next; word; word = word->next) {
		s = sh_word_lit(w->script->arena, word);
		if (s && !strcmp(s, "-t") && word->next) {
			word = word->next; /* all but some types, or those of disks */
			s = sh_word_lit(w->script->arena, word);
			if (s && (!strncmp(s, "no", 2) || names_disks(s)))
				continue;
			return false;
		}
		if (findmnt && s && *s && !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ,")])
			continue; /* columns */
		if (!s || *s != '-' || (strchr(s, 't') && *sh_basename(s) == '-'))
			return false;
	}
	return true;
}

/* Does the pattern of an awk program, in front of its {, choose something? */
static bool awk_chooses(const char *s)
{
	size_t n;

	s += strspn(s, " \t\n");
	n = strcspn(s, "{");
	return n && strncmp(s, "BEGIN", 5) != 0;
}

/* sed -n prints what is chosen, !d leaves it */
static bool sed_chooses(const char *s)
{
	return strstr(s, "!d") || (*s == '-' && s[1] != '-' && strchr(s, 'n'));
}

/* A filter that lets only network or memory file systems through, or a few places */
static bool filters_out(struct sh_walk *w, const struct sh_node *n)
{
	static const char *const few[] = { "nfs",  "cifs", "smb",  "tmpfs", "iso9660",
					   "vfat", "fuse", "loop", "proc",  NULL };
	const char *name = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;
	const struct sh_word *word;
	bool chooses = false, disks = false;
	const char *s;
	size_t i;

	if (!name)
		return false;
	name = sh_basename(name);
	if (!strcmp(name, "head") || !strcmp(name, "tail"))
		return true;
	if (!strcmp(name, "sed")) {
		for (word = n->words->next; word; word = word->next) {
			s = sh_word_lit(w->script->arena, word);
			chooses |= s && sed_chooses(s);
			disks |= s && names_disks(s);
		}
		return chooses && !disks;
	}
	if (strcmp(name, "grep") && strcmp(name, "egrep") && strcmp(name, "fgrep") &&
	    strcmp(name, "awk") && strcmp(name, "gawk"))
		return false;
	for (word = n->words->next; word; word = word->next) {
		s = sh_word_lit(w->script->arena, word);
		chooses |= !s && strstr(name, "grep"); /* a pattern that is not known */
		if (!s)
			continue;
		if ((*s == '-' && strchr(s, 'v') && strstr(name, "grep")) || strchr(s, '!') ||
		    strstr(s, "next"))
			return false;
		for (i = 0; few[i]; i++)
			if (strstr(s, few[i]) && !names_mounts(s))
				return true;
		disks |= names_disks(s);
		if (*s != '-' && !names_mounts(s))
			chooses |= strstr(name, "grep") || awk_chooses(s);
	}
	return chooses && !disks;
}

/* ---- conditions inside such a loop ---- */

static enum sh_pick pick_words(struct sh_walk *w, const struct sh_node *n)
{
	enum sh_pick pick = SH_PICK_NO;
	const struct sh_word *word;
	bool disks = false;
	const char *s;

	for (word = n->words; word; word = word->next) {
		s = sh_word_lit(w->script->arena, word);
		if (!s)
			continue;
		if (!strcmp(s, "=") || !strcmp(s, "==") || !strcmp(s, "=~"))
			pick = SH_PICK_THESE;
		else if (!strcmp(s, "!="))
			pick = SH_PICK_OTHERS;
		disks |= names_disks(s);
	}
	return disks ? SH_PICK_NO : pick;
}

enum sh_pick sh_picks(struct sh_walk *w, const struct sh_node *n)
{
	enum sh_pick pick;
	const char *s;

	if (!n)
		return SH_PICK_NO;
	switch (n->type) {
	case SH_SIMPLE:
		s = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;
		if (s && (!strcmp(s, "[") || !strcmp(s, "test")))
			return pick_words(w, n);
		return filters_out(w, n) ? SH_PICK_THESE : SH_PICK_NO;
	case SH_COND:
		return pick_words(w, n);
	case SH_PIPELINE:
		for (pick = SH_PICK_NO, n = n->negated ? NULL : n->a; n && !pick; n = n->next)
			pick = sh_picks(w, n);
		return pick;
	case SH_ANDOR:
		return sh_picks(w, n->a) ?: sh_picks(w, n->b);
	case SH_LIST:
		return n->a && !n->a->next ? sh_picks(w, n->a) : SH_PICK_NO;
	default:
		return SH_PICK_NO;
	}
}

bool sh_picks_pattern(struct sh_walk *w, const struct sh_word *patterns)
{
	const char *s;

	for (; patterns; patterns = patterns->next) {
		s = sh_word_lit(w->script->arena, patterns);
		if (!s || !strcmp(s, "*") || names_disks(s))
			return false;
	}
	return true;
}

bool sh_from_table(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	const struct sh_word *word;
	const struct sh_part *p;
	bool any = false;

	if (f->n < 2 || !sh_is_unknown(f->v[f->n - 1]))
		return false;
	for (word = n->words; word; word = word->next)
		for (p = word->parts; p; p = p->next) {
			if (p->type != SH_PARAM)
				continue;
			if (!isalpha((unsigned char)*p->text) && *p->text != '_')
				return true;
			if (sh_var_set(&w->vars, p->text))
				return true;
			any = true;
		}
	return !any;
}

/* A function called awk, sort, ...: who knows what it lets through */
static bool stands_for_other(struct sh_walk *w, const struct sh_node *n)
{
	const char *s = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;

	return s && own_function(w, n) && (sh_is_harmless(s) || sh_hidden_command(s));
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
			if (c->type == SH_SIMPLE && (filters_out(w, c) || stands_for_other(w, c)))
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
