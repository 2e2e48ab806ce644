/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AIP_BASE64_H
#define AIP_BASE64_H

#include "common/buf.h"

/** aip_base64 - append @data as base64 (RFC 4648, padded, no line breaks). */
void aip_base64(struct aip_buf *out, const void *data, size_t len);

/**
 * aip_unbase64 - append what @text decodes to
 *
 * Strict, so that one content has one encoding: padding demanded, no white
 * space, unused bits zero.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int aip_unbase64(struct aip_buf *out, const char *text, size_t len);

#endif
