// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What cannot be tracked for reasons that only user space sees.  (Zoned, rw_page, DAX,
 * removable and too large devices are refused by the driver itself.)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "aipsnap/blkdev.h"
#include "aipsnap/sysattr.h"
#include "common/cleanup.h"

#define BTRFS_SB    65536
#define BTRFS_MAGIC "_BHRfS_M"
#define DM_BUFFER   65536
#define DM_CONTROL  "/dev/mapper/control"

/*
 * Device-mapper targets whose content changes only by what is written to the device
 * itself.  snapshot-merge is the example of one that is not: it takes the origin
 * back to an older state from below.
 */
static const char *const dm_known[] = {
	"linear",	   "striped", "crypt", "raid",	     "mirror",	  "multipath", "snapshot",
	"snapshot-origin", "thin",    "cache", "writecache", "integrity", "era",       "delay",
	"flakey",	   "error",   "zero",  "log-writes", "dust",	  "vdo",       "clone",
};

static bool is_known(const char *target, const char *params)
{
	size_t i;

	(void)params;

	for (i = 0; i < sizeof(dm_known) / sizeof(dm_known[0]); i++)
		if (!strcmp(target, dm_known[i]))
			return true;
	return false;
}

/* Targets that pass on the pages they are given, and do not put the data into others. */
static bool passes_pages(const char *target, const char *params)
{
	static const char *const pass[] = { "linear", "striped", "mirror",    "delay",
					    "flakey", "error",	 "multipath", "zero" };
	size_t i;

	for (i = 0; i < sizeof(pass) / sizeof(pass[0]); i++)
		if (!strcmp(target, pass[i]))
			return true;
	return !strcmp(target, "raid") &&
	       (!strncmp(params, "raid0", 5) || !strncmp(params, "raid1", 5));
}

typedef bool (*target_judge)(const char *target, const char *params);

/* Return: 0, -EOPNOTSUPP with the name in @bad, or -errno when device-mapper does not tell. */
static int check_targets(unsigned int major, unsigned int minor, target_judge good,
			 char bad[DM_MAX_TYPE_NAME])
{
	_cleanup_close_ int fd = open(DM_CONTROL, O_RDWR | O_CLOEXEC);
	_cleanup_free_ struct dm_ioctl *dm = calloc(1, DM_BUFFER);
	uint32_t i, at;

	if (fd < 0 || !dm)
		return fd < 0 ? -errno : -ENOMEM;
	dm->version[0] = DM_VERSION_MAJOR;
	dm->data_size = DM_BUFFER;
	dm->data_start = sizeof(*dm);
	dm->flags = DM_STATUS_TABLE_FLAG;
	dm->dev = (uint64_t)(minor & 0xff) | major << 8 | (uint64_t)(minor & ~0xffU) << 12;
	if (ioctl(fd, DM_TABLE_STATUS, dm) < 0)
		return -errno;
	if (dm->flags & DM_BUFFER_FULL_FLAG)
		return -E2BIG;
	for (i = 0, at = dm->data_start; i < dm->target_count; i++) {
		struct dm_target_spec *t = (void *)((char *)dm + at);

		if (at + sizeof(*t) > DM_BUFFER)
			return -EPROTO;
		if (!good(t->target_type, (const char *)(t + 1))) {
			snprintf(bad, DM_MAX_TYPE_NAME, "%.*s", DM_MAX_TYPE_NAME - 1,
				 t->target_type);
			return -EOPNOTSUPP;
		}
		at = dm->data_start + t->next;
	}
	return 0;
}

static int refuse_dm(const struct blkdev *b, struct aip_err *err)
{
	char bad[DM_MAX_TYPE_NAME];
	int ret;

	if (strncmp(b->kname, "dm-", 3))
		return 0;
	ret = check_targets(b->major, b->minor, is_known, bad);
	if (ret == -EOPNOTSUPP)
		return aip_err_set(
			err, ret, "%s: device-mapper target \"%s\" may change what is on it unseen",
			b->name, bad);
	return ret ? aip_err_errno(err, ret, "%s: asking device-mapper for its table", b->name) : 0;
}

static int refuse_btrfs(const struct blkdev *b, struct aip_err *err)
{
	_cleanup_(reader_close) struct reader r = READER_INIT;
	uint8_t sb[4096];
	int ret = reader_open(&r, b->node, err);

	if (ret)
		return ret;
	if (r.size < BTRFS_SB + sizeof(sb))
		return 0;
	ret = reader_read(&r, BTRFS_SB, sb, sizeof(sb), err);
	if (ret || memcmp(sb + 64, BTRFS_MAGIC, 8) || get_le64(sb + 136) < 2)
		return ret;
	return aip_err_set(err, -EOPNOTSUPP,
			   "%s: one of %" PRIu64
			   " devices of a btrfs; these cannot be imaged one by one",
			   b->name, get_le64(sb + 136));
}

/*
 * A holder that keeps its own data on the device and may write it behind everybody's back, or
 * whose writes arrive as requests (multipath), so that no bio is seen there.
 */
static int refuse_holder(const struct blkdev *b, int depth, void *arg)
{
	unsigned int major, minor;
	char uuid[160];

	(void)depth;
	(void)arg;
	/* a partition, be it of an md array, holds nothing */
	if (!sysattr_disk(b->kname, &major, &minor))
		return 0;
	if (!strncmp(b->kname, "dm-", 3))
		return !sysattr_text(b->kname, "dm/uuid", uuid, sizeof(uuid)) &&
				       !strncmp(uuid, "mpath-", 6)
			       ? -EOPNOTSUPP
			       : 0;
	if (!strncmp(b->kname, "md", 2) && b->kname[2] >= '0' && b->kname[2] <= '9')
		return -EOPNOTSUPP;
	return strncmp(b->kname, "bcache", 6) ? 0 : -EOPNOTSUPP;
}

/* Of the disk of a partition: not what holds its other partitions. */
static int refuse_direct(const struct blkdev *b, int depth, void *arg)
{
	return depth == 1 ? refuse_holder(b, depth, arg) : 0;
}

int blkdev_refuse_held(const struct blkdev *b, struct aip_err *err)
{
	unsigned int major, minor;
	struct blkdev disk;
	int ret = blkdev_above(b, refuse_holder, NULL, err);

	if (!ret && !sysattr_disk(b->kname, &major, &minor) &&
	    !blkdev_from_number(major, minor, &disk, NULL))
		ret = blkdev_above(&disk, refuse_direct, NULL, err);
	if (ret != -EOPNOTSUPP)
		return ret;
	return aip_err_set(
		err, ret,
		"%s: a member of an md array or a bcache, or a path of a multipath; enable that device instead",
		b->name);
}

/* A layer that puts the data it is given into pages of its own. */
static bool copies(const struct blkdev *b)
{
	char text[DM_MAX_TYPE_NAME];
	unsigned int major, minor;

	if (!sysattr_disk(b->kname, &major, &minor))
		return false; /* a partition */
	if (!strncmp(b->kname, "dm-", 3))
		return check_targets(b->major, b->minor, passes_pages, text) != 0;
	if (!strncmp(b->kname, "md", 2) && !sysattr_text(b->kname, "md/level", text, sizeof(text)))
		return strcmp(text, "raid0") && strcmp(text, "raid1") && strcmp(text, "raid10") &&
		       strcmp(text, "linear");
	return true;
}

int blkdev_refuse_store(const struct blkdev *store, const struct blkdev *base, struct aip_err *err)
{
	_cleanup_closedir_ DIR *d = opendir("/sys/class/block");
	unsigned int major, minor;
	struct dirent *e;
	struct blkdev b;

	if (blkdev_lies_on(store, base, 1) < 1)
		return 0;
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && !sysattr_dev(e->d_name, &major, &minor) &&
		    !blkdev_from_number(major, minor, &b, NULL) &&
		    blkdev_lies_on(store, &b, 1) >= 0 && blkdev_lies_on(&b, base, 1) >= 1 &&
		    copies(&b)) {
			aip_err_set(
				err, -EOPNOTSUPP,
				"%s: lies on %s through %s, which copies what is written: the snapshot would wait for its own storage",
				store->name, base->name, b.name);
			return aip_err_hint(err, "--store puts the difference storage elsewhere");
		}
	return d ? 0 : aip_err_errno(err, -errno, "/sys/class/block");
}

int blkdev_refuse(const struct blkdev *b, struct aip_err *err)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/class/block/%s/bcache", b->kname);
	if (!access(path, F_OK) && strncmp(b->kname, "bcache", 6))
		return aip_err_set(err, -EOPNOTSUPP,
				   "%s: belongs to a bcache; enable the bcache device instead",
				   b->name);
	ret = blkdev_refuse_held(b, err);
	if (!ret)
		ret = refuse_dm(b, err);
	return ret ? ret : refuse_btrfs(b, err);
}
