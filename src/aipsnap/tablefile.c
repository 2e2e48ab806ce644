// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "aipsnap/ctl.h"
#include "aipsnap/tablefile.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define EXT_MAGIC 0xef53
#define XFS_MAGIC 0x58465342
#define BATCH	  256 /* blocks written at once */
#define SCRATCH	  64  /* extents that the driver maps at once */
#define SMALLEST  (4ULL << 20)
#define OVERHEAD  (1ULL << 20)
#define BITMAPS	  8

uint64_t tablefile_size(uint64_t bytes, unsigned int chunk_shift)
{
	uint64_t size = OVERHEAD + BITMAPS * ((bytes >> chunk_shift) / 8 + 1);

	if (size < SMALLEST)
		size = SMALLEST;
	if (size > AIPSNAP_TABLE_MAX)
		size = AIPSNAP_TABLE_MAX;
	return (size + AIPSNAP_TABLE_BLOCK - 1) / AIPSNAP_TABLE_BLOCK * AIPSNAP_TABLE_BLOCK;
}

static int random_id(struct aipsnap_id *id)
{
	_cleanup_close_ int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return read(fd, id->b, sizeof(id->b)) == sizeof(id->b) ? 0 : -EIO;
}

static int check_fs(int fd, const char *path, uint64_t size, struct aip_err *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return aip_err_errno(err, -errno, "%s", path);
	if (fs.f_type != EXT_MAGIC && fs.f_type != XFS_MAGIC) {
		aip_err_set(err, -EOPNOTSUPP,
			    "%s: its file system (type 0x%lx) cannot hold the table", path,
			    (unsigned long)fs.f_type);
		return aip_err_hint(
			err,
			"ext2, ext3, ext4 and XFS can; without a table `aipsnap enable --unsaved` "
			"tracks in memory until the next restart");
	}
	if (size / fs.f_bsize > fs.f_bavail / 4)
		return aip_err_set(err, -ENOSPC,
				   "%s: %" PRIu64
				   " MiB would take more than a quarter of the free space",
				   path, size >> 20);
	return 0;
}

static int write_blank(int fd, uint64_t size, const struct aipsnap_id *nonce)
{
	_cleanup_free_ uint8_t *buf = calloc(BATCH, AIPSNAP_TABLE_BLOCK);
	uint64_t block, blocks = size / AIPSNAP_TABLE_BLOCK;
	int ret;

	if (!buf)
		return -ENOMEM;
	for (block = 0; block < blocks;) {
		uint64_t n = blocks - block < BATCH ? blocks - block : BATCH, i;

		for (i = 0; i < n; i++) {
			struct aipsnap_blank b = { .magic = AIPSNAP_BLANK_MAGIC,
						   .block = htole64(block + i),
						   .nonce = *nonce };

			memcpy(buf + i * AIPSNAP_TABLE_BLOCK, &b, sizeof(b));
		}
		ret = aip_write_all(fd, buf, n * AIPSNAP_TABLE_BLOCK);
		if (ret)
			return ret;
		block += n;
	}
	return fsync(fd) ? -errno : 0;
}

int tablefile_create(const char *path, uint64_t size, struct aipsnap_id *nonce, struct aip_err *err)
{
	_cleanup_close_ int fd = -1;
	int ret = random_id(nonce);

	if (ret)
		return aip_err_errno(err, ret, "/dev/urandom");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return aip_err_errno(err, -errno, "%s: cannot create it", path);
	ret = check_fs(fd, path, size, err);
	if (!ret) {
		ret = write_blank(fd, size, nonce);
		if (!ret)
			ret = aip_fsync_dir(AT_FDCWD, path);
		if (ret)
			aip_err_errno(err, ret, "%s: writing it", path);
	}
	if (ret)
		unlink(path);
	return ret;
}

int tablefile_load(int ctl, const char *path, const struct aipsnap_id *nonce, uint32_t *why,
		   struct aip_err *err)
{
	_cleanup_free_ struct fiemap_extent *scratch = calloc(SCRATCH, sizeof(*scratch));
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct aipsnap_table_load load = { .flags = nonce ? AIPSNAP_TABLE_FORMAT : 0 };
	int ret;

	*why = 0;
	if (fd < 0)
		return aip_err_errno(err, -errno, "%s", path);
	if (!scratch)
		return aip_err_errno(err, -ENOMEM, "%s", path);
	load.file = (struct aipsnap_file){ fd, SCRATCH, (uintptr_t)scratch };
	if (nonce)
		load.nonce = *nonce;
	ret = ctl_call(ctl, AIPSNAP_TABLE_LOAD, &load);
	if (!ret || (ret == -EBUSY && !nonce && !load.why))
		return 0;
	*why = load.why;
	return ctl_fail(err, ret, load.why, "%s", path);
}

int flag_exists(void)
{
	return !access(FLAG_PATH, F_OK);
}

int flag_set(struct aip_err *err)
{
	_cleanup_close_ int fd = open(FLAG_PATH, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int ret = fd < 0 ? -errno : aip_fsync_dir(AT_FDCWD, FLAG_PATH);

	return ret ? aip_err_errno(err, ret, "%s: cannot make it", FLAG_PATH) : 0;
}

int flag_clear(struct aip_err *err)
{
	int ret =
		unlink(FLAG_PATH) && errno != ENOENT ? -errno : aip_fsync_dir(AT_FDCWD, FLAG_PATH);

	return ret ? aip_err_errno(err, ret, "%s: cannot remove it", FLAG_PATH) : 0;
}
