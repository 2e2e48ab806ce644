// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/sysattr.h"
#include "common/cleanup.h"

int sysattr_text(const char *kname, const char *attr, char *out, size_t room)
{
	_cleanup_close_ int fd = -1;
	char path[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s", kname, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, out, room - 1);
	if (n < 0)
		return -errno;
	while (n && out[n - 1] == '\n')
		n--;
	out[n] = 0;
	return 0;
}

int sysattr_number(const char *kname, const char *attr, uint64_t *out)
{
	char text[32], *end;
	int ret = sysattr_text(kname, attr, text, sizeof(text));

	if (ret)
		return ret;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno || end == text || *end ? -EINVAL : 0;
}

int sysattr_dev(const char *kname, unsigned int *major, unsigned int *minor)
{
	char text[32];
	int ret = sysattr_text(kname, "dev", text, sizeof(text));

	if (ret)
		return ret;
	return sscanf(text, "%u:%u", major, minor) == 2 ? 0 : -EINVAL;
}

int sysattr_disk(const char *kname, unsigned int *major, unsigned int *minor)
{
	char text[32];

	if (sysattr_text(kname, "partition", text, sizeof(text)))
		return -ENOENT;
	if (sysattr_text(kname, "../dev", text, sizeof(text)))
		return -ENOENT;
	return sscanf(text, "%u:%u", major, minor) == 2 ? 0 : -EINVAL;
}
