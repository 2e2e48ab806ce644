/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xfslog.h: what the log of an XFS says about its past.
 */
#ifndef AIPSNAP_XFSLOG_H
#define AIPSNAP_XFSLOG_H

#include "aipsnap/fingerprint.h"

/**
 * xfslog_take - digest the last record of the log that changed the file system
 * @start, @len: of the log, bytes in the region
 *
 * Mounts, read-only ones too, end in an unmount record, after a few that log nothing but
 * the superblock, and they clear up to 2 MiB of stale log ahead.  These records are passed
 * over: they say only that somebody was there, and what they wrote (log and superblock)
 * is marked in @fp.  A log that was not cleanly ended is not provable: whoever mounts it
 * next, even read-only, replays it.
 *
 * Return: 0, -ERANGE when the log is damaged, or -errno.
 */
int xfslog_take(const struct region *g, uint64_t start, uint64_t len, struct sha256 *sha,
		struct fingerprint *fp, struct aip_err *err);

#endif
