/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yumrepo.h: is there a section of yum.repos.d that carries an index?  Only a glance:
 * the section is read in full by librepo, in aip-fetch, which need not even be
 * started where there is none, or where it is disabled.
 */
#ifndef AIP_YUMREPO_H
#define AIP_YUMREPO_H

#include "aipmng/aipmng.h"
#include "common/buf.h"

#define YUMREPO_MAX_BYTES 1048576 /* one .repo file; a larger one is not looked at */

/**
 * yumrepo_scan - is section [@id] in the text of a .repo file, and enabled?
 * Return: 1 enabled (also by default, as yum has it), 0 disabled, -ENOENT no such section.
 */
int yumrepo_scan(const char *text, size_t len, const char *id);

/** yumrepo_enabled - Return: whether the first section [@id] in the folders that dnf reads is enabled. */
bool yumrepo_enabled(const struct ctx *ctx, const char *id);

/**
 * yumrepo_variables - append the lines releasever, basearch and arch to a request for aip-fetch
 * Those that cannot be found out are left out.
 */
void yumrepo_variables(const struct ctx *ctx, struct aip_buf *request);

#endif
