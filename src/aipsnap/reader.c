// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aipsnap/reader.h"
#include "common/cleanup.h"

#define ALIGN 4096

static int open_direct(const char *path, mode_t type)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);

	if (fd < 0 && errno == EINVAL && S_ISREG(type))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int measure(struct reader *r, const struct stat *st)
{
	int sector;

	r->sector = 512;
	if (S_ISREG(st->st_mode)) {
		r->size = st->st_size / 512 * 512;
		return 0;
	}
	if (ioctl(r->fd, BLKGETSIZE64, &r->size) < 0 || ioctl(r->fd, BLKSSZGET, &sector) < 0)
		return -errno;
	if (sector < 512 || sector > ALIGN || sector & (sector - 1))
		return -EOPNOTSUPP;
	r->sector = sector;
	return 0;
}

int reader_open(struct reader *r, const char *path, struct aip_err *err)
{
	struct stat st;
	int ret;

	*r = (struct reader)READER_INIT;
	strncpy(r->name, path, sizeof(r->name) - 1);
	if (stat(path, &st) < 0)
		return aip_err_errno(err, -errno, "%s", path);
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return aip_err_set(err, -ENOTBLK, "%s: neither a block device nor an image", path);
	r->fd = open_direct(path, st.st_mode);
	if (r->fd < 0)
		return aip_err_errno(err, r->fd, "%s: cannot open for direct reading", path);
	ret = measure(r, &st);
	if (!ret && posix_memalign((void **)&r->bounce, ALIGN, READER_BOUNCE))
		ret = -ENOMEM;
	if (ret) {
		reader_close(r);
		return aip_err_errno(err, ret, "%s: cannot tell its size", path);
	}
	return 0;
}

void reader_close(struct reader *r)
{
	aip_closep(&r->fd);
	r->fd = -1;
	free(r->bounce);
	r->bounce = NULL;
}

/* Fill the bounce buffer from @from (aligned) with up to @want bytes; image files may end inside a page. */
static int fill(struct reader *r, uint64_t from, size_t want)
{
	size_t got = 0;
	ssize_t n;

	while (got < want) {
		n = pread(r->fd, r->bounce + got, want - got, from + got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		got += n;
		/* an odd tail cannot be continued with O_DIRECT; it is the end of an image */
		if (n % 512)
			break;
	}
	return got >= want ? 0 : -EIO;
}

int reader_read(struct reader *r, uint64_t offset, void *buf, size_t len, struct aip_err *err)
{
	uint8_t *out = buf;

	if (offset > r->size || len > r->size - offset)
		return aip_err_set(err, -EINVAL,
				   "%s: %zu bytes at %" PRIu64 " lie beyond the end (%" PRIu64 ")",
				   r->name, len, offset, r->size);
	while (len) {
		uint64_t from = offset / ALIGN * ALIGN;
		size_t skip = offset - from, want = skip + len, n;
		int ret;

		if (want > READER_BOUNCE)
			want = READER_BOUNCE;
		want = (want + ALIGN - 1) / ALIGN * ALIGN;
		if (want > r->size - from)
			want = r->size - from;
		ret = fill(r, from, want);
		if (ret)
			return aip_err_errno(err, ret, "%s: reading at %" PRIu64, r->name, from);
		n = want - skip < len ? want - skip : len;
		memcpy(out, r->bounce + skip, n);
		out += n;
		offset += n;
		len -= n;
	}
	return 0;
}
