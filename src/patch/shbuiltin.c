// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shbuiltin.c: the shell's own commands.
 */
#include <string.h>

#include "patch/shrun.h"

static const struct sh_end next_maybe = { SH_NEXT, SH_MAYBE };

static struct sh_end leave(struct sh_walk *w, enum sh_flow flow)
{
	w->saw_break = true;
	return (struct sh_end){ flow, SH_MAYBE };
}

/*
 * Outside of functions bash complains and goes on; another shell ends.  Both are followed: what
 * comes behind it counts, and no place behind it does.
 */
static struct sh_end run_return(struct sh_walk *w, const struct sh_node *n,
				const struct sh_fields *f)
{
	if (w->calls)
		return leave(w, SH_RETURN);
	if (!w->conditional && !w->subshell && !w->background)
		sh_emit(w, SH_END, n, f, NULL);
	return next_maybe;
}

static void run_set(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	static const char *const modes[] = { "errexit",	   "noexec", "onecmd", "keyword",
					     "restricted", "posix",  NULL };
	size_t i, k;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		if (!strcmp(s, "--") || (*s != '-' && *s != '+')) {
			w->frame.known = false;
			if ((unsigned char)*s <= SH_UNKNOWN_SPLIT && *s && i == 1)
				sh_emit(w, SH_UNSAFE, n, f, "set with options that are not known");
			return;
		}
		if (*s == '+' || !s[1])
			continue;
		if (strpbrk(s, "entkr"))
			sh_emit(w, SH_UNSAFE, n, f,
				strchr(s, 'e')
					? "set -e: an error in our lines would end the script"
					: "set with an option that changes what is run");
		for (k = 0; strchr(s, 'o') && i + 1 < f->n && modes[k]; k++)
			if (!strcmp(f->v[i + 1], modes[k]))
				sh_emit(w, SH_UNSAFE, n, f,
					"set -o with an option that changes what is run");
		i += strchr(s, 'o') != NULL;
	}
}

static void run_trap(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	size_t before = w->events->n, i;

	if (f->n < 3 || !*f->v[1] || !strcmp(f->v[1], "-") || !strcmp(f->v[1], "-l") ||
	    !strcmp(f->v[1], "-p"))
		return;
	for (i = 2; i < f->n; i++)
		if (!strcmp(f->v[i], "DEBUG") || !strcmp(f->v[i], "ERR") ||
		    !strcmp(f->v[i], "RETURN")) {
			sh_emit(w, SH_UNSAFE, n, f, "trap that runs between commands");
			return;
		}
	if (sh_is_unknown(f->v[1])) {
		sh_emit(w, SH_UNSAFE, n, f, "trap whose commands are not known");
		return;
	}
	w->conditional++;
	sh_walk_text(w, f->v[1], n, false);
	w->conditional--;
	for (i = before; i < w->events->n; i++)
		if (w->events->v[i].effect != SH_FASTBOOT) {
			w->events->n = before;
			sh_emit(w, SH_UNSAFE, n, f, "trap with commands that matter here");
			return;
		}
	w->events->n = before;
}

static void run_shift(struct sh_walk *w, const struct sh_fields *f)
{
	const char *count = f->n > 1 ? f->v[1] : "1";

	if (w->conditional != w->frame.depth || strlen(count) != 1 || *count < '0' || *count > '9')
		w->frame.known = false;
	else
		w->frame.shifted += (size_t)(*count - '0');
}

static void run_unset(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	size_t i;

	for (i = 1; i < f->n; i++)
		if (sh_defined(w, f->v[i]) || !strcmp(f->v[i], "PATH"))
			sh_emit(w, SH_UNSAFE, n, f, "unset of a function, or of PATH");
}

static void run_source(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	enum sh_effect e = f->n > 1 ? sh_classify_source(f->v[1]) : SH_OPAQUE_FILE;

	if (e != SH_NOTHING)
		sh_emit(w, e, n, f, NULL);
}

static struct sh_end run_exec(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	struct sh_fields rest;
	size_t i = 1;

	for (; i < f->n && *f->v[i] == '-'; i++)
		if (!strcmp(f->v[i], "-a"))
			i++;
	if (i >= f->n)
		return next_maybe; /* only redirections */
	rest.v = f->v + i;
	rest.n = f->n - i;
	sh_run_fields(w, n, &rest);
	return leave(w, SH_EXIT);
}

static struct sh_end run_test(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	const struct sh_word *word;
	const char *v[16];
	size_t k = 0;

	if (sh_has_arg(f, "/fastboot"))
		sh_emit(w, SH_FASTBOOT, n, f, NULL);
	/* variables are never decided: their values are those of the whole script */
	for (word = n->words ? n->words->next : NULL; word && k < 16; word = word->next) {
		v[k] = sh_word_lit(w->script->arena, word);
		if (!v[k++])
			return next_maybe;
	}
	if (k && !strcmp(f->v[0], "["))
		k--;
	return (struct sh_end){ SH_NEXT, k < 15 ? sh_test(v, k) : SH_MAYBE };
}

bool sh_run_builtin(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f,
		    struct sh_end *end)
{
	const char *s = f->v[0];

	*end = next_maybe;
	if (!strcmp(s, "exit"))
		*end = leave(w, SH_EXIT);
	else if (!strcmp(s, "return"))
		*end = run_return(w, n, f);
	else if (!strcmp(s, "break") || !strcmp(s, "continue"))
		*end = w->loops ? leave(w, SH_BREAK) : next_maybe;
	else if (!strcmp(s, "exec"))
		*end = run_exec(w, n, f);
	else if (!strcmp(s, "true") || !strcmp(s, ":"))
		end->status = SH_TRUE;
	else if (!strcmp(s, "false"))
		end->status = SH_FALSE;
	else if (!strcmp(s, "[") || !strcmp(s, "test"))
		*end = run_test(w, n, f);
	else if (!strcmp(s, "set"))
		run_set(w, n, f);
	else if (!strcmp(s, "trap"))
		run_trap(w, n, f);
	else if (!strcmp(s, "unset"))
		run_unset(w, n, f);
	else if (!strcmp(s, ".") || !strcmp(s, "source"))
		run_source(w, n, f);
	else if (!strcmp(s, "shift"))
		run_shift(w, f);
	else if (!strcmp(s, "shopt") || !strcmp(s, "enable")) {
		if (*s == 'e' && sh_classify(f) == SH_UNSAFE)
			sh_emit(w, SH_UNSAFE, n, f, "switches a command of the shell off");
		if (sh_has_arg(f, "expand_aliases") || sh_has_arg(f, "extdebug") ||
		    sh_has_arg(f, "posix") || (*s == 's' && sh_unclear(f)) ||
		    (*s == 'e' && sh_has_arg(f, "-f")))
			sh_emit(w, SH_UNSAFE, n, f, "changes what commands mean");
	} else
		return false;
	return true;
}
