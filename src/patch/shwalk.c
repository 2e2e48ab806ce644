// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shwalk.c: follows the constructs of a script in the order in which they run.
 */
#include <errno.h>
#include <string.h>

#include "patch/shrun.h"

static void walk_words(struct sh_walk *w, const struct sh_word *word);

static const struct sh_end next_maybe = { SH_NEXT, SH_MAYBE };

static enum sh_flow least(enum sh_flow a, enum sh_flow b)
{
	return a < b ? a : b;
}

static bool give_up(struct sh_walk *w)
{
	if (w->steps > SH_MAX_STEPS || w->depth > 200)
		w->events->too_many = true;
	return w->events->too_many || w->script->arena->failed;
}

struct sh_end sh_walk_list(struct sh_walk *w, const struct sh_node *list)
{
	struct sh_end end = next_maybe;
	const struct sh_node *n;

	for (n = list ? list->a : NULL; n && !give_up(w); n = n->next) {
		if (n->sep == '&') {
			w->background++;
			w->subshell++;
			sh_walk_node(w, n);
			w->subshell--;
			w->background--;
			end = next_maybe;
			continue;
		}
		end = sh_walk_node(w, n);
		if (end.flow != SH_NEXT)
			break;
	}
	return end;
}

/* A part that runs only under some condition */
static struct sh_end maybe_list(struct sh_walk *w, const struct sh_node *list)
{
	struct sh_end end;

	w->conditional++;
	end = sh_walk_list(w, list);
	w->conditional--;
	return end;
}

static struct sh_end walk_andor(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_end a = sh_walk_node(w, n->a), b;
	enum sh_pick pick;
	bool picky;
	bool skip = a.status == (n->op == '&' ? SH_FALSE : SH_TRUE);
	bool certain = a.status != SH_MAYBE;

	if (a.flow != SH_NEXT || skip)
		return a;
	if (certain)
		return sh_walk_node(w, n->b);
	pick = w->mounts ? sh_picks(w, n->a) : SH_PICK_NO;
	picky = n->op == '&' && pick == SH_PICK_THESE;
	w->conditional++;
	w->picky += picky;
	b = sh_walk_node(w, n->b);
	w->picky -= picky;
	w->conditional--;
	/* [ ... ] || continue: what follows in the loop is for these */
	w->picky += b.flow == SH_BREAK && pick == (n->op == '&' ? SH_PICK_OTHERS : SH_PICK_THESE);
	b.flow = SH_NEXT;
	/* "x && false" is false, "x || true" is true */
	if (b.status != (n->op == '&' ? SH_FALSE : SH_TRUE))
		b.status = SH_MAYBE;
	return b;
}

static struct sh_end walk_pipeline(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_end end = next_maybe;
	const struct sh_node *c;
	bool mounts;

	if (!n->a->next) {
		end = sh_walk_node(w, n->a);
		if (n->negated && end.status != SH_MAYBE)
			end.status = end.status == SH_TRUE ? SH_FALSE : SH_TRUE;
		return end;
	}
	mounts = sh_mentions_mounts(w, n, 0);
	w->mounts += mounts;
	w->subshell++;
	for (c = n->a; c; c = c->next)
		sh_walk_node(w, c);
	w->subshell--;
	w->mounts -= mounts;
	return next_maybe;
}

static struct sh_end walk_if(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_end cond = sh_walk_list(w, n->a), a, b;
	enum sh_pick pick;

	if (cond.flow != SH_NEXT)
		return cond;
	if (cond.status == SH_TRUE)
		return sh_walk_list(w, n->b);
	if (cond.status == SH_FALSE)
		return n->c ? sh_walk_list(w, n->c) : next_maybe;
	pick = w->mounts ? sh_picks(w, n->a) : SH_PICK_NO;
	w->picky += pick == SH_PICK_THESE;
	a = maybe_list(w, n->b);
	w->picky -= pick == SH_PICK_THESE;
	w->picky += a.flow == SH_BREAK && pick == SH_PICK_OTHERS;
	b = n->c ? maybe_list(w, n->c) : next_maybe;
	a.flow = least(a.flow, b.flow);
	a.status = a.status == b.status ? a.status : SH_MAYBE;
	return a;
}

/* for ((...; ; ...)) */
static bool no_condition(struct sh_walk *w, const struct sh_node *n)
{
	const char *s = n->words ? sh_word_lit(w->script->arena, n->words) : NULL;

	s = s ? strchr(s, ';') : NULL;
	return s && s[1 + strspn(s + 1, " \t\n")] == ';';
}

static struct sh_end walk_loop(struct sh_walk *w, const struct sh_node *n)
{
	bool outer = w->saw_break, mounts, endless = false, bound;
	unsigned int picky = w->picky;
	struct sh_end cond = next_maybe;

	w->saw_break = false;
	if (n->type == SH_WHILE || n->type == SH_UNTIL) {
		cond = sh_walk_list(w, n->a);
		if (cond.flow == SH_EXIT || cond.flow == SH_RETURN)
			return cond;
		if (cond.status == (n->type == SH_WHILE ? SH_FALSE : SH_TRUE))
			return next_maybe;
		endless = cond.status != SH_MAYBE;
	}
	if (n->type == SH_FORC)
		endless = no_condition(w, n);
	mounts = sh_words_mention_mounts(w, n->words, 0) ||
		 sh_redirs_mention_mounts(w, n->redirs, 0);
	w->mounts += mounts;
	bound = n->type == SH_FOR && sh_bind(&w->vars, n);
	w->loops++;
	maybe_list(w, n->b);
	w->loops--;
	w->picky = picky;
	if (bound)
		sh_unbind(&w->vars);
	w->mounts -= mounts;
	endless = endless && !w->saw_break && cond.flow == SH_NEXT;
	w->saw_break |= outer;
	return endless ? (struct sh_end){ SH_EXIT, SH_MAYBE } : next_maybe;
}

static struct sh_end walk_case(struct sh_walk *w, const struct sh_node *n)
{
	bool all = false, picky, star, others = false, disks = false;
	enum sh_flow flow = SH_EXIT;
	const struct sh_case *c;
	const char *pattern;
	struct sh_end end;

	for (c = n->cases; c && !give_up(w); c = c->next) {
		walk_words(w, c->patterns);
		picky = w->mounts && sh_picks_pattern(w, c->patterns);
		w->picky += picky;
		end = maybe_list(w, c->body);
		w->picky -= picky;
		flow = least(flow, c->falls ? SH_EXIT : end.flow);
		pattern = sh_word_lit(w->script->arena, c->patterns);
		star = pattern && !strcmp(pattern, "*") && !c->patterns->next;
		all |= star;
		disks |= !star && !picky;
		others |= star && end.flow == SH_BREAK;
	}
	/* *) continue: what follows in the loop is for the patterns above */
	w->picky += w->mounts && others && !disks;
	return (struct sh_end){ all ? flow : SH_NEXT, SH_MAYBE };
}

static struct sh_end walk_cond(struct sh_walk *w, const struct sh_node *n)
{
	const char *v[16];
	const struct sh_word *word;
	size_t k = 0;

	for (word = n->words; word; word = word->next) {
		const char *s = sh_word_lit(w->script->arena, word);

		if (s && !strcmp(s, "/fastboot"))
			sh_emit(w, SH_FASTBOOT, n, NULL, NULL);
		if (k < 16)
			v[k++] = s ? s : "\1";
	}
	return (struct sh_end){ SH_NEXT, k < 16 ? sh_test(v, k) : SH_MAYBE };
}

/* Substitutions inside words run before the command that they are words of. */
static void walk_words(struct sh_walk *w, const struct sh_word *word)
{
	const struct sh_part *p;

	for (; word && !give_up(w); word = word->next) {
		for (p = word->parts; p; p = p->next) {
			if (p->list) {
				w->subshell++;
				w->background += p->type == SH_PROCSUB;
				sh_walk_list(w, p->list);
				w->background -= p->type == SH_PROCSUB;
				w->subshell--;
			}
			if (p->arg)
				walk_words(w, p->arg);
		}
		if (word->array)
			walk_words(w, word->array);
	}
}

/* Of what can be written to /proc/sysrq-trigger only echo of these is known not to end the machine. */
static void sysrq(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_alts alts;
	size_t i, k;

	if (n->type != SH_SIMPLE || !n->words) {
		sh_emit(w, SH_POWEROFF, n, NULL, NULL);
		return;
	}
	sh_resolve(&w->vars, &w->frame, n->words, &alts);
	for (i = 0; i < alts.n; i++) {
		const struct sh_fields *f = &alts.v[i];
		bool known = f->n > 1 && !strcmp(f->v[0], "echo");

		for (k = 1; known && k < f->n; k++)
			known = !strcmp(f->v[k], "-n") ||
				(strlen(f->v[k]) == 1 && strchr("su0123456789hmptwi", *f->v[k]));
		if (!known) {
			sh_emit(w, SH_POWEROFF, n, NULL, NULL);
			return;
		}
	}
}

static void walk_redirs(struct sh_walk *w, const struct sh_node *n)
{
	const struct sh_redir *r;
	struct sh_alts alts;

	for (r = n->redirs; r; r = r->next) {
		if (r->word) {
			struct sh_word one = *r->word;

			one.next = NULL;
			walk_words(w, &one);
			if (*r->op != '>' && *r->op != '&')
				continue;
			sh_resolve(&w->vars, &w->frame, &one, &alts);
			if (alts.v[0].n && !strcmp(sh_basename(alts.v[0].v[0]), "sysrq-trigger"))
				sysrq(w, n);
			if (alts.v[0].n && sh_is_disk(alts.v[0].v[0]))
				sh_emit(w, SH_WRITE, n, NULL, NULL);
			if (alts.v[0].n && sh_is_script(alts.v[0].v[0]))
				sh_emit(w, SH_UNSAFE, n, NULL,
					"writes a file whose commands are run");
		}
	}
	for (r = n->redirs; r; r = r->next)
		if (r->body)
			walk_words(w, r->body);
}

static struct sh_end walk_subshell(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_end end;

	w->subshell++;
	end = sh_walk_list(w, n->a);
	w->subshell--;
	end.flow = SH_NEXT;
	return end;
}

struct sh_end sh_walk_node(struct sh_walk *w, const struct sh_node *n)
{
	struct sh_end end = next_maybe;

	if (give_up(w))
		return next_maybe;
	w->depth++;
	w->steps++;
	if (n->type == SH_SIMPLE)
		walk_words(w, n->assigns);
	if (n->type != SH_COND || n->words)
		walk_words(w, n->words);
	walk_redirs(w, n);
	switch (n->type) {
	case SH_SIMPLE:
		end = sh_run(w, n);
		break;
	case SH_PIPELINE:
		end = walk_pipeline(w, n);
		break;
	case SH_ANDOR:
		end = walk_andor(w, n);
		break;
	case SH_LIST:
	case SH_GROUP:
		end = sh_walk_list(w, n->type == SH_LIST ? n : n->a);
		break;
	case SH_SUBSHELL:
		end = walk_subshell(w, n);
		break;
	case SH_IF:
		end = walk_if(w, n);
		break;
	case SH_CASE:
		end = walk_case(w, n);
		break;
	case SH_FUNC:
		sh_define(w, n);
		break;
	case SH_COND:
		end = walk_cond(w, n);
		break;
	case SH_ARITHC:
		break;
	default:
		end = walk_loop(w, n);
	}
	w->depth--;
	return end;
}

struct sh_end sh_walk_text(struct sh_walk *w, const char *text, const struct sh_node *at,
			   bool same_shell)
{
	struct sh_script *sub = sh_arena_alloc(w->script->arena, sizeof(*sub));
	struct sh_end end = next_maybe;
	struct sh_func *funcs = w->funcs;
	bool no_aliases = w->no_aliases;
	const struct sh_node *u;

	if (!sub || w->depth > 100) {
		w->events->too_many = true;
		return end;
	}
	if (sh_parse(w->script->arena, text, strlen(text), at->line, true, sub)) {
		sh_emit(w, SH_OPAQUE_STORAGE, at, NULL, NULL);
		return end;
	}
	w->again |= sh_vars_collect_text(&w->vars, text, sub);
	w->depth += 10;
	w->subshell += !same_shell;
	w->no_aliases &= same_shell;
	/* another shell does not know this one's functions for sure */
	if (!same_shell)
		w->funcs = NULL;
	for (u = sub->units; u && end.flow == SH_NEXT && !give_up(w); u = u->next)
		end = sh_walk_list(w, u);
	w->subshell -= !same_shell;
	w->depth -= 10;
	w->funcs = same_shell ? w->funcs : funcs;
	w->no_aliases = no_aliases;
	if (!same_shell)
		end.flow = SH_NEXT;
	return end;
}

/* A bash that runs a script does not look at aliases; one that is called sh does. */
static bool plain_bash(const char *text, size_t len)
{
	const char *nl = memchr(text, '\n', len);
	size_t n = nl ? (size_t)(nl - text) : len;

	return n > 6 && !memcmp(text, "#!", 2) && memmem(text, n, "bash", 4) != NULL;
}

/* Return: whether what it found sets variables in ways that were not known before. */
static bool walk_once(struct sh_script *script, const char *text, size_t len, struct sh_vars *vars,
		      struct sh_events *events)
{
	struct sh_walk w = {
		.script = script, .text = text, .len = len, .events = events, .vars = *vars
	};
	const struct sh_node *u;
	struct sh_end end;

	memset(events, 0, sizeof(*events));
	w.no_aliases = plain_bash(text, len);
	for (u = script->units; u && !give_up(&w); u = u->next, w.unit++) {
		end = sh_walk_list(&w, u);
		if (end.flow == SH_NEXT)
			continue;
		sh_emit(&w, SH_END, u, NULL, NULL);
		break;
	}
	*vars = w.vars;
	return w.again;
}

int sh_walk(struct sh_script *script, const char *text, size_t len, struct sh_events *events)
{
	struct sh_vars vars = { .arena = script->arena };
	unsigned int rounds = 0;

	sh_vars_collect(&vars, script);
	while (walk_once(script, text, len, &vars, events) && !events->too_many) {
		vars.wild |= ++rounds == 3;
		events->too_many |= rounds == 6;
	}
	return script->arena->failed ? -ENOMEM : 0;
}
