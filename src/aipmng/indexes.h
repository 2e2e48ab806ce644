/* SPDX-License-Identifier: GPL-2.0-or-later */
/* indexes.h: building the set of source.h, for source.c only. */
#ifndef AIP_INDEXES_H
#define AIP_INDEXES_H

#include "aipmng/source.h"

/**
 * indexes_add - put an accepted index into the set
 * Of one stream the higher serial stays; at the same serial the one that is there
 * (but a cached one instead of the same one shipped).
 * @idx: taken over in any case
 * @origin: copied
 * Return: 1 it is in the set now, 0 the one that is there stays, -ENOMEM.
 */
int indexes_add(struct aip_indexes *x, struct aip_index *idx, enum aip_origin from,
		const char *origin);

/** indexes_find - Return: the member of this stream, or NULL. */
struct aip_loaded *indexes_find(const struct aip_indexes *x, const char *stream);

/** indexes_clear - remove the members, keep the rest. */
void indexes_clear(struct aip_indexes *x);

/**
 * indexes_failed - note that a source gave nothing
 * A warning, and the slot .refused (exit code 4) or .unreachable if it is the first.
 * Return: 0 or -ENOMEM.
 */
int indexes_failed(struct aip_indexes *x, const struct aip_err *why);

/** indexes_warn - a line for people. Return: 0 or -ENOMEM. */
int indexes_warn(struct aip_indexes *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** indexes_result - Return: 0 when the set is not empty, else the best explanation. */
int indexes_result(struct aip_indexes *x, struct aip_err *err);

#endif
