/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * anchor_work.h: inner interface of the anchor engine: anchor.c reads, asks the shell and
 * reports, anchor_order.c knows the rules.
 */
#ifndef AIP_ANCHOR_WORK_H
#define AIP_ANCHOR_WORK_H

#include "patch/anchor.h"
#include "patch/shwalk.h"

#define ANCHOR_NONE ((size_t)-1)

struct anchor_unit {
	unsigned int first, last; /* lines */
};

struct anchor_work {
	const char *text;
	size_t len;
	struct sh_arena arena;
	struct sh_script script;
	struct sh_events events;
	struct anchor_unit *units;
	size_t n_units;
	size_t before; /* rc.sysinit: last activation; halt: last read-only remount (events) */
	size_t after;  /* first event that must come after the place */
	size_t place;  /* the place is before this unit */
	struct aip_anchor_proof *proof;
};

static inline const struct sh_event *anchor_event(const struct anchor_work *w, size_t i)
{
	return &w->events.v[i];
}

/** anchor_passed - note that a check holds. */
void anchor_passed(struct anchor_work *w, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * anchor_refused - note that one does not; the verdict is then a refusal
 * @failed: the landmark, NULL: the check itself
 * Return: false, so that a check can end with it.
 */
bool anchor_refused(struct anchor_work *w, const char *check, const char *failed, unsigned int line,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/** anchor_where - Return: "line 12" or "line 12, run from line 80", in @buf. */
const char *anchor_where(const struct anchor_work *w, const struct sh_event *e, char *buf,
			 size_t size);

/** anchor_first_of, anchor_last_of - Return: number of an event for which @is holds, or ANCHOR_NONE. */
size_t anchor_first_of(const struct anchor_work *w, size_t from, bool (*is)(enum sh_effect));
size_t anchor_last_of(const struct anchor_work *w, bool (*is)(enum sh_effect));

/** anchor_is_end - waits for arrays, starts another kernel or ends the machine. */
bool anchor_is_end(enum sh_effect e);
/** anchor_is_read_only - remounts read-only. */
bool anchor_is_read_only(enum sh_effect e);

/** anchor_prove_order - all checks but the shell's own. Return: whether the place is proved. */
bool anchor_prove_order(struct anchor_work *w);

#endif
