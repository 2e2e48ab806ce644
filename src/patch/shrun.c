// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shrun.c: single commands: functions, builtins, wrappers, and what remains.
 */
#include <string.h>

#include "patch/shrun.h"
#include "patch/shwrap.h"

static const struct sh_end next_maybe = { SH_NEXT, SH_MAYBE };

/* ---- events ---- */

static const char *source_text(struct sh_walk *w, const struct sh_node *at,
			       const struct sh_fields *f)
{
	size_t len, i, total = 1;
	const char *s;
	char *p;

	if (at->end > at->start && at->end <= w->len) {
		s = w->text + at->start;
		len = at->end - at->start;
		for (i = 0; i < len && i < 90 && s[i] != '\n'; i++)
			;
		return sh_arena_strn(w->script->arena, s, i);
	}
	for (i = 0; f && i < f->n; i++)
		total += strlen(f->v[i]) + 1;
	p = sh_arena_alloc(w->script->arena, total + 1);
	if (!p)
		return "";
	for (i = 0; f && i < f->n; i++) {
		if (i)
			strcat(p, " ");
		strcat(p, f->v[i]);
	}
	for (i = 0; p[i]; i++)
		if ((unsigned char)p[i] <= SH_UNKNOWN_SPLIT)
			p[i] = '?';
	return p;
}

void sh_emit(struct sh_walk *w, enum sh_effect effect, const struct sh_node *at,
	     const struct sh_fields *f, const char *why)
{
	struct sh_events *e = w->events;
	struct sh_event *bigger;

	if (e->n == SH_MAX_EVENTS) {
		e->too_many = true;
		return;
	}
	if (e->n == w->allocated) {
		w->allocated = w->allocated ? 2 * w->allocated : 64;
		bigger = sh_arena_alloc(w->script->arena, w->allocated * sizeof(*bigger));
		if (!bigger)
			return;
		if (e->n)
			memcpy(bigger, e->v, e->n * sizeof(*bigger));
		e->v = bigger;
	}
	e->v[e->n++] = (struct sh_event){
		.effect = effect,
		.unit = w->unit,
		.line = at->line,
		.conditional = w->conditional > 0,
		.background = w->background > 0,
		.text = source_text(w, at, f),
		.why = why,
	};
}

/* ---- functions ---- */

struct sh_func *sh_defined(struct sh_walk *w, const char *name)
{
	struct sh_func *f;

	for (f = w->funcs; f; f = f->next)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

void sh_define(struct sh_walk *w, const struct sh_node *func)
{
	struct sh_func *f = sh_defined(w, func->name);
	bool certain = !w->conditional && !w->subshell && !w->background;

	if (!strcmp(func->name, "command_not_found_handle"))
		sh_emit(w, SH_UNSAFE, func, NULL, "a function that bash calls by itself");
	if (!strcmp(func->name, "[") || !strcmp(func->name, "/etc/aipsnap"))
		sh_emit(w, SH_UNSAFE, func, NULL, "a function that our lines would call");
	if (!f) {
		f = sh_arena_alloc(w->script->arena, sizeof(*f));
		if (!f)
			return;
		f->name = func->name;
		f->next = w->funcs;
		w->funcs = f;
	}
	if (certain)
		f->n = 0;
	f->certain |= certain;
	if (f->n < sizeof(f->bodies) / sizeof(f->bodies[0]))
		f->bodies[f->n++] = func;
	else
		w->events->too_many = true;
}

static enum sh_status is_zero(const struct sh_fields *f)
{
	if (f->n == 2 && !strcmp(f->v[1], "0"))
		return SH_TRUE;
	return f->n == 2 && !strcmp(f->v[1], "1") ? SH_FALSE : SH_MAYBE;
}

static bool same_call(const struct sh_fields *a, const struct sh_fields *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return true;
}

static struct sh_end call(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f,
			  const struct sh_node *body, bool maybe)
{
	bool now = w->crypt_now, later = w->crypt_later;
	struct sh_frame outer = w->frame;
	struct sh_end end;
	size_t i;

	for (i = 0; i < w->calls; i++)
		if (same_call(&w->in_call[i], f))
			return next_maybe; /* recursion adds nothing new */
	if (w->calls == SH_MAX_CALLS) {
		w->events->too_many = true;
		return next_maybe;
	}
	if (!strcmp(f->v[0], "init_crypto")) {
		w->crypt_later = is_zero(f) == SH_FALSE;
		w->crypt_now = !w->crypt_later;
	}
	w->in_call[w->calls++] = *f;
	w->frame = (struct sh_frame){ .args = { f->n - 1, f->v + 1 }, .known = true };
	w->conditional += maybe;
	w->frame.depth = w->conditional;
	end = sh_walk_node(w, body->a);
	w->conditional -= maybe;
	w->frame = outer;
	w->calls--;
	w->crypt_now = now;
	w->crypt_later = later;
	if (end.flow != SH_EXIT || maybe)
		end.flow = SH_NEXT;
	return end;
}

/* Return: whether the command was a function, for certain. */
static bool run_function(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f,
			 struct sh_end *end)
{
	struct sh_func *func = sh_defined(w, f->v[0]);
	const struct sh_node *later;
	bool any = false;
	size_t i;

	*end = next_maybe;
	if (!strcmp(f->v[0], "init_crypto") && is_zero(f) != SH_FALSE)
		sh_emit(w, SH_CRYPT, n, f, NULL);
	if (func) {
		for (i = 0; i < func->n; i++)
			*end = call(w, n, f, func->bodies[i], func->n > 1 || !func->certain);
		any = true;
	} else {
		/* defined further down: at this point it is not known to bash, except inside
		 * another function that runs later */
		for (later = w->script->funcs; later; later = later->next_func)
			if (!strcmp(later->name, f->v[0])) {
				call(w, n, f, later, true);
				any = true;
			}
	}
	if (!strcmp(f->v[0], "init_crypto"))
		return true;
	if (func && func->certain)
		return true;
	/* perhaps a function: what else it is counts only where that is known */
	return any && sh_classify(f) >= SH_OPAQUE;
}

/* ---- all the rest ---- */

/* Inside init_crypto the new devices are formatted: they hold nothing yet. */
static bool part_of_crypt(const struct sh_walk *w, enum sh_effect e, const struct sh_fields *f)
{
	static const char prefix[] = "/dev/mapper/";
	size_t i;

	if (!w->crypt_now && !w->crypt_later)
		return false;
	if (e == SH_CRYPT)
		return true;
	if (e != SH_WRITE && e != SH_MOUNT)
		return false;
	for (i = 1; i < f->n; i++)
		if (!strncmp(f->v[i], prefix, strlen(prefix)))
			return true;
	return false;
}

static void plain_command(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	enum sh_effect e = sh_classify(f);

	if (e == SH_NOTHING || part_of_crypt(w, e, f) || (e == SH_WAIT && w->subshell))
		return;
	if (e == SH_RO && w->mounts && !w->picky && sh_from_table(w, n, f))
		e = SH_RO_ALL;
	if (e == SH_UNSAFE && w->no_aliases && !strcmp(f->v[0], "alias"))
		return;
	sh_emit(w, e, n, f, e == SH_UNSAFE ? "changes what commands mean" : NULL);
}

/* A shell for a person at the console, as sulogin is one */
static bool console_shell(const struct sh_node *n, const struct sh_fields *f)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "ksh", "zsh", NULL };
	static const char *const options[] = { "-i", "-l", "--login", NULL };
	const struct sh_word *word = n->words;
	const struct sh_redir *r;
	const char *s = NULL;
	size_t i, k;

	for (i = 0; shells[i] && strcmp(sh_basename(f->v[0]), shells[i]); i++)
		;
	if (!shells[i] || !word || n->type != SH_SIMPLE)
		return false;
	for (i = 1; i < f->n; i++) {
		for (k = 0; options[k] && strcmp(f->v[i], options[k]); k++)
			;
		if (!options[k])
			return false;
	}
	for (r = n->redirs; r; r = r->next)
		if (*r->op == '<')
			s = !strcmp(r->op, "<") && r->word->parts && !r->word->parts->next &&
					    r->word->parts->type == SH_LIT
				    ? r->word->parts->text
				    : "";
	return s && (!strcmp(s, "/dev/console") || !strncmp(s, "/dev/tty", 8));
}

struct sh_end sh_run_fields(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f)
{
	struct sh_end end = next_maybe;
	struct sh_inner inner;

	while (f->n > 1 && !*f->v[0]) /* an empty quoted name fails; an unquoted one is gone */
		return end;
	if (!f->n || ++w->steps > SH_MAX_STEPS)
		return end;
	if (w->no_functions)
		w->no_functions = false;
	else if (run_function(w, n, f, &end))
		return end;
	if (sh_run_builtin(w, n, f, &end))
		return end;
	if (!strcmp(f->v[0], "eval") && n->words && n->words->next && !n->words->next->next &&
	    sh_prints_settings(w->script->arena, n->words->next))
		return end;
	if (w->depth > 150) {
		w->events->too_many = true;
		return end;
	}
	switch (sh_unwrap(w->script->arena, f, &inner)) {
	case SH_WRAP_NO:
		plain_command(w, n, f);
		break;
	case SH_WRAP_NOTHING:
		break;
	case SH_WRAP_FIELDS:
		w->background += inner.background;
		w->depth++;
		w->no_functions = !inner.sees_functions;
		end = sh_run_fields(w, n, &inner.fields);
		w->depth--;
		w->background -= inner.background;
		/* an exit in a program of its own is not ours */
		if (strcmp(f->v[0], "command") && strcmp(f->v[0], "builtin"))
			end = next_maybe;
		break;
	case SH_WRAP_STRING:
		end = sh_walk_text(w, inner.text, n, inner.same_shell);
		break;
	case SH_WRAP_UNCLEAR:
		if (!console_shell(n, f))
			sh_emit(w, SH_OPAQUE_COMPUTED, n, f, NULL);
		break;
	}
	return end;
}

/* PATH=: without any of the system's folders commands are not found, or are others */
static bool loses_path(const struct sh_word *word)
{
	const struct sh_part *p = word->parts;

	if (!p || p->type != SH_LIT || p->quoted || strncmp(p->text, "PATH=", 5))
		return false;
	for (; p; p = p->next)
		if (p->type != SH_LIT || strstr(p->text, "bin"))
			return false;
	return true;
}

/* Variables whose value bash runs by itself, some time later */
static void check_names(struct sh_walk *w, const struct sh_node *n, const struct sh_word *word)
{
	static const char *const names[] = { "BASH_ENV=",    "ENV=", "PROMPT_COMMAND=",
					     "BASH_ALIASES", "PS4=", "POSIXLY_CORRECT=",
					     "SHELLOPTS=",   NULL };
	const struct sh_part *p;
	size_t i;

	for (; word; word = word->next) {
		p = word->parts;
		if (loses_path(word))
			sh_emit(w, SH_UNSAFE, n, NULL, "takes the system's folders out of PATH");
		for (i = 0; p && p->type == SH_LIT && names[i]; i++) {
			if (strncmp(p->text, names[i], strlen(names[i])))
				continue;
			/* the prompt of set -x is mostly plain text */
			for (; p && *names[i] == 'P' && names[i][1] == 'S'; p = p->next)
				if (p->type == SH_CMDSUB || strstr(p->text, "$(") ||
				    strchr(p->text, '`'))
					break;
			if (p)
				sh_emit(w, SH_UNSAFE, n, NULL, "sets what bash runs by itself");
			break;
		}
	}
}

/* kill $$: the script may end here.  kill -0 only looks. */
static bool kills_itself(const struct sh_node *n, const struct sh_fields *f)
{
	const struct sh_word *word;
	const struct sh_part *p;

	if (!f->n || strcmp(f->v[0], "kill") || sh_has_arg(f, "-0"))
		return false;
	if (f->n > 1 && !strcmp(f->v[f->n - 1], "0"))
		return true; /* all of its process group */
	for (word = n->words->next; word; word = word->next)
		for (p = word->parts; p; p = p->next)
			if (p->type == SH_PARAM && !strcmp(p->text, "$"))
				return true;
	return false;
}

/* "$MODEL ... -k $DEVICE": old halts tell the UPS so, with settings from /etc/sysconfig/ups */
static bool ups_driver(const struct sh_node *n)
{
	const struct sh_part *p = n->words->parts;

	return p && !p->next && p->type == SH_PARAM && !p->op && !strcmp(p->text, "MODEL") &&
	       n->words->next;
}

struct sh_end sh_run(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_end end = next_maybe, one;
	struct sh_alts alts;
	size_t i;

	check_names(w, n, n->assigns);
	if (!n->words)
		return next_maybe;
	check_names(w, n, n->words->next);
	if (ups_driver(n)) {
		sh_emit(w, SH_POWEROFF, n, NULL, NULL);
		return next_maybe;
	}
	sh_resolve(&w->vars, &w->frame, n->words, &alts);
	if (kills_itself(n, &alts.v[0]) && !w->conditional)
		sh_emit(w, SH_END, n, &alts.v[0], NULL);
	w->conditional += alts.n > 1;
	for (i = 0; i < alts.n; i++) {
		one = sh_run_fields(w, n, &alts.v[i]);
		if (!i)
			end = one;
		if (one.flow < end.flow)
			end.flow = one.flow;
		if (one.status != end.status)
			end.status = SH_MAYBE;
	}
	w->conditional -= alts.n > 1;
	return end;
}
