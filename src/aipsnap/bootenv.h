/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bootenv.h: the files that a boot loader rewrites in place, before there is a kernel.
 *
 * GRUB 2 keeps its environment (saved entry, next entry, boot counter) in a block that it writes where it lies; GRUB
 * legacy its default entry.  No driver sees that, and no metadata changes.
 */
#ifndef AIPSNAP_BOOTENV_H
#define AIPSNAP_BOOTENV_H

#include "common/err.h"

/**
 * bootenv_mark - count the blocks of these files as changed, on each tracked device that holds them
 * @ctl: control device
 * Return: 0, also where there are no such files; or -errno.
 */
int bootenv_mark(int ctl, struct aip_err *err);

#endif
