/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h: talks to the driver through /dev/aipsnap-control.
 */
#ifndef AIPSNAP_CTL_H
#define AIPSNAP_CTL_H

#include "aipsnap/id.h"
#include "common/err.h"

#define EXIT_NO_DRIVER 3

#define CTL_LOAD (1 << 0) /* modprobe the driver when it is not there */

/**
 * ctl_open - open the control device
 * @flags: CTL_*
 * A driver with another ABI is refused.  Return: descriptor, -ENODEV (exit EXIT_NO_DRIVER), or -errno.
 */
int ctl_open(int flags, struct aip_err *err);

/** ctl_info - what the driver says of itself. Return: 0 or -errno. */
int ctl_info(int fd, struct aipsnap_info *info, struct aip_err *err);

/** ctl_device - status of one slot. Return: 0, -ENODEV for an empty one, or -errno. */
int ctl_device(int fd, unsigned int slot, struct aipsnap_device *dev, struct aip_err *err);

/**
 * ctl_find - the slot that tracks a device
 * Return: 0, -ENOENT when none does, or -errno.
 */
int ctl_find(int fd, unsigned int major, unsigned int minor, struct aipsnap_device *dev,
	     struct aip_err *err);

/**
 * ctl_fail - put a failed call into words
 * @ret: -errno
 * @why: enum aipsnap_why that the call left, 0 if it has none
 * Return: @ret.
 */
int ctl_fail(struct aip_err *err, int ret, uint32_t why, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** ctl_call - ioctl(), again after EINTR. Return: 0 or -errno. */
int ctl_call(int fd, unsigned long request, void *arg);

/** ctl_is_off - Return: whether aip=off stands on the kernel command line. */
int ctl_is_off(void);

#endif
