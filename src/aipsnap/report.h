/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h: what start, clear_dirtyflag, late, enable tell about each device, as text or
 * JSON.  Belongs to the command files.
 */
#ifndef AIPSNAP_REPORT_H
#define AIPSNAP_REPORT_H

#include <stdbool.h>

#include "aipsnap/track.h"

struct report_line {
	char name[80];
	const char *outcome; /* "resumed", "new-lineage", "sealed", "not-sealed", "failed", … */
	uint32_t why;
	char detail[160], error[512], hint[256];
	struct aipsnap_id lineage, generation;
	uint64_t written;
};

struct report {
	struct report_line *list;
	size_t n;
	int exit; /* the worst so far */
};

#define REPORT_INIT                                                                                \
	{                                                                                          \
		0                                                                                  \
	}

void report_free(struct report *r);

/** report_started, report_sealed - take in what track_start() or track_seal() did. */
void report_started(struct report *r, const struct track *t);
void report_sealed(struct report *r, const struct track *t);

/** report_not_sealed - a device that stays DIRTY. */
void report_not_sealed(struct report *r, const struct track *t, const struct aip_err *err);

/** report_done - a plain outcome of a device. */
void report_done(struct report *r, const char *name, const char *outcome);

/** report_failed - a device for which nothing could be done. Return: @err's code. */
int report_failed(struct report *r, const char *name, const struct aip_err *err);

/** report_print - to stdout, failures of the text form to stderr. Return: exit code. */
int report_print(const struct report *r, bool json);

/** report_nothing - say why there is nothing to do ("" says nothing). Return: EXIT_OK. */
int report_nothing(const char *why, bool json);

/** report_bound - turn the return of bound_run() into an exit code, and say when time was up. */
int report_bound(const char *command, int ret, int seconds);

/** report_loud - to stderr and to the kernel's log, which a console shows even when nobody looks at stderr. */
void report_loud(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
