/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.h: how a root stands.  One struct, shown as text, as JSON, and kept in
 * /var/lib/aip/status.json for whoever watches a fleet.
 */
#ifndef AIP_STATUS_H
#define AIP_STATUS_H

#include <stdio.h>

#include "aipmng/driver.h"
#include "aipmng/work.h"
#include "common/jsonw.h"

/* How the last run ended that changed something or tried to. */
struct outcome {
	char mode[32]; /* "reconcile", "patches", "revert", "erase" */
	int exit;      /* what it would say by its exit code */
	char message[1600];
	char time[32]; /* RFC 3339, "" : never */
};

struct status {
	const struct ctx *ctx;
	const struct survey *survey;
	const struct aip_indexes *idx;
	struct outcome last;
	struct driver driver;
	const char *verdict; /* "patched", "held", ..., see status.c */
	char **attention;    /* what somebody should look at */
	size_t n_attention;
};

/** status_make - judge; @w has been surveyed. Return: 0 or -ENOMEM. */
int status_make(const struct work *w, const struct outcome *last, struct status *out);
void status_free(struct status *s);

/** status_json - the members of an object that the caller has begun. */
void status_json(const struct status *s, struct aip_jsonw *w);

/** status_text - for people. */
void status_text(const struct status *s, FILE *out);

/** status_save - write status.json, also when another aipmng holds the lock and this run failed. Faults are logged only. */
void status_save(struct work *w, const struct outcome *last);

/** status_last - read the outcome of the last run back from status.json; .time "" when there is none. */
void status_last(const struct ctx *ctx, struct outcome *out);

/** outcome_set - now, with the error's words (or @message when it holds none). */
void outcome_set(struct outcome *o, const char *mode, const struct aip_err *err,
		 const char *message);

#endif
