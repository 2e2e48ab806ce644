/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan.h: is this text strict JSON?  What cJSON lets through is looked at before
 * cJSON sees it; only json.c uses this.
 */
#ifndef AIP_JSON_SCAN_H
#define AIP_JSON_SCAN_H

#include <stddef.h>

#include "json/json.h"

/**
 * aip_json_scan - check everything that can be told from the text alone
 * That is all of the strictness of json.h but repeated names.
 * Return: 0, -EBADMSG or -EFBIG; the message begins with @name and says line and column.
 */
int aip_json_scan(const char *text, size_t len, const char *name,
		  const struct aip_json_limits *limits, struct aip_err *err);

#endif
