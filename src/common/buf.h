/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buf.h: growable bytes.  A failed allocation is remembered in the buffer, so a
 * builder checks once, at the end, with aip_buf_status().
 */
#ifndef AIP_BUF_H
#define AIP_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "common/cleanup.h"

struct aip_buf {
	char *data; /* NUL after the last byte once anything was added; may hold NULs itself */
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
	int failed; /* -ENOMEM once an allocation failed, else 0 */
};

#define AIP_BUF_INIT                                                                               \
	{                                                                                          \
		NULL, 0, 0, 0                                                                      \
	}

/**
 * aip_buf_reserve - make room for @more bytes and a NUL behind them
 * Return: 0 or -ENOMEM (remembered).
 */
int aip_buf_reserve(struct aip_buf *b, size_t more);

/** aip_buf_add - append @len bytes; aip_buf_str, aip_buf_chr, aip_buf_fmt likewise. */
void aip_buf_add(struct aip_buf *b, const void *data, size_t len);
void aip_buf_str(struct aip_buf *b, const char *s);
void aip_buf_chr(struct aip_buf *b, char c);
void aip_buf_fmt(struct aip_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void aip_buf_vfmt(struct aip_buf *b, const char *fmt, va_list ap);

/** aip_buf_status - Return: 0, or -ENOMEM when any append failed (content is then short). */
int aip_buf_status(const struct aip_buf *b);

/** aip_buf_reset - empty it, keep the memory, forget a failure. */
void aip_buf_reset(struct aip_buf *b);

/** aip_buf_free - give the memory back; the buffer is empty and usable afterwards. */
void aip_buf_free(struct aip_buf *b);

/** aip_buf_steal - Return: the bytes (caller frees), NULL when empty or failed; buffer is empty afterwards. */
char *aip_buf_steal(struct aip_buf *b);

#define _cleanup_buf_ _cleanup_(aip_buf_free)

#endif
