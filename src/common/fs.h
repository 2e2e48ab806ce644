/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fs.h: files, read whole and bounded, written whole or not at all.
 */
#ifndef AIP_FS_H
#define AIP_FS_H

#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

/**
 * aip_read_fd - append everything up to end of file
 * @fd: readable
 * @max: bytes at most
 * @name: what to call it in errors
 * Return: 0, -EFBIG when there is more than @max, or -errno.
 */
int aip_read_fd(int fd, size_t max, const char *name, struct aip_buf *out, struct aip_err *err);

/**
 * aip_read_file - append the content of a regular file
 * @dirfd: folder that a relative @path starts from, or AT_FDCWD
 * A symbolic link as the last component is followed; a device, FIFO or folder is refused.
 * Return: 0, -ENOENT, -EFBIG, -EINVAL (not a regular file), or -errno.
 */
int aip_read_file(int dirfd, const char *path, size_t max, struct aip_buf *out,
		  struct aip_err *err);

/** aip_write_all - write @len bytes to @fd, whatever the kernel takes at once. Return: 0 or -errno. */
int aip_write_all(int fd, const void *data, size_t len);

/** aip_fsync_dir - make the names in the folder of @path (relative to @dirfd) durable. Return: 0 or -errno. */
int aip_fsync_dir(int dirfd, const char *path);

/**
 * aip_write_file - replace a file atomically and durably
 *
 * Temporary file in the same folder (O_EXCL, named .NAME.aip-XXXXXX), fsync, rename,
 * fsync of the folder.  On failure the old file is untouched and the temporary one gone.
 *
 * @mode: permission bits of the new file
 * Return: 0 or -errno.
 */
int aip_write_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		   struct aip_err *err);

/** aip_mkdirs - make folder @path and those above it, as far as they are missing. Return: 0 or -errno. */
int aip_mkdirs(int dirfd, const char *path, mode_t mode, struct aip_err *err);

/**
 * aip_temp_name - a name for a temporary file beside @path
 * Return: ".../.NAME.aip-" and 12 random hex digits, caller frees; NULL when memory is out.
 */
char *aip_temp_name(const char *path);

#endif
