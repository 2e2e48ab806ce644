// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aipsnap/store.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define NOTES "/run/aip/snapshot-"
/* of files in folders that are not only ours: nobody else's may look like it */
#define PREFIX "aipsnap-store-"
#define RANDOM "XXXXXX"
#define TRIES  20

/*
 * A new file, locked until the caller closes the returned descriptor: a sweep in between leaves it
 * alone.  After that the driver has pinned it.
 */
static int new_file(const char *folder, uint64_t size, char **name, struct aip_err *err)
{
	_cleanup_close_ int fd = -1, lock = -1;
	_cleanup_free_ char *path = NULL;
	struct fsxattr xattr;
	struct stat st;
	int ret;

	if (asprintf(&path, "%s/" PREFIX RANDOM, folder) < 0)
		return aip_err_errno(err, -ENOMEM, "%s", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return aip_err_errno(err, -errno,
				     "%s: cannot make a file for the difference storage", folder);
	lock = open(path, O_RDONLY | O_CLOEXEC);
	if (lock < 0 && errno == ENOENT)
		return -EAGAIN; /* swept */
	if (lock < 0 || flock(lock, LOCK_EX) || fstat(lock, &st)) {
		ret = -errno;
		unlink(path);
		return aip_err_errno(err, ret, "%s", path);
	}
	if (!st.st_nlink)
		return -EAGAIN; /* swept, before it was locked */
	/* its blocks are not on the device that the driver is told of */
	if (!ioctl(fd, FS_IOC_FSGETXATTR, &xattr) && xattr.fsx_xflags & FS_XFLAG_REALTIME) {
		unlink(path);
		return aip_err_set(
			err, -EOPNOTSUPP,
			"%s: lies in the realtime part of an XFS: difference storage cannot", path);
	}
	/* the extents must be on disk before the driver asks for them */
	ret = fallocate(fd, 0, 0, size) || fsync(fd) ? -errno : 0;
	if (ret) {
		unlink(path);
		aip_err_errno(err, ret, "%s: room for the difference storage", path);
		return ret == -ENOSPC
			       ? aip_err_hint(err,
					      "--size makes it smaller, --store puts it elsewhere")
			       : ret;
	}
	*name = TAKE_PTR(path);
	return TAKE_FD(lock);
}

int store_create(const char *folder, uint64_t size, char **name, struct aip_err *err)
{
	int ret, tries = TRIES;

	if (!strcmp(folder, STORE_FOLDER)) {
		ret = aip_mkdirs(AT_FDCWD, folder, 0700, err);
		if (ret)
			return ret;
	}
	store_sweep(folder);
	while ((ret = new_file(folder, size, name, err)) == -EAGAIN)
		if (!tries--)
			return aip_err_errno(err, ret, "%s: files of the difference storage vanish",
					     folder);
	return ret;
}

int store_note(unsigned int n, const char *name, struct aip_err *err)
{
	char path[64];
	int ret = aip_mkdirs(AT_FDCWD, "/run/aip", 0700, err);

	snprintf(path, sizeof(path), NOTES "%u", n);
	return ret ? ret : aip_write_file(AT_FDCWD, path, name, strlen(name), 0600, err);
}

char *store_noted(unsigned int n)
{
	_cleanup_buf_ struct aip_buf name = AIP_BUF_INIT;
	char path[64];

	snprintf(path, sizeof(path), NOTES "%u", n);
	if (aip_read_file(AT_FDCWD, path, 4096, &name, NULL) || !name.data)
		return NULL;
	return strdup(name.data);
}

void store_release(unsigned int n)
{
	_cleanup_free_ char *name = store_noted(n);
	char path[64];

	if (name)
		unlink(name);
	snprintf(path, sizeof(path), NOTES "%u", n);
	unlink(path);
}

static bool is_ours(const char *name)
{
	size_t n = strlen(PREFIX);

	return !strncmp(name, PREFIX, n) && strlen(name) == n + strlen(RANDOM) &&
	       strspn(name + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
		       strlen(RANDOM);
}

/*
 * Files in use are pinned by the driver: unlink() fails with EPERM for them.  One that is being
 * made is locked by its maker.
 */
void store_sweep(const char *folder)
{
	_cleanup_closedir_ DIR *d = opendir(folder);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		_cleanup_close_ int fd = -1;

		if (!is_ours(e->d_name))
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		    !flock(fd, LOCK_EX | LOCK_NB))
			unlinkat(dirfd(d), e->d_name, 0);
	}
}
