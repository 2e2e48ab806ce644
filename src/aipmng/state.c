// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "aipmng/state.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/hex.h"
#include "patch/index.h"

#define PRISTINE_DIR AIP_STATE_DIR "/pristine"
#define TEMP_MARK    ".aip-"
#define TEMP_DIGITS  12

bool is_temp_name(const char *name, const char *base)
{
	size_t n = strlen(name), tail = strlen(TEMP_MARK) + TEMP_DIGITS;

	if (n <= tail + 1 || name[0] != '.' || !aip_is_hex(name + n - TEMP_DIGITS, TEMP_DIGITS) ||
	    memcmp(name + n - tail, TEMP_MARK, strlen(TEMP_MARK)) != 0)
		return false;
	return !base || (n - tail - 1 == strlen(base) && memcmp(name + 1, base, n - tail - 1) == 0);
}

bool state_flag(const struct ctx *ctx, const char *name)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0, NULL);

	return dir >= 0 && faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int state_flag_set(const struct ctx *ctx, const char *name, const char *why, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0755, err);

	if (dir < 0)
		return dir;
	return aip_write_file(dir, name, why, strlen(why), 0644, err);
}

int state_flag_clear(const struct ctx *ctx, const char *name, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0, err);

	if (dir == -ENOENT) {
		aip_err_clear(err);
		return 0;
	}
	if (dir < 0)
		return dir;
	if (unlinkat(dir, name, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return aip_err_errno(err, -errno, "cannot remove " AIP_STATE_DIR "/%s", name);
	}
	if (fsync(dir) < 0)
		return aip_err_errno(err, -errno,
				     "cannot make the removal of " AIP_STATE_DIR "/%s durable",
				     name);
	return 0;
}

int pristine_load(const struct ctx *ctx, const char *sha256, struct aip_buf *out,
		  struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, PRISTINE_DIR, 0, err);
	char sum[AIP_SHA256_HEX];
	size_t start = out->len;
	int r;

	if (dir < 0)
		return dir;
	r = aip_read_file(dir, sha256, AIP_SCRIPT_MAX, out, err);
	if (r == 0)
		r = aip_sha256_hex(out->data + start, out->len - start, sum);
	if (r == 0 && strcmp(sum, sha256) != 0)
		r = aip_err_set(err, -EBADMSG, "the copy " PRISTINE_DIR "/%s is damaged", sha256);
	if (r < 0)
		out->len = start;
	return r;
}

int pristine_save(const struct ctx *ctx, const char *sha256, const void *data, size_t len,
		  struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf old = AIP_BUF_INIT;
	_cleanup_close_ int dir = -1;

	if (pristine_load(ctx, sha256, &old, NULL) == 0)
		return 0;
	dir = ctx_dir(ctx, PRISTINE_DIR, 0700, err);
	if (dir < 0)
		return dir;
	return aip_write_file(dir, sha256, data, len, 0600, err);
}

typedef bool (*doomed_fn)(const char *name, const void *arg);

static void sweep(int dirfd, doomed_fn doomed, const void *arg)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d)))
		if (doomed(e->d_name, arg))
			unlinkat(dirfd, e->d_name, 0);
}

static bool any_temp(const char *name, const void *arg)
{
	return is_temp_name(name, NULL);
}

void state_sweep(int dirfd)
{
	sweep(dirfd, any_temp, NULL);
}

struct keep {
	const char *const *v;
	size_t n;
};

static bool not_kept(const char *name, const void *arg)
{
	const struct keep *k = arg;
	size_t i;

	if (is_temp_name(name, NULL))
		return true;
	if (!aip_is_hex(name, AIP_SHA256_HEX - 1))
		return false;
	for (i = 0; i < k->n; i++)
		if (strcmp(k->v[i], name) == 0)
			return false;
	return true;
}

void pristine_sweep(const struct ctx *ctx, const char *const *keep, size_t n)
{
	_cleanup_close_ int dir = ctx_dir(ctx, PRISTINE_DIR, 0, NULL);
	struct keep k = { keep, n };

	if (dir >= 0)
		sweep(dir, not_kept, &k);
}
