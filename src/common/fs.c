// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/fs.h"
#include "common/hex.h"

int aip_read_fd(int fd, size_t max, const char *name, struct aip_buf *out, struct aip_err *err)
{
	size_t total = 0;

	for (;;) {
		ssize_t n;

		if (aip_buf_reserve(out, 16384) < 0)
			return aip_err_errno(err, -ENOMEM, "cannot read %s", name);
		n = read(fd, out->data + out->len, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return aip_err_errno(err, -errno, "cannot read %s", name);
		if (n == 0)
			return 0;
		total += n;
		if (total > max)
			return aip_err_set(err, -EFBIG, "%s is larger than %zu bytes", name, max);
		out->len += n;
		out->data[out->len] = 0;
	}
}

int aip_read_file(int dirfd, const char *path, size_t max, struct aip_buf *out, struct aip_err *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer */
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return aip_err_errno(err, -errno, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return aip_err_set(err, -EINVAL, "%s is not a regular file", path);
	if (aip_buf_reserve(out, (size_t)st.st_size < max ? (size_t)st.st_size + 1 : max) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", path);
	return aip_read_fd(fd, max, path, out, err);
}

int aip_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : slash - path);
}

int aip_fsync_dir(int dirfd, const char *path)
{
	_cleanup_free_ char *dir = parent_of(path);
	_cleanup_close_ int fd = -1;

	if (!dir)
		return -ENOMEM;
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

char *aip_temp_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	unsigned char rnd[6];
	char hex[13], *out;

	if (getrandom(rnd, sizeof(rnd), 0) != sizeof(rnd))
		return NULL;
	aip_hex(rnd, sizeof(rnd), hex);
	if (asprintf(&out, "%.*s.%s.aip-%s", (int)(name - path), path, name, hex) < 0)
		return NULL;
	return out;
}

int aip_write_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		   struct aip_err *err)
{
	_cleanup_free_ char *tmp = aip_temp_name(path);
	_cleanup_close_ int fd = -1;
	int r;

	if (!tmp)
		return aip_err_errno(err, -ENOMEM, "cannot write %s", path);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return aip_err_errno(err, -errno, "cannot create %s", tmp);
	r = aip_write_all(fd, data, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return aip_err_errno(err, r, "cannot write %s", path);
	}
	r = aip_fsync_dir(dirfd, path);
	if (r < 0)
		return aip_err_errno(err, r, "cannot make %s durable", path);
	return 0;
}

int aip_mkdirs(int dirfd, const char *path, mode_t mode, struct aip_err *err)
{
	_cleanup_free_ char *p = strdup(path);
	char *s;

	if (!p)
		return aip_err_errno(err, -ENOMEM, "cannot create %s", path);
	for (s = p + 1; *p; s++) {
		char c = *s;

		if (c != '/' && c)
			continue;
		*s = 0;
		if (mkdirat(dirfd, p, mode) < 0 && errno != EEXIST)
			return aip_err_errno(err, -errno, "cannot create folder %s", p);
		*s = c;
		if (!c)
			break;
	}
	return 0;
}
