// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/blkdev.h"
#include "aipsnap/sysattr.h"
#include "common/cleanup.h"

#define FLOPPY_MAJOR 2
#define CDROM_MAJOR  11

/* Never opened: empty devices, drives that would spin up or wait for a medium, our own snapshots. */
static bool worth_a_look(const struct blkdev *b)
{
	return b->major != FLOPPY_MAJOR && b->major != CDROM_MAJOR &&
	       strncmp(b->kname, "aipsnap", 7) && blkdev_size(b);
}

int census_take(struct census *c, struct aip_err *err)
{
	_cleanup_closedir_ DIR *d = opendir("/sys/class/block");
	struct dirent *e;

	if (!d)
		return aip_err_errno(err, -errno, "/sys/class/block");
	while ((e = readdir(d))) {
		struct census_entry entry, *list;
		unsigned int major, minor;

		if (e->d_name[0] == '.' || sysattr_dev(e->d_name, &major, &minor) ||
		    blkdev_from_number(major, minor, &entry.dev, NULL) ||
		    !worth_a_look(&entry.dev) || blkdev_identify(&entry.dev, &entry.id, NULL))
			continue;
		list = realloc(c->list, (c->n + 1) * sizeof(*list));
		if (!list)
			return aip_err_errno(err, -ENOMEM, "looking at the block devices");
		c->list = list;
		list[c->n++] = entry;
	}
	return 0;
}

void census_free(struct census *c)
{
	free(c->list);
	*c = (struct census){ 0 };
}

/* Another device with the same UUID lies above this one: this is a leg, or a path to it. */
static bool is_leg(const struct census *c, size_t i)
{
	size_t k;

	for (k = 0; k < c->n; k++)
		if (k != i && !strcmp(c->list[k].id.uuid, c->list[i].id.uuid) &&
		    blkdev_lies_on(&c->list[k].dev, &c->list[i].dev, 1) > 0)
			return true;
	return false;
}

int census_find(const struct census *c, const struct aipsnap_identity *id, struct blkdev *b,
		struct aip_err *err)
{
	const struct blkdev *found = NULL, *named = NULL;
	size_t i, n = 0;

	for (i = 0; i < c->n && id->uuid[0]; i++) {
		const struct census_entry *e = &c->list[i];

		if (strncmp(e->id.uuid, id->uuid, sizeof(id->uuid)) || is_leg(c, i))
			continue;
		found = &e->dev;
		if (!strncmp(e->dev.name, id->name, sizeof(id->name)))
			named = found;
		n++;
	}
	if (n > 1 && !named)
		return aip_err_set(err, -ENOTUNIQ,
				   "%.48s: %zu devices carry this UUID, none of them is %.80s",
				   id->uuid, n, id->name);
	if (!n)
		return aip_err_set(err, -ENOENT, "%.80s (%.16s %.48s) is not there", id->name,
				   id->fs_type, id->uuid);
	*b = named ? *named : *found;
	return 0;
}
