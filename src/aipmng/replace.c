// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "aipmng/replace.h"
#include "aipmng/state.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "patch/index.h"

#define XATTR_NAMES_MAX 65536 /* the kernel's own limits */
#define XATTR_VALUE_MAX 65536

static int open_regular(int rootfd, const char *rel, struct stat *st, struct aip_err *err)
{
	int fd = openat(rootfd, rel, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0)
		return aip_err_errno(err, -errno, "cannot open /%s", rel);
	if (fstat(fd, st) < 0)
		r = aip_err_errno(err, -errno, "cannot open /%s", rel);
	else if (!S_ISREG(st->st_mode))
		r = aip_err_set(err, -EINVAL, "/%s is not a regular file", rel);
	else
		return fd;
	close(fd);
	return r;
}

int file_read_whole(int rootfd, const char *rel, struct aip_buf *out, struct stat *st,
		    struct aip_err *err)
{
	_cleanup_close_ int fd = open_regular(rootfd, rel, st, err);

	if (fd < 0)
		return fd;
	return aip_read_fd(fd, AIP_SCRIPT_MAX, rel, out, err);
}

static int digest_of(int fd, const char *rel, char sum[AIP_SHA256_HEX], struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf now = AIP_BUF_INIT;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return aip_err_errno(err, -errno, "cannot read /%s", rel);
	r = aip_read_fd(fd, AIP_SCRIPT_MAX, rel, &now, err);
	if (r < 0)
		return r;
	r = aip_sha256_hex(now.data, now.len, sum);
	return r < 0 ? aip_err_errno(err, r, "cannot compute the digest of /%s", rel) : 0;
}

/* The file must still have the content that was judged. */
static int check_content(int fd, const char *rel, const char *expect, struct aip_err *err)
{
	char sum[AIP_SHA256_HEX];
	int r = digest_of(fd, rel, sum, err);

	if (r < 0)
		return r;
	if (strcmp(sum, expect) != 0) {
		aip_err_set(err, -ESTALE, "/%s changed while it was being worked on", rel);
		return aip_err_hint(err, "run aipmng again");
	}
	return 0;
}

static int check_inode(int fd, const char *rel, const struct stat *st, struct aip_err *err)
{
	int flags = 0;

	if (st->st_nlink != 1) {
		aip_err_set(err, -EMLINK, "/%s has %lu hard links: replacing it would cut them off",
			    rel, (unsigned long)st->st_nlink);
		return aip_err_hint(err, "find them with: find / -xdev -samefile /%s", rel);
	}
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) {
		aip_err_set(err, -EPERM, "/%s is immutable or append-only", rel);
		return aip_err_hint(err, "chattr -ia /%s, then run aipmng again", rel);
	}
	return 0;
}

static int copy_one_xattr(int from, int to, const char *name)
{
	_cleanup_free_ char *value = malloc(XATTR_VALUE_MAX);
	ssize_t n;

	if (!value)
		return -ENOMEM;
	if (strcmp(name, "security.ima") == 0)
		return -EOPNOTSUPP; /* it vouches for the old content */
	if (strcmp(name, "security.evm") == 0)
		return 0; /* the kernel's own, made anew from the others */
	n = fgetxattr(from, name, value, XATTR_VALUE_MAX);
	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	return fsetxattr(to, name, value, n, 0) < 0 ? -errno : 0;
}

static int copy_xattrs(int from, int to, const char *rel, struct aip_err *err)
{
	_cleanup_free_ char *names = malloc(XATTR_NAMES_MAX);
	ssize_t n, i;
	int r;

	if (!names)
		return aip_err_errno(err, -ENOMEM, "cannot read the attributes of /%s", rel);
	n = flistxattr(from, names, XATTR_NAMES_MAX);
	if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		return 0;
	if (n < 0)
		return aip_err_errno(err, -errno, "cannot read the attributes of /%s", rel);
	for (i = 0; i < n; i += strlen(names + i) + 1) {
		r = copy_one_xattr(from, to, names + i);
		if (r < 0)
			return aip_err_errno(
				err, r, "cannot carry the attribute %s of /%s over to the new file",
				names + i, rel);
	}
	return 0;
}

/*
 * Everything but the content, and then down to the disk.  The content goes there first: a file
 * that has a mode is complete, also after a power cut.
 */
static int dress(int from, int to, const char *rel, const struct stat *st,
		 const struct timespec *mtime, struct aip_err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	int r;

	if (fsync(to) < 0)
		return aip_err_errno(err, -errno, "cannot write the new /%s", rel);
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return aip_err_errno(err, -errno, "cannot give the new /%s its owner and mode",
				     rel);
	r = copy_xattrs(from, to, rel, err);
	if (r < 0)
		return r;
	if (mtime) {
		times[1] = *mtime;
		if (futimens(to, times) < 0)
			return aip_err_errno(err, -errno, "cannot set the time of the new /%s",
					     rel);
	}
	if (fsync(to) < 0)
		return aip_err_errno(err, -errno, "cannot write the new /%s", rel);
	return 0;
}

int replace_prepare(struct replace *r, int rootfd, const char *rel, const char *expect,
		    const void *data, size_t len, const struct timespec *mtime, struct aip_err *err)
{
	_cleanup_close_ int old = -1, new = -1;
	struct stat st;
	int res;

	*r = (struct replace){ .rootfd = rootfd, .rel = rel, .expect = expect };
	old = open_regular(rootfd, rel, &st, err);
	if (old < 0)
		return old;
	res = check_inode(old, rel, &st, err);
	if (res == 0)
		res = check_content(old, rel, expect, err);
	if (res < 0)
		return res;
	r->temp = aip_temp_name(rel);
	if (!r->temp)
		return aip_err_errno(err, -ENOMEM, "cannot write the new /%s", rel);
	new = openat(rootfd, r->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);
	if (new < 0) {
		res = aip_err_errno(err, -errno, "cannot create /%s", r->temp);
		free(TAKE_PTR(r->temp));
		return res;
	}
	res = aip_write_all(new, data, len);
	if (res < 0)
		aip_err_errno(err, res, "cannot write the new /%s", rel);
	else
		res = dress(old, new, rel, &st, mtime, err);
	if (res < 0)
		replace_end(r);
	return res;
}

static int exchange(const struct replace *r)
{
#ifdef SYS_renameat2
	return syscall(SYS_renameat2, r->rootfd, r->temp, r->rootfd, r->rel,
		       1u << 1 /* RENAME_EXCHANGE */) < 0
		       ? -errno
		       : 0;
#else
	return -ENOSYS;
#endif
}

/* After an exchange: what came out must be what was judged, or it goes back. */
static int check_displaced(struct replace *r, struct aip_err *err)
{
	struct stat st;
	_cleanup_close_ int fd = open_regular(r->rootfd, r->temp, &st, err);
	int res = fd < 0 ? fd : check_content(fd, r->rel, r->expect, err);

	if (res == 0)
		return 0;
	aip_err_set(err, -ESTALE, "/%s was replaced while it was being worked on", r->rel);
	aip_err_hint(err, "run aipmng again");
	if (exchange(r) == 0 || renameat(r->rootfd, r->temp, r->rootfd, r->rel) == 0) {
		r->renamed = false;
	} else {
		r->stuck = true; /* not ours to remove; replace_recover() tries again */
		free(TAKE_PTR(r->temp));
	}
	return -ESTALE;
}

static int put(struct replace *r, struct aip_err *err)
{
	int res;

	if (r->plain) {
		if (renameat(r->rootfd, r->temp, r->rootfd, r->rel) < 0)
			return aip_err_errno(err, -errno, "cannot rename the new /%s into place",
					     r->rel);
		r->renamed = true;
		free(TAKE_PTR(r->temp));
		return 0;
	}
	res = exchange(r);
	if (res == -EINVAL || res == -EOPNOTSUPP)
		res = -ENOSYS;
	if (res < 0)
		return aip_err_errno(err, res, "cannot exchange /%s for the new one", r->rel);
	r->renamed = true;
	res = check_displaced(r, err);
	if (res == 0)
		replace_end(r); /* the old file */
	return res;
}

int replace_commit(struct replace *r, struct aip_err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int res;

	fd = open_regular(r->rootfd, r->rel, &st, err);
	if (fd < 0)
		return fd;
	res = check_inode(fd, r->rel, &st, err);
	if (res == 0)
		res = check_content(fd, r->rel, r->expect, err);
	if (res == 0)
		res = put(r, err);
	if (res < 0)
		return res;
	res = aip_fsync_dir(r->rootfd, r->rel);
	if (res < 0)
		return aip_err_errno(err, res, "cannot make the folder of /%s durable", r->rel);
	return 0;
}

void replace_end(struct replace *r)
{
	if (r->temp)
		unlinkat(r->rootfd, r->temp, 0);
	free(TAKE_PTR(r->temp));
}

/* Each file that a run has prepared for @rel and that is still there. Return: 0 or what @each returned first. */
static int each_temp(int rootfd, const char *rel,
		     int (*each)(int dir, const char *name, const char *base, void *arg), void *arg)
{
	const char *slash = strrchr(rel, '/'), *base = slash ? slash + 1 : rel;
	_cleanup_free_ char *path = slash ? strndup(rel, slash - rel) : strdup(".");
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	int fd, r = 0;

	if (!path)
		return -ENOMEM;
	fd = openat(rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0; /* no folder, nothing in it */
	}
	while (r == 0 && (e = readdir(d)))
		if (is_temp_name(e->d_name, base))
			r = each(dirfd(d), e->d_name, base, arg);
	return r;
}

static int remove_temp(int dir, const char *name, const char *base, void *arg)
{
	unlinkat(dir, name, 0);
	return 0;
}

void replace_sweep(int rootfd, const char *rel)
{
	each_temp(rootfd, rel, remove_temp, NULL);
}

struct recovery {
	const char *from, *result; /* digests of ours */
	struct aip_err *err;
	int found; /* what replace_recover() returns */
};

/* Is it one of ours: being written still, or with the content that went in or came out? 1, 0, -errno. */
static int is_ours(int dir, const char *name, const struct recovery *rec)
{
	char sum[AIP_SHA256_HEX];
	struct stat st;
	_cleanup_close_ int fd = -1;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    !(st.st_mode & 07777))
		return 1;
	fd = open_regular(dir, name, &st, rec->err);
	if (fd == -EINVAL || fd == -ELOOP)
		return 0;
	r = fd < 0 ? fd : digest_of(fd, name, sum, rec->err);
	if (r == -EFBIG)
		return 0;
	return r < 0 ? r : strcmp(sum, rec->from) == 0 || strcmp(sum, rec->result) == 0;
}

static int put_back(int dir, const char *name, const char *base, struct recovery *rec)
{
	struct replace back = { .rootfd = dir, .rel = base, .temp = (char *)name };

	if (exchange(&back) < 0 && renameat(dir, name, dir, base) < 0)
		return aip_err_errno(rec->err, -errno, "cannot put %s back as %s", name, base);
	unlinkat(dir, name, 0);
	return 0;
}

/* Since then somebody has put yet another file there: that is the newest, and this one is kept. */
static int put_aside(int dir, const char *name, const char *base, struct recovery *rec)
{
	_cleanup_free_ char *aside = NULL;

	if (asprintf(&aside, "%s.aipsave", base) < 0) {
		aside = NULL;
		return aip_err_errno(rec->err, -ENOMEM, "cannot keep %s", name);
	}
	if (renameat(dir, name, dir, aside) < 0)
		return aip_err_errno(rec->err, -errno, "cannot keep %s as %s", name, aside);
	return 0;
}

static int recover_temp(int dir, const char *name, const char *base, void *arg)
{
	struct recovery *rec = arg;
	int r = is_ours(dir, name, rec);

	if (r == 1)
		return remove_temp(dir, name, base, NULL);
	if (r == 0)
		r = is_ours(dir, base, rec);
	if (r == -ENOENT)
		r = 1; /* nothing there: not worse than ours */
	if (r < 0)
		return r;
	aip_err_clear(rec->err);
	rec->found = r ? REPLACE_PUT_BACK : REPLACE_PUT_ASIDE;
	r = r ? put_back(dir, name, base, rec) : put_aside(dir, name, base, rec);
	if (r == 0 && fsync(dir) < 0)
		r = aip_err_errno(rec->err, -errno, "cannot make %s durable", base);
	return r;
}

int replace_recover(int rootfd, const char *rel, const char *from, const char *result,
		    struct aip_err *err)
{
	struct aip_err ignored = AIP_ERR_INIT;
	struct recovery rec = { from, result, err ? err : &ignored, 0 };
	int r = each_temp(rootfd, rel, recover_temp, &rec);

	return r < 0 ? r : rec.found;
}
