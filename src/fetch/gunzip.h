/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AIP_GUNZIP_H
#define AIP_GUNZIP_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"

/** is_gzip - Return: whether @data begins as gzip does. */
bool is_gzip(const void *data, size_t len);

/**
 * gunzip - append what @data (one or more gzip members) unpacks to
 * @max: bytes at most; unpacking stops there, whatever the data promises
 * @name: what to call the data in errors
 * Return: 0; -EFBIG (more than @max), -EBADMSG (damaged, cut short, or something else behind it),
 * both with exit code 4 in @err; -ENOMEM.
 */
int gunzip(const void *data, size_t len, size_t max, const char *name, struct aip_buf *out,
	   struct aip_err *err);

#endif
