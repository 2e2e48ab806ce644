/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracked.h: /var/lib/aip/tracked, the list of enabled devices for the day on which the
 * table is lost.
 *
 * The table itself says what is enabled, and can be read before /var is there.  This
 * list is only used late at boot, to enable the same devices anew in a new table.
 * One line each: UUID, type, chunk shift, name; "-" for an empty field.
 */
#ifndef AIPSNAP_TRACKED_H
#define AIPSNAP_TRACKED_H

#include <stdbool.h>
#include <stddef.h>

#include "aipsnap/id.h"
#include "common/err.h"

#define TRACKED_PATH "/var/lib/aip/tracked"

struct tracked_device {
	struct aipsnap_identity id;
	unsigned int chunk_shift;
};

struct tracked {
	struct tracked_device list[AIPSNAP_MAX_DEVICES];
	size_t n;
};

/** tracked_read - Return: 0 (no file: empty list), -EINVAL for a line that cannot be understood, or -errno. */
int tracked_read(const char *path, struct tracked *t, struct aip_err *err);

/** tracked_write - replace the list atomically; an empty one removes the file. Return: 0 or -errno. */
int tracked_write(const char *path, const struct tracked *t, struct aip_err *err);

/** tracked_collect - the list as the driver's table has it now (devices in memory only left out). Return: 0 or -errno. */
int tracked_collect(int ctl, struct tracked *t, struct aip_err *err);

/** tracked_has - whether @t names this device: by UUID or, where there is none, by name. */
bool tracked_has(const struct tracked *t, const struct aipsnap_identity *id);

/** tracked_merge - add what @from names, and neither @t nor @gone (by name, too) does. Return: 0, or -E2BIG. */
int tracked_merge(struct tracked *t, const struct tracked *from, const struct tracked *gone,
		  struct aip_err *err);

#endif
