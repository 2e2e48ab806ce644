/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settable.h: see that the driver has a table.
 */
#ifndef AIPSNAP_SETTABLE_H
#define AIPSNAP_SETTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

/**
 * settable - load /.aipsnap_table, or make it
 * @devices: paths of the devices it is for (it gets room for all disks of the machine, too)
 * @size: of a new table, 0: sensible
 * @replace: a table that the driver refuses is removed and made anew
 * Return: 0 or -errno.
 */
int settable(int ctl, char *const *devices, int n, unsigned int chunk_shift, uint64_t size,
	     bool replace, struct aip_err *err);

#endif
