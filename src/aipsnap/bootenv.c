// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "aipsnap/blkdev.h"
#include "aipsnap/bootenv.h"
#include "aipsnap/ctl.h"
#include "aipsnap/sysattr.h"
#include "common/cleanup.h"

#define EXTENTS 16 /* of files of one block, or a few */

static const char *const files[] = {
	"/boot/grub/grubenv",
	"/boot/grub2/grubenv",
	"/boot/grub/default",
};

/* One extent of a file on device @major:@minor, in bytes. */
struct place {
	unsigned int major, minor;
	uint64_t start, len;
};

/* GRUB writes to disks and partitions only: on anything else it just reads. */
static int mark_slot(int ctl, const struct aipsnap_device *dev, const struct place *p,
		     struct aip_err *err)
{
	struct aipsnap_mark mark = { .slot = dev->slot };
	unsigned int major, minor;
	uint64_t base = 0, first, end;
	struct blkdev b;
	int ret;

	if (blkdev_from_number(p->major, p->minor, &b, NULL))
		return 0;
	if (dev->major != p->major || dev->minor != p->minor) {
		if (sysattr_disk(b.kname, &major, &minor) || dev->major != major ||
		    dev->minor != minor || sysattr_number(b.kname, "start", &base))
			return 0;
	}
	first = base + p->start / 512;
	end = base + (p->start + p->len + 511) / 512;
	mark.sector = first;
	mark.sectors = end - first;
	ret = ctl_call(ctl, AIPSNAP_MARK, &mark);
	/* not tracked any more */
	if (ret == -ESTALE || ret == -ENODEV)
		return 0;
	return ret ? ctl_fail(err, ret, 0, "%.80s: what the boot loader writes", dev->identity.name)
		   : 0;
}

static int mark_place(int ctl, const struct place *p, struct aip_err *err)
{
	struct aipsnap_device dev;
	unsigned int slot;
	int ret = 0;

	for (slot = 0; !ret && slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, &dev, NULL) && dev.state == AIPSNAP_TRACKING)
			ret = mark_slot(ctl, &dev, p, err);
	return ret;
}

static int mark_file(int ctl, const char *path, struct aip_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ struct fiemap *map =
		calloc(1, sizeof(*map) + EXTENTS * sizeof(struct fiemap_extent));
	struct stat st;
	unsigned int i;
	int ret = 0;

	if (!map)
		return aip_err_errno(err, -ENOMEM, "%s", path);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = EXTENTS;
	/* a file system that does not tell (FAT) is none whose fingerprint could be proved */
	if (ioctl(fd, FS_IOC_FIEMAP, map))
		return 0;
	for (i = 0; !ret && i < map->fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &map->fm_extents[i];
		struct place p = { major(st.st_dev), minor(st.st_dev), e->fe_physical,
				   e->fe_length };

		if (!(e->fe_flags &
		      (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED)))
			ret = mark_place(ctl, &p, err);
	}
	return ret;
}

int bootenv_mark(int ctl, struct aip_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < sizeof(files) / sizeof(files[0]); i++)
		ret = mark_file(ctl, files[i], err);
	return ret;
}
