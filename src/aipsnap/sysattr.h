/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysattr.h: attributes of block devices in sysfs.
 */
#ifndef AIPSNAP_SYSATTR_H
#define AIPSNAP_SYSATTR_H

#include <stddef.h>
#include <stdint.h>

/** sysattr_text - read /sys/class/block/@kname/@attr without the newline. Return: 0 or -errno. */
int sysattr_text(const char *kname, const char *attr, char *out, size_t room);

/** sysattr_number - the same as a decimal number. Return: 0, -EINVAL, or -errno. */
int sysattr_number(const char *kname, const char *attr, uint64_t *out);

/** sysattr_dev - device number of @kname. Return: 0 or -errno. */
int sysattr_dev(const char *kname, unsigned int *major, unsigned int *minor);

/** sysattr_disk - device number of the disk that @kname is a partition of. Return: 0, -ENOENT for no partition. */
int sysattr_disk(const char *kname, unsigned int *major, unsigned int *minor);

#endif
