/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * id.h: names for what the driver deals in: ids, reasons, states, numbers.
 */
#ifndef AIPSNAP_ID_H
#define AIPSNAP_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "../dkms/uapi/aipsnap.h"

#define ID_TEXT 33

/** id_text - write @id as 32 hex digits. Return: @out. */
char *id_text(const struct aipsnap_id *id, char out[ID_TEXT]);

/** id_parse - read 32 hex digits. Return: 0 or -EINVAL. */
int id_parse(const char *s, struct aipsnap_id *id);

/** id_is_zero - Return: whether @id names nothing. */
bool id_is_zero(const struct aipsnap_id *id);

/** why_token - Return: a stable word for programs ("not-sealed"), "other" for one not known here. */
const char *why_token(uint32_t why);

/** why_text - Return: a sentence for people, without a full stop. */
const char *why_text(uint32_t why);

/** state_text - Return: one word for enum aipsnap_state. */
const char *state_text(uint32_t state);

/** size_text - write @bytes with a binary unit ("64 KiB", "1.5 TiB"). Return: @out. */
char *size_text(uint64_t bytes, char out[24]);

/**
 * size_parse - read a number of bytes with an optional unit (K, M, G, T: powers of 1024)
 * Return: 0 or -EINVAL.
 */
int size_parse(const char *s, uint64_t *bytes);

#endif
