/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err.h: what went wrong, for the caller (a code) and for a person (what, which
 * file, why; and what to do next).  Filled where the failure is known best,
 * printed by command files only.
 */
#ifndef AIP_ERR_H
#define AIP_ERR_H

struct aip_err {
	int code;	/* -errno of the first failure, 0 if none */
	int exit;	/* exit code that the program documents for it, 0: its general one */
	char msg[1024]; /* what, which file, why; no full stop, no newline */
	char hint[512]; /* what to do next; may be empty */
};

#define AIP_ERR_INIT                                                                               \
	{                                                                                          \
		0                                                                                  \
	}

/**
 * aip_err_set - note a failure
 * @err: where to, or NULL
 * @code: -errno; 0 is taken as -EINVAL
 * @fmt: what, which file, why
 *
 * Replaces what @err held.  Return: @code, so that `return aip_err_set(...)` reads well.
 */
int aip_err_set(struct aip_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** aip_err_errno - like aip_err_set(), with ": strerror(-code)" after the text. */
int aip_err_errno(struct aip_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** aip_err_hint - what the reader can do about it. Return: the code that @err holds. */
int aip_err_hint(struct aip_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** aip_err_prefix - put "text: " before the message. Return: the code that @err holds. */
int aip_err_prefix(struct aip_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** aip_err_exit - the documented exit code of this failure. Return: the code that @err holds. */
int aip_err_exit(struct aip_err *err, int exit_code);

/** aip_err_clear - forget what @err holds. */
void aip_err_clear(struct aip_err *err);

#endif
