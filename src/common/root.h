/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * root.h: paths inside another root folder (--root DIR), as that root sees them:
 * an absolute symbolic link starts at DIR again, ".." never leaves it.
 */
#ifndef AIP_ROOT_H
#define AIP_ROOT_H

#include "common/err.h"

/**
 * aip_root_resolve - follow every symbolic link of a path inside a root
 * @rootfd: the root folder
 * @path: path as seen inside it ("/etc/rc.d/rc.sysinit"); the last component need not exist
 * @follow_last: whether a link as the last component is followed too
 * @out: set to the path relative to @rootfd without any link, "." for the root itself; caller frees
 *
 * Return: 0, -ELOOP after 40 links, -ENOENT or -ENOTDIR when a folder on the way is missing or none, or -errno.
 */
int aip_root_resolve(int rootfd, const char *path, int follow_last, char **out,
		     struct aip_err *err);

#endif
