/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui.h: how the commands talk: errors, warnings, progress.
 *
 * Progress goes to stderr: a line that is redrawn on a terminal, a plain line every
 * ten seconds elsewhere, one JSON object a line with --json, nothing with --quiet.
 */
#ifndef AIP_UI_H
#define AIP_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

enum aip_exit {
	AIP_EXIT_OK = 0,
	AIP_EXIT_ERROR = 1,
	AIP_EXIT_USAGE = 2,
	AIP_EXIT_FULL_NEEDED = 3, /* incremental refused: the lineage does not allow it */
	AIP_EXIT_DAMAGED = 4,	  /* a backup is not what it was */
	AIP_EXIT_REFUSED = 5,	  /* a restore target is mounted, too small, or something else's */
	AIP_EXIT_BUSY = 6,	  /* the set is being changed by another run */
	AIP_EXIT_INTERRUPTED = 7,
};

extern bool aip_ui_json, aip_ui_quiet;

/** aip_ui_fail - print the error. Return: the exit code that goes with it. */
int aip_ui_fail(const struct aip_err *err);

/** aip_ui_note - a line for people on stderr; nothing with --quiet or --json. */
void aip_ui_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** aip_ui_bytes - @n bytes for people ("1.5 GiB"). Return: @out. */
char *aip_ui_bytes(uint64_t n, char out[16]);

/* ---- progress ---- */

struct aip_progress {
	const char *what;
	uint64_t started, drawn; /* ns */
	bool tty, shown;
};

/** aip_progress_start - begin; aip_progress() has the form of copy.h's callback. */
void aip_progress_start(struct aip_progress *p, const char *what);
void aip_progress(void *p, uint64_t done, uint64_t total);
/** aip_progress_end - leave the terminal with a clean line. */
void aip_progress_end(struct aip_progress *p);

#endif
