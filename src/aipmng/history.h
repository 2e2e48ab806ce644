/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.h: what was done on this machine: /var/lib/aip/history.jsonl, one JSON
 * object a line, the oldest half dropped when it grows too large.
 */
#ifndef AIP_HISTORY_H
#define AIP_HISTORY_H

#include "aipmng/plan.h"

#define AIP_HISTORY_MAX (1u << 20)

/** history_step - a script was changed: to the history and the log. */
void history_step(const struct ctx *ctx, const struct survey *s, const struct step *st);

/** history_failure - a change failed. */
void history_failure(const struct ctx *ctx, const struct aip_err *err);

/** history_note - anything else that should be remembered ("held", "serial reset"). */
void history_note(const struct ctx *ctx, const char *event, const char *text);

#endif
