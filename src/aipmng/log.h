/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h: what a machine's administrator finds afterwards: syslog (running system
 * only) and /var/log/aip.log in the root.  Logging never fails and never blocks.
 */
#ifndef AIP_LOG_H
#define AIP_LOG_H

#include <syslog.h>

#include "aipmng/aipmng.h"

/** aip_printable - replace what a terminal would obey (all control characters but line feed and tab) by '?'. */
void aip_printable(char *text);

/**
 * aip_log - one line to syslog and the log file, and to stderr
 * @prio: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG of syslog.h
 *
 * On stderr: warnings and worse unless --quiet, notices and less with --verbose
 * only.  LOG_DEBUG goes nowhere else.  Line feeds and control characters in the
 * text become blanks.
 */
void aip_log(const struct ctx *ctx, int prio, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
