// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "aipsnap/bound.h"
#include "aipsnap/ctl.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define NODE	      "/dev/" AIPSNAP_CONTROL
#define MISC_MAJOR    10
#define MODPROBE_TIME 20 /* seconds */

int ctl_call(int fd, unsigned long request, void *arg)
{
	while (ioctl(fd, request, arg) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int ctl_is_off(void)
{
	_cleanup_buf_ struct aip_buf line = AIP_BUF_INIT;
	char *word, *next;

	if (aip_read_file(AT_FDCWD, "/proc/cmdline", 65536, &line, NULL) || !line.data)
		return 0;
	for (word = strtok_r(line.data, " \n", &next); word; word = strtok_r(NULL, " \n", &next))
		if (!strcmp(word, "aip=off"))
			return 1;
	return 0;
}

/* A /dev without devtmpfs, before udev came round: make the node ourselves. */
static void make_node(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/misc", "re");
	char name[64];
	unsigned int minor;

	while (f && fscanf(f, "%u %63s", &minor, name) == 2)
		if (!strcmp(name, AIPSNAP_CONTROL))
			(void)!mknod(NODE, S_IFCHR | 0600, makedev(MISC_MAJOR, minor));
}

static int try_open(void)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		make_node();
		fd = open(NODE, O_RDWR | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

static int no_driver(struct aip_err *err, int status)
{
	if (status == -ENOENT || status == 127)
		aip_err_set(err, -ENODEV, "the driver is not loaded, and modprobe is not there");
	else if (status == -ETIMEDOUT)
		aip_err_set(err, -ENODEV, "the driver: modprobe aipsnap did not end within %d s",
			    MODPROBE_TIME);
	else
		aip_err_set(err, -ENODEV, "the driver: modprobe aipsnap failed with status %d",
			    status);
	aip_err_hint(err, "aipmng --status says whether the module is built for this kernel; "
			  "aipmng --modupdate builds it");
	aip_err_exit(err, EXIT_NO_DRIVER);
	return -ENODEV;
}

static int check_abi(int fd, struct aip_err *err)
{
	struct aipsnap_info info;
	int ret = ctl_info(fd, &info, err);

	if (ret || info.abi == AIPSNAP_ABI)
		return ret;
	aip_err_set(err, -EPROTO,
		    "the loaded driver %.32s speaks version %u of the interface, this aipsnap %u",
		    info.version, info.abi, AIPSNAP_ABI);
	aip_err_hint(err, "restart the machine to load the driver that belongs to the package");
	return aip_err_exit(err, EXIT_NO_DRIVER);
}

int ctl_open(int flags, struct aip_err *err)
{
	static const char *const modprobe[] = { "/sbin/modprobe", "-q", "aipsnap", NULL };
	_cleanup_close_ int fd = try_open();
	int ret;

	if ((fd == -ENOENT || fd == -ENODEV || fd == -ENXIO) && flags & CTL_LOAD) {
		ret = bound_exec(modprobe, MODPROBE_TIME);
		fd = ret ? -ENODEV : try_open();
		if (fd < 0)
			return no_driver(err, ret);
	}
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO) {
		aip_err_set(err, -ENODEV, "the driver is not loaded");
		aip_err_hint(err, "aipsnap start --tracking loads it; aipmng --status tells more");
		return aip_err_exit(err, EXIT_NO_DRIVER);
	}
	if (fd < 0)
		return aip_err_errno(err, fd, "%s", NODE);
	ret = check_abi(fd, err);
	return ret ? ret : TAKE_FD(fd);
}

int ctl_info(int fd, struct aipsnap_info *info, struct aip_err *err)
{
	int ret;

	memset(info, 0, sizeof(*info));
	ret = ctl_call(fd, AIPSNAP_INFO, info);
	return ret ? aip_err_errno(err, ret, "%s: asking the driver", NODE) : 0;
}

int ctl_device(int fd, unsigned int slot, struct aipsnap_device *dev, struct aip_err *err)
{
	int ret;

	memset(dev, 0, sizeof(*dev));
	dev->slot = slot;
	ret = ctl_call(fd, AIPSNAP_DEVICE, dev);
	if (ret && ret != -ENODEV)
		aip_err_errno(err, ret, "%s: asking for slot %u", NODE, slot);
	return ret;
}

int ctl_find(int fd, unsigned int major, unsigned int minor, struct aipsnap_device *dev,
	     struct aip_err *err)
{
	unsigned int slot;
	int ret;

	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
		ret = ctl_device(fd, slot, dev, err);
		if (ret == -ENODEV)
			continue;
		if (ret)
			return ret;
		if (dev->state != AIPSNAP_WAITING && dev->major == major && dev->minor == minor)
			return 0;
	}
	return -ENOENT;
}

int ctl_fail(struct aip_err *err, int ret, uint32_t why, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (why)
		return aip_err_set(err, ret, "%s: %s", what, why_text(why));
	return aip_err_errno(err, ret, "%s", what);
}
