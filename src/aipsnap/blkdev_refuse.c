// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What cannot be tracked for reasons that only user space sees.  (Zoned, rw_page, DAX,
 * removable and too large devices are refused by the driver itself.)
 */
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

static bool is_known(const char *target)
{
	size_t i;

	for (i = 0; i < sizeof(dm_known) / sizeof(dm_known[0]); i++)
		if (!strcmp(target, dm_known[i]))
			return true;
	return false;
}

/* Return: 0, -EOPNOTSUPP with the name in @bad, or -errno when device-mapper does not tell. */
static int check_targets(unsigned int major, unsigned int minor, char bad[DM_MAX_TYPE_NAME])
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
		if (!is_known(t->target_type)) {
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
	ret = check_targets(b->major, b->minor, bad);
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

/* A holder that keeps its own data on the device and may write it behind everybody's back. */
static int refuse_holder(const struct blkdev *b, int depth, void *arg)
{
	(void)depth;
	(void)arg;
	if (!strncmp(b->kname, "md", 2) && b->kname[2] >= '0' && b->kname[2] <= '9')
		return -EOPNOTSUPP;
	return strncmp(b->kname, "bcache", 6) ? 0 : -EOPNOTSUPP;
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
	ret = blkdev_above(b, refuse_holder, NULL, err);
	if (ret == -EOPNOTSUPP)
		return aip_err_set(
			err, ret,
			"%s: a member of an md array or a bcache; enable that device instead",
			b->name);
	if (!ret)
		ret = refuse_dm(b, err);
	return ret ? ret : refuse_btrfs(b, err);
}
