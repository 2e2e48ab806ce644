/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AIP_RFC3339_H
#define AIP_RFC3339_H

#include <time.h>

#define AIP_RFC3339_LEN 21 /* "2026-11-22T09:15:00Z" and a NUL */

/**
 * aip_rfc3339_parse - read "YYYY-MM-DDThh:mm:ssZ", exactly that form (UTC, no fraction)
 * @s: text, NUL-terminated
 * @out: seconds since the epoch
 * Return: 0 or -EINVAL (also for dates that do not exist).
 */
int aip_rfc3339_parse(const char *s, time_t *out);

/** aip_rfc3339 - write @t in that form. Return: @out. */
char *aip_rfc3339(time_t t, char out[AIP_RFC3339_LEN]);

#endif
