/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adapt.h: a patch for a script that no index knows, where the anchor engine can
 * prove the place.
 */
#ifndef AIP_ADAPT_H
#define AIP_ADAPT_H

#include "aipmng/plan.h"

/**
 * adapt_step - let the anchor engine plan the step of an unknown or customised script
 * @st: becomes STEP_ADAPT, or stays with st->why (exit code 5: the landmark that failed and the sample)
 * Return: 0 or -errno.
 */
int adapt_step(const struct ctx *ctx, const struct survey *s, struct step *st, struct aip_err *err);

/**
 * adapt_bash_n - `bash -n` of the root's bash; of the host's where the root has none
 * Return: as aip_bash_n().
 */
int adapt_bash_n(const struct ctx *ctx, const void *script, size_t len, struct aip_err *err);

#endif
