// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aipsnap/store.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define NOTES  "/run/aip"
#define PREFIX "snapshot-"

int store_create(const char *folder, uint64_t size, char **name, struct aip_err *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *path = NULL;
	int ret;

	if (!strcmp(folder, STORE_FOLDER)) {
		ret = aip_mkdirs(AT_FDCWD, folder, 0700, err);
		if (ret)
			return ret;
	}
	if (asprintf(&path, "%s/" PREFIX "XXXXXX", folder) < 0)
		return aip_err_errno(err, -ENOMEM, "%s", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return aip_err_errno(err, -errno,
				     "%s: cannot make a file for the difference storage", folder);
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
	close(TAKE_FD(fd));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		unlink(path);
		return aip_err_errno(err, ret, "%s", path);
	}
	*name = TAKE_PTR(path);
	return TAKE_FD(fd);
}

int store_note(unsigned int n, const char *name, struct aip_err *err)
{
	char path[64];
	int ret = aip_mkdirs(AT_FDCWD, NOTES, 0700, err);

	snprintf(path, sizeof(path), NOTES "/" PREFIX "%u", n);
	return ret ? ret : aip_write_file(AT_FDCWD, path, name, strlen(name), 0600, err);
}

char *store_noted(unsigned int n)
{
	_cleanup_buf_ struct aip_buf name = AIP_BUF_INIT;
	char path[64];

	snprintf(path, sizeof(path), NOTES "/" PREFIX "%u", n);
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
	snprintf(path, sizeof(path), NOTES "/" PREFIX "%u", n);
	unlink(path);
}

/*
 * Files in use are pinned by the driver: unlink() fails with EPERM for them, so nothing has to be
 * looked up first.
 */
void store_sweep(const char *folder)
{
	_cleanup_closedir_ DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, PREFIX, strlen(PREFIX)))
			unlinkat(dirfd(d), e->d_name, 0);
}
