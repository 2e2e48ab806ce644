// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "aipsnap/blkdev.h"
#include "aipsnap/ctl.h"
#include "aipsnap/settable.h"
#include "aipsnap/sysattr.h"
#include "aipsnap/tablefile.h"
#include "common/cleanup.h"

#define ROOT_SHARE 50 /* what is reserved for other disks takes at most 1/50 of what is free on / */

/* Bytes of all real disks, so that the table need not be made anew for the next one. */
static uint64_t all_disks(void)
{
	_cleanup_closedir_ DIR *d = opendir("/sys/block");
	uint64_t sectors, sum = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300];

		snprintf(path, sizeof(path), "/sys/block/%s/device", e->d_name);
		if (e->d_name[0] != '.' && !access(path, F_OK) &&
		    !sysattr_number(e->d_name, "size", &sectors))
			sum += sectors * 512;
	}
	return sum;
}

static uint64_t sensible_size(char *const *devices, int n, unsigned int chunk_shift)
{
	uint64_t wanted = 0, all, free_bytes;
	struct statvfs fs;
	struct blkdev b;
	int i;

	for (i = 0; i < n; i++)
		if (!blkdev_from_path(devices[i], &b, NULL))
			wanted += blkdev_size(&b);
	wanted = tablefile_size(wanted, chunk_shift);
	all = tablefile_size(all_disks(), chunk_shift);
	free_bytes = statvfs("/", &fs) ? 0 : (uint64_t)fs.f_bavail * fs.f_frsize;
	return all > wanted && all < free_bytes / ROOT_SHARE ? all : wanted;
}

static int make_table(int ctl, uint64_t size, struct aip_err *err)
{
	struct aipsnap_id nonce;
	uint32_t why;
	int ret = tablefile_create(TABLE_PATH, size, &nonce, err);

	if (ret)
		return ret;
	ret = tablefile_load(ctl, TABLE_PATH, &nonce, &why, err);
	if (ret)
		unlink(TABLE_PATH);
	return ret;
}

int settable(int ctl, char *const *devices, int n, unsigned int chunk_shift, uint64_t size,
	     bool replace, struct aip_err *err)
{
	struct aipsnap_info info;
	uint32_t why;
	int ret = ctl_info(ctl, &info, err);

	if (ret || info.flags & AIPSNAP_INFO_TABLE)
		return ret;
	if (!size)
		size = sensible_size(devices, n, chunk_shift);
	if (size < AIPSNAP_TABLE_MIN || size > AIPSNAP_TABLE_MAX)
		return aip_err_set(err, -EINVAL, "a table has between 1 MiB and 16 GiB");
	if (!access(TABLE_PATH, F_OK)) {
		ret = tablefile_load(ctl, TABLE_PATH, NULL, &why, err);
		if (!ret)
			return 0;
		if (!replace || !why)
			return aip_err_hint(err,
					    "aipsnap enable --new-table DEV... makes a new one "
					    "(what is in the old one is lost: new lineages)");
		if (unlink(TABLE_PATH))
			return aip_err_errno(err, -errno, "%s: cannot be replaced", TABLE_PATH);
	}
	return make_table(ctl, size / AIPSNAP_TABLE_BLOCK * AIPSNAP_TABLE_BLOCK, err);
}
