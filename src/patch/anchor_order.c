// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anchor_order.c: the rules of the two scripts, and where the place is.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "patch/anchor_work.h"

void anchor_passed(struct anchor_work *w, const char *name, const char *fmt, ...)
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
bool anchor_refused(struct anchor_work *w, const char *check, const char *failed, unsigned int line,
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

/* "line 12", or "line 12, called in line 80" */
const char *anchor_where(const struct anchor_work *w, const struct sh_event *e, char *buf,
			 size_t size)
{
	const struct anchor_unit *u = &w->units[e->unit];

	if (e->line >= u->first && e->line <= u->last)
		snprintf(buf, size, "line %u", e->line);
	else
		snprintf(buf, size, "line %u, run from line %u", e->line, u->first);
	return buf;
}

/* The event in the unit of the highest (or lowest) number for which @is holds */
size_t anchor_last_of(const struct anchor_work *w, bool (*is)(enum sh_effect))
{
	size_t i, best = ANCHOR_NONE;

	for (i = 0; i < w->events.n; i++)
		if (is(anchor_event(w, i)->effect))
			best = i;
	return best;
}

size_t anchor_first_of(const struct anchor_work *w, size_t from, bool (*is)(enum sh_effect))
{
	for (; from < w->events.n; from++)
		if (is(anchor_event(w, from)->effect))
			return from;
	return ANCHOR_NONE;
}

bool anchor_is_end(enum sh_effect e)
{
	return e == SH_MD_WAIT || e == SH_KEXEC || e == SH_POWEROFF;
}

bool anchor_is_read_only(enum sh_effect e)
{
	return e == SH_RO || e == SH_RO_ALL;
}

static bool check_rules(struct anchor_work *w)
{
	size_t i;

	for (i = 0; i < w->events.n; i++)
		if (anchor_event(w, i)->effect == SH_UNSAFE)
			return anchor_refused(w, "rules", NULL, anchor_event(w, i)->line, "%s (%s)",
					      anchor_event(w, i)->why, anchor_event(w, i)->text);
	anchor_passed(w, "rules", "no alias, trap, set -e or the like that changes what is run");
	return true;
}

static bool is_fsck(enum sh_effect e)
{
	return e == SH_FSCK;
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

static bool missing(struct anchor_work *w, const char *name, const char *what)
{
	size_t end = anchor_first_of(w, 0, is_end);

	if (end != ANCHOR_NONE)
		return anchor_refused(w, "landmarks", name, anchor_event(w, end)->line,
				      "no %s that is ever reached: the script ends in line %u",
				      what, anchor_event(w, end)->line);
	return anchor_refused(w, "landmarks", name, 0, "no %s", what);
}

static bool waited_for(struct anchor_work *w, size_t i)
{
	size_t k;

	for (k = i; k < w->events.n && anchor_event(w, k)->unit < w->place; k++)
		if (anchor_event(w, k)->effect == SH_WAIT && !anchor_event(w, k)->conditional &&
		    !anchor_event(w, k)->background)
			return true;
	return false;
}

/* What runs in the background before the place must be over there. */
static bool check_background(struct anchor_work *w, bool (*is)(enum sh_effect))
{
	size_t i;

	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = anchor_event(w, i);

		if (e->background && e->unit < w->place && is(e->effect) && !waited_for(w, i))
			return anchor_refused(
				w, "background", NULL, e->line,
				"%s runs in the background (line %u) and may not be over at "
				"the place",
				sh_effect_name(e->effect), e->line);
	}
	anchor_passed(w, "background", "nothing that matters is left running in the background");
	return true;
}

static bool check_reached(struct anchor_work *w)
{
	size_t end = anchor_first_of(w, 0, is_end);

	if (end != ANCHOR_NONE && anchor_event(w, end)->unit < w->place)
		return anchor_refused(w, "reached", NULL, anchor_event(w, end)->line,
				      "the script ends in line %u, before the place",
				      anchor_event(w, end)->line);
	for (end = 0; w->proof->kind == AIP_KIND_RC_SYSINIT && end < w->events.n; end++)
		if (anchor_is_end(anchor_event(w, end)->effect) &&
		    anchor_event(w, end)->unit < w->place && !anchor_event(w, end)->conditional &&
		    anchor_event(w, end)->effect != SH_MD_WAIT)
			return anchor_refused(w, "reached", NULL, anchor_event(w, end)->line,
					      "the machine is ended in line %u, before the place",
					      anchor_event(w, end)->line);
	anchor_passed(w, "reached", "no exit, exec or return on the top level before it");
	return true;
}

/* The place is a line boundary between two top-level commands. */
static bool check_boundary(struct anchor_work *w)
{
	const struct anchor_unit *next = &w->units[w->place];

	if (w->place >= w->n_units || !w->place || w->units[w->place - 1].last >= next->first)
		return anchor_refused(w, "top level", NULL, w->place < w->n_units ? next->first : 0,
				      "no line boundary on the top level at the place");
	/* the seal right behind the loop, the start right before what follows */
	w->proof->after =
		w->proof->kind == AIP_KIND_HALT ? w->units[w->place - 1].last : next->first - 1;
	anchor_passed(w, "top level", "between two top-level commands, lines %u and %u",
		      w->units[w->place - 1].last, next->first);
	return true;
}

/* ---- rc.sysinit ---- */

static bool boot_landmarks(struct anchor_work *w)
{
	char a[64], b[64];
	const struct sh_event *last, *first;

	w->before = anchor_last_of(w, sh_is_activation);
	w->after = anchor_first_of(w, 0, sh_is_first_write);
	if (w->before == ANCHOR_NONE)
		return missing(w, "activation",
			       "initialisation of devices (udev, arrays, multipath, volumes)");
	if (anchor_first_of(w, 0, is_fsck) == ANCHOR_NONE)
		return missing(w, "fsck", "check of file systems (fsck)");
	anchor_passed(w, "landmarks", "device initialisation and fsck are there");
	last = anchor_event(w, w->before);
	first = anchor_event(w, w->after);
	if (first->unit < last->unit)
		return anchor_refused(
			w, "order", sh_effect_name(first->effect), first->line,
			"no lawful place: %s (%s) comes before the last device initialisation, "
			"%s (%s)",
			sh_effect_name(first->effect), anchor_where(w, first, a, sizeof(a)),
			sh_effect_name(last->effect), anchor_where(w, last, b, sizeof(b)));
	if (first->unit == last->unit)
		return anchor_refused(
			w, "top level", NULL, w->units[last->unit].first,
			"the command in line %u both initialises devices (%s, %s) and writes "
			"(%s, %s): there is no place between the two on the top level",
			w->units[last->unit].first, sh_effect_name(last->effect),
			anchor_where(w, last, a, sizeof(a)), sh_effect_name(first->effect),
			anchor_where(w, first, b, sizeof(b)));
	anchor_passed(w, "order", "last initialisation: %s, %s; first to write: %s, %s",
		      sh_effect_name(last->effect), anchor_where(w, last, a, sizeof(a)),
		      sh_effect_name(first->effect), anchor_where(w, first, b, sizeof(b)));
	return true;
}

static bool boot_place(struct anchor_work *w)
{
	size_t i, lo = anchor_event(w, w->before)->unit, hi = anchor_event(w, w->after)->unit;

	w->place = lo + 1;
	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = anchor_event(w, i);

		if (e->effect != SH_FASTBOOT || e->unit <= lo || e->unit > hi)
			continue;
		w->place = e->unit;
		anchor_passed(w, "place", "before the command that looks for /fastboot, line %u",
			      w->units[e->unit].first);
		return true;
	}
	anchor_passed(w, "place",
		      "before the command behind the last initialisation; nothing looks for "
		      "/fastboot there");
	return true;
}

/* A command nobody knows may do anything: refused where that would matter. */
static bool boot_known(struct anchor_work *w)
{
	size_t i, mounted = anchor_first_of(w, 0, is_mount_all);
	char a[64];

	for (i = 0; i < w->events.n; i++) {
		const struct sh_event *e = anchor_event(w, i);
		bool late = mounted != ANCHOR_NONE && e->unit > anchor_event(w, mounted)->unit;

		if (e->effect < SH_OPAQUE || (late && e->effect <= SH_OPAQUE_WRITE))
			continue;
		return anchor_refused(
			w, "known commands", "unknown command", e->line,
			"what \"%.80s\" does (%s) cannot be read from the script: it may %s",
			e->text, anchor_where(w, e, a, sizeof(a)),
			e->unit < w->place ? "check or mount file systems before the place"
					   : "initialise devices after the place");
	}
	anchor_passed(w, "known commands", "every command that could break the order is known");
	return true;
}

/* ---- halt ---- */

static bool halt_landmarks(struct anchor_work *w)
{
	const struct sh_event *ro, *end;
	char a[64], b[64];
	size_t i;

	w->before = anchor_last_of(w, anchor_is_read_only);
	if (anchor_last_of(w, is_read_only_all) == ANCHOR_NONE)
		return missing(
			w, "read-only loop",
			w->before == ANCHOR_NONE
				? "loop that remounts everything read-only"
				: "loop that remounts everything read-only (only single file "
				  "systems are remounted)");
	ro = anchor_event(w, w->before);
	w->after = anchor_first_of(w, w->before + 1, anchor_is_end);
	if (w->after == ANCHOR_NONE)
		return missing(w, "power-off", "end of the machine after the read-only remount");
	end = anchor_event(w, w->after);
	anchor_passed(w, "landmarks", "the read-only remount and the end of the machine are there");
	for (i = 0; i < w->before; i++) {
		const struct sh_event *e = anchor_event(w, i);

		/* an exec of "$0" starts the script again, as some released ones do */
		if (e->effect == SH_OPAQUE_COMPUTED && strncmp(e->text, "exec ", 5) != 0)
			return anchor_refused(
				w, "known commands", "unknown command", e->line,
				"what \"%.80s\" does (line %u) cannot be read from the script: "
				"it may end the machine before everything is read-only",
				e->text, e->line);
		if (anchor_is_end(e->effect))
			return anchor_refused(w, "order", sh_effect_name(e->effect), e->line,
					      "no lawful place: %s (%s) comes before the read-only "
					      "remount (%s)",
					      sh_effect_name(e->effect),
					      anchor_where(w, e, a, sizeof(a)),
					      anchor_where(w, ro, b, sizeof(b)));
	}
	if (end->unit == ro->unit)
		return anchor_refused(
			w, "top level", NULL, w->units[ro->unit].first,
			"the command in line %u both remounts read-only (%s) and does %s (%s): "
			"there is no place between the two on the top level",
			w->units[ro->unit].first, anchor_where(w, ro, a, sizeof(a)),
			sh_effect_name(end->effect), anchor_where(w, end, b, sizeof(b)));
	anchor_passed(w, "order", "last read-only remount: %s; then %s, %s",
		      anchor_where(w, ro, a, sizeof(a)), sh_effect_name(end->effect),
		      anchor_where(w, end, b, sizeof(b)));
	w->place = ro->unit + 1;
	anchor_passed(w, "place", "right after the read-only remount that ends in line %u",
		      w->units[ro->unit].last);
	return true;
}

static bool halt_after(struct anchor_work *w)
{
	size_t i;

	/* what is made writable behind the loop is not all read-only again by one more remount */
	for (i = anchor_last_of(w, is_read_only_all) + 1; i < w->events.n; i++) {
		const struct sh_event *e = anchor_event(w, i);

		if (sh_is_first_write(e->effect))
			return anchor_refused(w, "order", sh_effect_name(e->effect), e->line,
					      "%s in line %u comes after everything is read-only",
					      sh_effect_name(e->effect), e->line);
		if (e->effect > SH_OPAQUE)
			return anchor_refused(
				w, "known commands", "unknown command", e->line,
				"what \"%.80s\" does (line %u) cannot be read from the script: "
				"it may write after everything is read-only",
				e->text, e->line);
	}
	anchor_passed(w, "known commands", "nothing writes after the place");
	return true;
}

bool anchor_prove_order(struct anchor_work *w)
{
	if (!check_rules(w))
		return false;
	if (w->proof->kind == AIP_KIND_HALT)
		return halt_landmarks(w) && halt_after(w) &&
		       check_background(w, anchor_is_read_only) && check_reached(w) &&
		       check_boundary(w);
	return boot_landmarks(w) && boot_place(w) && boot_known(w) &&
	       check_background(w, sh_is_activation) && check_reached(w) && check_boundary(w);
}
