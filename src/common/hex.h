/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AIP_HEX_H
#define AIP_HEX_H

#include <stdbool.h>
#include <stddef.h>

/** aip_hex - write @len bytes as lower-case hex and a NUL into @out (2 * @len + 1 bytes). */
void aip_hex(const void *data, size_t len, char *out);

/**
 * aip_unhex - read exactly @len bytes from the hex digits of @s (either case, nothing else)
 * Return: 0 or -EINVAL.
 */
int aip_unhex(const char *s, void *out, size_t len);

/** aip_is_hex - Return: whether @s is exactly @digits lower-case hex digits. */
bool aip_is_hex(const char *s, size_t digits);

#endif
