// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"

static int set(struct aip_err *err, int code, const char *why, const char *fmt, va_list ap)
{
	size_t n;

	if (code == 0)
		code = -EINVAL;
	if (!err)
		return code;
	err->code = code;
	err->exit = 0;
	err->hint[0] = 0;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	n = strlen(err->msg);
	if (why)
		snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", why);
	return code;
}

int aip_err_set(struct aip_err *err, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set(err, code, NULL, fmt, ap);
	va_end(ap);
	return r;
}

int aip_err_errno(struct aip_err *err, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	if (code == 0)
		code = -EINVAL;
	va_start(ap, fmt);
	r = set(err, code, strerror(-code), fmt, ap);
	va_end(ap);
	return r;
}

int aip_err_hint(struct aip_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return err->code;
}

int aip_err_prefix(struct aip_err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	size_t n;

	if (!err)
		return -EINVAL;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", old);
	return err->code;
}

int aip_err_exit(struct aip_err *err, int exit_code)
{
	if (!err)
		return -EINVAL;
	err->exit = exit_code;
	return err->code;
}

void aip_err_clear(struct aip_err *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}
