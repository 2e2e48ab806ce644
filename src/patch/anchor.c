// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anchor.c: finds and proves the place of our lines.
 *
 * The script's top-level commands ("units") are numbered; the walk says which
 * unit runs what.  For rc.sysinit the place must lie behind the last unit that
 * sets up devices and before the first that checks, mounts or formats; for halt behind the last
 * unit that remounts read-only and before the first that waits for arrays, starts another
 * kernel or ends the machine.  Between units there is always a line boundary on the top
 * level; inside one there is no place.  What cannot be read (unknown programs,
 * sourced files) is refused wherever it could break that order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patch/anchor.h"
#include "patch/anchor_work.h"

#define MAX_SCRIPT (1024 * 1024)

/* ---- reading ---- */

static bool check_interpreter(struct anchor_work *w)
{
	static const char *const shells[] = { "/bin/bash",   "/bin/sh",		  "/usr/bin/bash",
					      "/usr/bin/sh", "/usr/bin/env bash", "/usr/bin/env sh",
					      NULL };
	char line[128];
	const char *s = line, *option;
	size_t n, i;

	if (w->len < 2 || w->text[0] != '#' || w->text[1] != '!') {
		if (w->len >= 3 && !memcmp(w->text, "\xef\xbb\xbf", 3))
			return anchor_refused(w, "interpreter", NULL, 1,
					      "begins with a byte order mark");
		anchor_passed(w, "interpreter", "no #! line: read as a script of the shell");
		return true;
	}
	for (n = 0; n < w->len && w->text[n] != '\n';)
		n++;
	snprintf(line, sizeof(line), "%.*s", (int)(n < 120 ? n : 120), w->text);
	for (s += 2; *s == ' ' || *s == '\t'; s++)
		;
	n = strlen(s);
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	line[(size_t)(s - line) + n] = '\0';
	/* -x and the like only make it talk or stricter about names */
	n = strcspn(s, " \t");
	option = s + n + strspn(s + n, " \t");
	if (*option == '-' && option[1] && option[1 + strspn(option + 1, "xvufp")] == '\0')
		line[(size_t)(s - line) + n] = '\0';
	for (i = 0; shells[i]; i++)
		if (!strcmp(s, shells[i])) {
			anchor_passed(w, "interpreter", "%s", s);
			return true;
		}
	return anchor_refused(w, "interpreter", NULL, 1,
			      "is not run by a plain shell but by \"%s\"", s);
}

static int read_script(struct anchor_work *w, bool *ok)
{
	const struct sh_node *u;
	size_t i = 0;
	int r;

	*ok = false;
	if (w->len > MAX_SCRIPT || !w->len) {
		anchor_refused(w, "shell", NULL, 0, w->len ? "larger than 1 MiB" : "empty");
		return 0;
	}
	if (!check_interpreter(w))
		return 0;
	r = sh_parse(&w->arena, w->text, w->len, 1, false, &w->script);
	if (r == -EBADMSG) {
		anchor_refused(w, "shell", NULL, w->script.bad_line, "cannot be read as shell: %s",
			       w->script.bad);
		return 0;
	}
	if (!r)
		r = sh_walk(&w->script, w->text, w->len, &w->events);
	if (r && w->arena.full) {
		anchor_refused(w, "shell", NULL, 0, "too large or too tangled to be followed");
		return 0;
	}
	if (r)
		return r;
	for (u = w->script.units; u; u = u->next)
		w->n_units++;
	w->units = sh_arena_alloc(&w->arena, (w->n_units + 1) * sizeof(*w->units));
	if (!w->units)
		return -ENOMEM;
	for (u = w->script.units; u; u = u->next, i++)
		w->units[i] = (struct anchor_unit){ u->line, u->last };
	if (w->events.too_many) {
		anchor_refused(w, "shell", NULL, 0, "too large or too tangled to be followed");
		return 0;
	}
	anchor_passed(w, "shell", "read as shell: %zu top-level commands", w->n_units);
	*ok = true;
	return 0;
}

static bool is_landmark(enum aip_kind kind, const struct sh_event *e)
{
	if (e->effect == SH_HOOK || e->effect == SH_END)
		return true;
	if (kind == AIP_KIND_HALT)
		return e->effect == SH_RO || e->effect == SH_RO_ALL || anchor_is_end(e->effect);
	return sh_is_activation(e->effect) || sh_is_first_write(e->effect) ||
	       e->effect == SH_FASTBOOT;
}

/* Everything that decided, once a line and kind */
static int list_marks(struct anchor_work *w)
{
	struct aip_anchor_proof *p = w->proof;
	size_t i, k;

	p->marks = calloc(w->events.n + 1, sizeof(*p->marks));
	if (!p->marks)
		return -ENOMEM;
	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = anchor_event(w, i);
		struct aip_anchor_mark *m = &p->marks[p->nmarks];

		if (!is_landmark(p->kind, e))
			continue;
		m->name = sh_effect_name(e->effect);
		m->line = e->line;
		m->unit = w->units[e->unit].first;
		m->before = p->verdict == AIP_ANCHOR_PROVED ? m->unit <= p->after : false;
		snprintf(m->text, sizeof(m->text), "%.99s", e->text);
		for (k = 0; k < p->nmarks; k++)
			if (p->marks[k].line == m->line && p->marks[k].unit == m->unit &&
			    !strcmp(p->marks[k].name, m->name))
				break;
		if (k == p->nmarks)
			p->nmarks++;
	}
	return 0;
}

static bool is_hook(enum sh_effect e)
{
	return e == SH_HOOK;
}

/* Our tool is called already: does it stand where it must? */
static void present(struct anchor_work *w)
{
	struct aip_anchor_proof *p = w->proof;
	bool halt = p->kind == AIP_KIND_HALT;
	size_t i, first = anchor_first_of(w, 0, is_hook);
	const char *verb = halt ? "clear_dirtyflag" : "start";
	const struct sh_event *e = anchor_event(w, first);

	p->verdict = AIP_ANCHOR_PRESENT;
	p->line = e->line;
	for (i = 0; i < w->events.n; i++)
		p->copies += anchor_event(w, i)->effect == SH_HOOK;
	if (halt) {
		w->before = anchor_last_of(w, anchor_is_read_only);
		w->after = w->before == ANCHOR_NONE
				   ? ANCHOR_NONE
				   : anchor_first_of(w, w->before + 1, anchor_is_end);
	} else {
		w->before = anchor_last_of(w, sh_is_activation);
		w->after = anchor_first_of(w, 0, sh_is_first_write);
	}
	p->lawful = p->copies == 1 && w->before != ANCHOR_NONE && w->after != ANCHOR_NONE &&
		    first > w->before && first < w->after && strstr(e->text, verb) &&
		    !e->background;
	if (p->copies > 1)
		snprintf(p->reason, sizeof(p->reason),
			 "our lines are there already, %u times, first in line %u", p->copies,
			 p->line);
	else
		snprintf(p->reason, sizeof(p->reason), "our lines are there already, in line %u%s",
			 p->line, p->lawful ? "" : ", but not at a place that can be proved");
}

/* ---- a real shell's opinion ---- */

static size_t offset_after(const struct anchor_work *w, unsigned int line)
{
	size_t pos = 0;
	const char *nl;

	for (; line && pos < w->len; line--) {
		nl = memchr(w->text + pos, '\n', w->len - pos);
		pos = nl ? (size_t)(nl - w->text) + 1 : w->len;
	}
	return pos;
}

static int check_syntax(struct anchor_work *w, aip_anchor_syntax_fn syntax_ok, void *ctx,
			struct aip_err *err)
{
	const struct aip_hook_text *hook = &aip_hook(w->proof->kind)->texts[0];
	size_t at = offset_after(w, w->proof->after);
	_cleanup_buf_ struct aip_buf whole = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	int r;

	if (!syntax_ok) {
		anchor_passed(w, "syntax", "not asked: no shell was given");
		return 0;
	}
	r = syntax_ok(ctx, w->text, at, &why);
	if (r == -EBADMSG) {
		anchor_refused(w, "syntax above", NULL, w->proof->after,
			       "the text above the place does not pass bash -n: %s", why.msg);
		return 0;
	}
	if (!r)
		anchor_passed(w, "syntax above",
			      "the text above the place passes bash -n on its own");
	aip_buf_add(&whole, w->text, at);
	aip_buf_add(&whole, hook->text, hook->len);
	aip_buf_add(&whole, w->text + at, w->len - at);
	if (!r)
		r = aip_buf_status(&whole);
	if (!r)
		r = syntax_ok(ctx, whole.data, whole.len, &why);
	if (r == -EBADMSG) {
		anchor_refused(w, "syntax", NULL, 0, "with our lines it does not pass bash -n: %s",
			       why.msg);
		return 0;
	}
	if (r) {
		if (err)
			*err = why;
		return r;
	}
	anchor_passed(w, "syntax", "the whole with our lines passes bash -n");
	return 0;
}

int aip_anchor_prove(const void *script, size_t len, enum aip_kind kind,
		     aip_anchor_syntax_fn syntax_ok, void *ctx, struct aip_anchor_proof *proof,
		     struct aip_err *err)
{
	struct anchor_work w = { .text = script,
				 .len = len,
				 .before = ANCHOR_NONE,
				 .after = ANCHOR_NONE,
				 .proof = proof };
	bool ok;
	int r;

	memset(proof, 0, sizeof(*proof));
	proof->kind = kind;
	r = read_script(&w, &ok);
	if (!r && ok && anchor_first_of(&w, 0, is_hook) != ANCHOR_NONE) {
		present(&w);
	} else if (!r && ok && anchor_prove_order(&w)) {
		proof->verdict = AIP_ANCHOR_PROVED;
		r = check_syntax(&w, syntax_ok, ctx, err);
	}
	if (!r && w.units)
		r = list_marks(&w);
	if (proof->verdict != AIP_ANCHOR_PROVED)
		proof->after = 0;
	sh_arena_free(&w.arena);
	if (r) {
		aip_anchor_proof_free(proof);
		if (err && !err->code)
			aip_err_errno(err, r, "cannot prove a place in %s", aip_hook(kind)->name);
	}
	return r;
}

void aip_anchor_proof_free(struct aip_anchor_proof *proof)
{
	free(proof->marks);
	proof->marks = NULL;
	proof->nmarks = 0;
}
