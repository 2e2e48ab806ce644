/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bashn.h: what does bash itself say about a script?
 */
#ifndef AIP_BASHN_H
#define AIP_BASHN_H

#include <stddef.h>

#include "common/err.h"

#define AIP_BASHN_TIMEOUT_MS 10000

/**
 * aip_bash_n - check the syntax of a script with `bash -n`
 * @root: root folder whose bash is asked (chroot; needs root), NULL or "/" for this system's
 * @script: @len bytes, any value; given on stdin, so nothing is written anywhere
 * @timeout_ms: time limit, 0 for the default
 *
 * Clean environment, C locale, /dev/null for the rest.  bash exits 0 on some errors and only
 * prints them (an open here-document), so output on stderr is a failure too.
 *
 * Return: 0 when bash finds nothing; -EBADMSG when it complains (the message has its first line),
 * -ETIMEDOUT, -ENOENT when there is no bash, or -errno.
 */
int aip_bash_n(const char *root, const void *script, size_t len, int timeout_ms,
	       struct aip_err *err);

#endif
