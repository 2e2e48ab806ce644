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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patch/anchor.h"
#include "patch/shwalk.h"

#define MAX_SCRIPT (1024 * 1024)
#define NONE	   ((size_t)-1)

struct unit {
	unsigned int first, last; /* lines */
};

struct work {
	const char *text;
	size_t len;
	struct sh_arena arena;
	struct sh_script script;
	struct sh_events events;
	struct unit *units;
	size_t n_units;
	size_t before; /* rc.sysinit: last activation; halt: last read-only remount (events) */
	size_t after;  /* first event that must come after the place */
	size_t place;  /* the place is before this unit */
	struct aip_anchor_proof *proof;
};

/* ---- the proof as it grows ---- */

__attribute__((format(printf, 3, 4))) static void passed(struct work *w, const char *name,
							 const char *fmt, ...)
{
	struct aip_anchor_proof *p = w->proof;
	va_list ap;

	if (p->nchecks == AIP_ANCHOR_CHECKS)
		return;
	p->checks[p->nchecks].name = name;
	p->checks[p->nchecks].passed = true;
	va_start(ap, fmt);
	vsnprintf(p->checks[p->nchecks].note, sizeof(p->checks[0].note), fmt, ap);
	va_end(ap);
	p->nchecks++;
}

/* Return: false, so that a check can end with it. */
__attribute__((format(printf, 5, 6))) static bool refused(struct work *w, const char *check,
							  const char *failed, unsigned int line,
							  const char *fmt, ...)
{
	struct aip_anchor_proof *p = w->proof;
	va_list ap;

	p->verdict = AIP_ANCHOR_REFUSED;
	p->failed = failed ? failed : check;
	p->line = line;
	va_start(ap, fmt);
	vsnprintf(p->reason, sizeof(p->reason), fmt, ap);
	va_end(ap);
	if (p->nchecks < AIP_ANCHOR_CHECKS) {
		p->checks[p->nchecks].name = check;
		p->checks[p->nchecks].passed = false;
		snprintf(p->checks[p->nchecks].note, sizeof(p->checks[0].note), "%.199s",
			 p->reason);
		p->nchecks++;
	}
	return false;
}

static const struct sh_event *event(const struct work *w, size_t i)
{
	return &w->events.v[i];
}

/* "line 12", or "line 12, called in line 80" */
static const char *where(const struct work *w, const struct sh_event *e, char *buf, size_t size)
{
	const struct unit *u = &w->units[e->unit];

	if (e->line >= u->first && e->line <= u->last)
		snprintf(buf, size, "line %u", e->line);
	else
		snprintf(buf, size, "line %u, run from line %u", e->line, u->first);
	return buf;
}

/* ---- reading ---- */

static bool check_interpreter(struct work *w)
{
	static const char *const shells[] = { "/bin/bash",   "/bin/sh",		  "/usr/bin/bash",
					      "/usr/bin/sh", "/usr/bin/env bash", "/usr/bin/env sh",
					      NULL };
	char line[128];
	const char *s = line;
	size_t n, i;

	if (w->len < 2 || w->text[0] != '#' || w->text[1] != '!') {
		if (w->len >= 3 && !memcmp(w->text, "\xef\xbb\xbf", 3))
			return refused(w, "interpreter", NULL, 1, "begins with a byte order mark");
		passed(w, "interpreter", "no #! line: read as a script of the shell");
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
	for (i = 0; shells[i]; i++)
		if (!strcmp(s, shells[i])) {
			passed(w, "interpreter", "%s", s);
			return true;
		}
	return refused(w, "interpreter", NULL, 1, "is not run by a plain shell but by \"%s\"", s);
}

static int read_script(struct work *w, bool *ok)
{
	const struct sh_node *u;
	size_t i = 0;
	int r;

	*ok = false;
	if (w->len > MAX_SCRIPT || !w->len) {
		refused(w, "shell", NULL, 0, w->len ? "larger than 1 MiB" : "empty");
		return 0;
	}
	if (!check_interpreter(w))
		return 0;
	r = sh_parse(&w->arena, w->text, w->len, 1, false, &w->script);
	if (r == -EBADMSG) {
		refused(w, "shell", NULL, w->script.bad_line, "cannot be read as shell: %s",
			w->script.bad);
		return 0;
	}
	if (r)
		return r;
	r = sh_walk(&w->script, w->text, w->len, &w->events);
	if (r)
		return r;
	for (u = w->script.units; u; u = u->next)
		w->n_units++;
	w->units = sh_arena_alloc(&w->arena, (w->n_units + 1) * sizeof(*w->units));
	if (!w->units)
		return -ENOMEM;
	for (u = w->script.units; u; u = u->next, i++)
		w->units[i] = (struct unit){ u->line, u->last };
	if (w->events.too_many) {
		refused(w, "shell", NULL, 0, "too large or too tangled to be followed");
		return 0;
	}
	passed(w, "shell", "read as shell: %zu top-level commands", w->n_units);
	*ok = true;
	return 0;
}

static bool check_rules(struct work *w)
{
	size_t i;

	for (i = 0; i < w->events.n; i++)
		if (event(w, i)->effect == SH_UNSAFE)
			return refused(w, "rules", NULL, event(w, i)->line, "%s (%s)",
				       event(w, i)->why, event(w, i)->text);
	passed(w, "rules", "no alias, trap, set -e or the like that changes what is run");
	return true;
}

/* ---- landmarks ---- */

static bool in_halt(enum sh_effect e)
{
	return e == SH_MD_WAIT || e == SH_KEXEC || e == SH_POWEROFF;
}

static bool is_landmark(enum aip_kind kind, const struct sh_event *e)
{
	if (e->effect == SH_HOOK || e->effect == SH_END)
		return true;
	if (kind == AIP_KIND_HALT)
		return e->effect == SH_RO || e->effect == SH_RO_ALL || in_halt(e->effect);
	return sh_is_activation(e->effect) || sh_is_first_write(e->effect) ||
	       e->effect == SH_FASTBOOT;
}

/* Everything that decided, once a line and kind */
static int list_marks(struct work *w)
{
	struct aip_anchor_proof *p = w->proof;
	size_t i, k;

	p->marks = calloc(w->events.n + 1, sizeof(*p->marks));
	if (!p->marks)
		return -ENOMEM;
	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = event(w, i);
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

/* The event in the unit of the highest (or lowest) number for which @is holds */
static size_t last_of(const struct work *w, bool (*is)(enum sh_effect))
{
	size_t i, best = NONE;

	for (i = 0; i < w->events.n; i++)
		if (is(event(w, i)->effect))
			best = i;
	return best;
}

static size_t first_of(const struct work *w, size_t from, bool (*is)(enum sh_effect))
{
	for (; from < w->events.n; from++)
		if (is(event(w, from)->effect))
			return from;
	return NONE;
}

static bool is_fsck(enum sh_effect e)
{
	return e == SH_FSCK;
}

static bool is_hook(enum sh_effect e)
{
	return e == SH_HOOK;
}

static bool is_read_only(enum sh_effect e)
{
	return e == SH_RO || e == SH_RO_ALL;
}

static bool is_read_only_all(enum sh_effect e)
{
	return e == SH_RO_ALL;
}

static bool is_end(enum sh_effect e)
{
	return e == SH_END;
}

static bool is_mount_all(enum sh_effect e)
{
	return e == SH_MOUNT_ALL;
}

static bool missing(struct work *w, const char *name, const char *what)
{
	size_t end = first_of(w, 0, is_end);

	if (end != NONE)
		return refused(w, "landmarks", name, event(w, end)->line,
			       "no %s that is ever reached: the script ends in line %u", what,
			       event(w, end)->line);
	return refused(w, "landmarks", name, 0, "no %s", what);
}

/* ---- rc.sysinit ---- */

static bool boot_landmarks(struct work *w)
{
	char a[64], b[64];
	const struct sh_event *last, *first;

	w->before = last_of(w, sh_is_activation);
	w->after = first_of(w, 0, sh_is_first_write);
	if (w->before == NONE)
		return missing(w, "activation",
			       "initialisation of devices (udev, arrays, multipath, volumes)");
	if (first_of(w, 0, is_fsck) == NONE)
		return missing(w, "fsck", "check of file systems (fsck)");
	passed(w, "landmarks", "device initialisation and fsck are there");
	last = event(w, w->before);
	first = event(w, w->after);
	if (first->unit < last->unit)
		return refused(
			w, "order", sh_effect_name(first->effect), first->line,
			"no lawful place: %s (%s) comes before the last device initialisation, "
			"%s (%s)",
			sh_effect_name(first->effect), where(w, first, a, sizeof(a)),
			sh_effect_name(last->effect), where(w, last, b, sizeof(b)));
	if (first->unit == last->unit)
		return refused(
			w, "top level", NULL, w->units[last->unit].first,
			"the command in line %u both initialises devices (%s, %s) and writes "
			"(%s, %s): there is no place between the two on the top level",
			w->units[last->unit].first, sh_effect_name(last->effect),
			where(w, last, a, sizeof(a)), sh_effect_name(first->effect),
			where(w, first, b, sizeof(b)));
	passed(w, "order", "last initialisation: %s, %s; first to write: %s, %s",
	       sh_effect_name(last->effect), where(w, last, a, sizeof(a)),
	       sh_effect_name(first->effect), where(w, first, b, sizeof(b)));
	return true;
}

static bool boot_place(struct work *w)
{
	size_t i, lo = event(w, w->before)->unit, hi = event(w, w->after)->unit;

	w->place = lo + 1;
	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = event(w, i);

		if (e->effect != SH_FASTBOOT || e->unit <= lo || e->unit > hi)
			continue;
		w->place = e->unit;
		passed(w, "place", "before the command that looks for /fastboot, line %u",
		       w->units[e->unit].first);
		return true;
	}
	passed(w, "place", "after the last initialisation; nothing looks for /fastboot there");
	return true;
}

/* A command nobody knows may do anything: refused where that would matter. */
static bool boot_known(struct work *w)
{
	size_t i, mounted = first_of(w, 0, is_mount_all);
	char a[64];

	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = event(w, i);
		bool late = mounted != NONE && e->unit > event(w, mounted)->unit;

		if (e->effect < SH_OPAQUE || (late && e->effect != SH_OPAQUE_STORAGE))
			continue;
		return refused(w, "known commands", "unknown command", e->line,
			       "what \"%.80s\" does (%s) cannot be read from the script: it may %s",
			       e->text, where(w, e, a, sizeof(a)),
			       e->unit < w->place ? "check or mount file systems before the place"
						  : "initialise devices after the place");
	}
	passed(w, "known commands", "every command that could break the order is known");
	return true;
}

static bool waited_for(struct work *w, size_t i)
{
	size_t k;

	for (k = i; k < w->events.n && event(w, k)->unit < w->place; k++)
		if (event(w, k)->effect == SH_WAIT && !event(w, k)->conditional &&
		    !event(w, k)->background)
			return true;
	return false;
}

/* What runs in the background before the place must be over there. */
static bool check_background(struct work *w, bool (*is)(enum sh_effect))
{
	size_t i;

	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = event(w, i);

		if (e->background && e->unit < w->place && is(e->effect) && !waited_for(w, i))
			return refused(w, "background", NULL, e->line,
				       "%s runs in the background (line %u) and may not be over at "
				       "the place",
				       sh_effect_name(e->effect), e->line);
	}
	passed(w, "background", "nothing that matters is left running in the background");
	return true;
}

/* ---- halt ---- */

static bool halt_landmarks(struct work *w)
{
	const struct sh_event *ro, *end;
	char a[64], b[64];
	size_t i;

	w->before = last_of(w, is_read_only);
	if (last_of(w, is_read_only_all) == NONE)
		return missing(
			w, "read-only loop",
			w->before == NONE
				? "loop that remounts everything read-only"
				: "loop that remounts everything read-only (only single file "
				  "systems are remounted)");
	ro = event(w, w->before);
	w->after = first_of(w, w->before + 1, in_halt);
	if (w->after == NONE)
		return missing(w, "power-off", "end of the machine after the read-only remount");
	end = event(w, w->after);
	passed(w, "landmarks", "the read-only remount and the end of the machine are there");
	for (i = 0; i < w->before; i++)
		if (in_halt(event(w, i)->effect) && !event(w, i)->conditional &&
		    event(w, i)->effect != SH_MD_WAIT)
			return refused(
				w, "order", sh_effect_name(event(w, i)->effect), event(w, i)->line,
				"%s in line %u comes before the read-only remount in line %u",
				sh_effect_name(event(w, i)->effect), event(w, i)->line, ro->line);
	if (end->unit == ro->unit)
		return refused(
			w, "top level", NULL, w->units[ro->unit].first,
			"the command in line %u both remounts read-only (%s) and does %s (%s): "
			"there is no place between the two on the top level",
			w->units[ro->unit].first, where(w, ro, a, sizeof(a)),
			sh_effect_name(end->effect), where(w, end, b, sizeof(b)));
	passed(w, "order", "last read-only remount: %s; then %s, %s", where(w, ro, a, sizeof(a)),
	       sh_effect_name(end->effect), where(w, end, b, sizeof(b)));
	w->place = ro->unit + 1;
	passed(w, "place", "right after the read-only remount that ends in line %u",
	       w->units[ro->unit].last);
	return true;
}

static bool halt_after(struct work *w)
{
	size_t i;

	for (i = w->before + 1; i < w->events.n; i++) {
		const struct sh_event *e = event(w, i);

		if (sh_is_first_write(e->effect))
			return refused(w, "order", sh_effect_name(e->effect), e->line,
				       "%s in line %u comes after everything is read-only",
				       sh_effect_name(e->effect), e->line);
		if (e->effect == SH_OPAQUE_STORAGE || e->effect == SH_OPAQUE_FILE)
			return refused(
				w, "known commands", "unknown command", e->line,
				"what \"%.80s\" does (line %u) cannot be read from the script: "
				"it may write after everything is read-only",
				e->text, e->line);
	}
	passed(w, "known commands", "nothing writes after the place");
	return true;
}

/* ---- common to both ---- */

static bool check_reached(struct work *w)
{
	size_t end = first_of(w, 0, is_end);

	if (end != NONE && event(w, end)->unit < w->place)
		return refused(w, "reached", NULL, event(w, end)->line,
			       "the script ends in line %u, before the place", event(w, end)->line);
	for (end = 0; w->proof->kind == AIP_KIND_RC_SYSINIT && end < w->events.n; end++)
		if (in_halt(event(w, end)->effect) && event(w, end)->unit < w->place &&
		    !event(w, end)->conditional && event(w, end)->effect != SH_MD_WAIT)
			return refused(w, "reached", NULL, event(w, end)->line,
				       "the machine is ended in line %u, before the place",
				       event(w, end)->line);
	passed(w, "reached", "no exit, exec or return on the top level before it");
	return true;
}

/* The place is a line boundary between two top-level commands. */
static bool check_boundary(struct work *w)
{
	const struct unit *next = &w->units[w->place];

	if (w->place >= w->n_units || !w->place || w->units[w->place - 1].last >= next->first)
		return refused(w, "top level", NULL, w->place < w->n_units ? next->first : 0,
			       "no line boundary on the top level at the place");
	w->proof->after =
		w->proof->kind == AIP_KIND_HALT ? w->units[w->place - 1].last : next->first - 1;
	/* without /fastboot, right behind the last initialisation */
	if (w->proof->kind == AIP_KIND_RC_SYSINIT && w->place == event(w, w->before)->unit + 1)
		w->proof->after = next->first - 1;
	passed(w, "top level", "between two top-level commands, lines %u and %u",
	       w->units[w->place - 1].last, next->first);
	return true;
}

static bool prove(struct work *w)
{
	if (!check_rules(w))
		return false;
	if (w->proof->kind == AIP_KIND_HALT)
		return halt_landmarks(w) && halt_after(w) && check_background(w, is_read_only) &&
		       check_reached(w) && check_boundary(w);
	return boot_landmarks(w) && boot_place(w) && boot_known(w) &&
	       check_background(w, sh_is_activation) && check_reached(w) && check_boundary(w);
}

/* Our tool is called already: does it stand where it must? */
static void present(struct work *w)
{
	struct aip_anchor_proof *p = w->proof;
	bool halt = p->kind == AIP_KIND_HALT;
	size_t i, first = first_of(w, 0, is_hook);
	const char *verb = halt ? "clear_dirtyflag" : "start";
	const struct sh_event *e = event(w, first);

	p->verdict = AIP_ANCHOR_PRESENT;
	p->line = e->line;
	for (i = 0; i < w->events.n; i++)
		p->copies += event(w, i)->effect == SH_HOOK;
	if (halt) {
		w->before = last_of(w, is_read_only);
		w->after = w->before == NONE ? NONE : first_of(w, w->before + 1, in_halt);
	} else {
		w->before = last_of(w, sh_is_activation);
		w->after = first_of(w, 0, sh_is_first_write);
	}
	p->lawful = p->copies == 1 && w->before != NONE && w->after != NONE && first > w->before &&
		    first < w->after && strstr(e->text, verb) && !e->background;
	if (p->copies > 1)
		snprintf(p->reason, sizeof(p->reason),
			 "our lines are there already, %u times, first in line %u", p->copies,
			 p->line);
	else
		snprintf(p->reason, sizeof(p->reason), "our lines are there already, in line %u%s",
			 p->line, p->lawful ? "" : ", but not at a place that can be proved");
}

/* ---- a real shell's opinion ---- */

static size_t offset_after(const struct work *w, unsigned int line)
{
	size_t pos = 0;
	const char *nl;

	for (; line && pos < w->len; line--) {
		nl = memchr(w->text + pos, '\n', w->len - pos);
		pos = nl ? (size_t)(nl - w->text) + 1 : w->len;
	}
	return pos;
}

static int check_syntax(struct work *w, aip_anchor_syntax_fn syntax_ok, void *ctx,
			struct aip_err *err)
{
	const struct aip_hook_text *hook = &aip_hook(w->proof->kind)->texts[0];
	size_t at = offset_after(w, w->proof->after);
	_cleanup_buf_ struct aip_buf whole = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	int r;

	if (!syntax_ok) {
		passed(w, "syntax", "not asked: no shell was given");
		return 0;
	}
	r = syntax_ok(ctx, w->text, at, &why);
	if (r == -EBADMSG) {
		refused(w, "syntax above", NULL, w->proof->after,
			"the text above the place does not pass bash -n: %s", why.msg);
		return 0;
	}
	if (!r)
		passed(w, "syntax above", "the text above the place passes bash -n on its own");
	aip_buf_add(&whole, w->text, at);
	aip_buf_add(&whole, hook->text, hook->len);
	aip_buf_add(&whole, w->text + at, w->len - at);
	if (!r)
		r = aip_buf_status(&whole);
	if (!r)
		r = syntax_ok(ctx, whole.data, whole.len, &why);
	if (r == -EBADMSG) {
		refused(w, "syntax", NULL, 0, "with our lines it does not pass bash -n: %s",
			why.msg);
		return 0;
	}
	if (r) {
		if (err)
			*err = why;
		return r;
	}
	passed(w, "syntax", "the whole with our lines passes bash -n");
	return 0;
}

int aip_anchor_prove(const void *script, size_t len, enum aip_kind kind,
		     aip_anchor_syntax_fn syntax_ok, void *ctx, struct aip_anchor_proof *proof,
		     struct aip_err *err)
{
	struct work w = {
		.text = script, .len = len, .before = NONE, .after = NONE, .proof = proof
	};
	bool ok;
	int r;

	memset(proof, 0, sizeof(*proof));
	proof->kind = kind;
	r = read_script(&w, &ok);
	if (!r && ok && first_of(&w, 0, is_hook) != NONE) {
		present(&w);
	} else if (!r && ok && prove(&w)) {
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
