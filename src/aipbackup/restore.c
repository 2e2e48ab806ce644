// SPDX-License-Identifier: GPL-2.0-or-later
/* restore */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "aipbackup/aipbackup.h"
#include "aipbackup/chain.h"
#include "aipbackup/ui.h"
#include "common/fs.h"
#include "common/jsonw.h"

struct target {
	const char *path;
	int fd;
	bool device; /* a block device, else an image file */
	bool exists;
	uint64_t size;
};

static int refuse(struct aip_err *err, const char *hint)
{
	aip_err_hint(err, "%s", hint);
	return aip_err_exit(err, AIP_EXIT_REFUSED);
}

/* Does the device hold something that is not what is restored? */
static int check_identity(const struct target *t, const struct aip_manifest *m, bool force,
			  struct aip_err *err)
{
	_cleanup_free_ char *uuid = NULL, *type = NULL;
	int r = aip_probe(t->path, &uuid, &type, err);

	if (r < 0 || force || (!uuid[0] && !type[0]) || (uuid[0] && strcmp(uuid, m->uuid) == 0))
		return r;
	if (strcmp(type, AIP_TYPE_AMBIVALENT) == 0) {
		aip_err_set(err, -EEXIST,
			    "%s is not blank, and blkid cannot tell what it holds: signatures of "
			    "more than one kind, or it failed",
			    t->path);
		return refuse(err, "`wipefs` lists them; choose another target, or say --force to "
				   "overwrite it");
	}
	aip_err_set(err, -EEXIST, "%s holds %s%s%s, which is not what backup %s is of", t->path,
		    type[0] ? type : "something", uuid[0] ? " with UUID " : "", uuid, m->id);
	return refuse(err, "choose another target, or say --force to overwrite it");
}

static int open_device(struct target *t, const struct aip_manifest *m, const struct aip_options *o,
		       struct aip_err *err)
{
	/* O_EXCL on a block device: refused while it or a partition of it is mounted or held */
	t->fd = open(t->path, (o->dry_run ? O_RDONLY : O_RDWR) | O_EXCL | O_CLOEXEC);
	if (t->fd < 0 && errno == EBUSY) {
		aip_err_set(err, -EBUSY,
			    "%s is in use: mounted, swap, or part of a volume or array", t->path);
		return refuse(err, "unmount it; a running system's own disk is restored from a "
				   "rescue system");
	}
	if (t->fd < 0 || ioctl(t->fd, BLKGETSIZE64, &t->size) < 0)
		return aip_err_errno(err, -errno, "cannot open %s", t->path);
	if (t->size < m->size) {
		aip_err_set(err, -ENOSPC, "%s has %" PRIu64 " bytes, backup %s needs %" PRIu64,
			    t->path, t->size, m->id, m->size);
		return refuse(err, "choose a target that is at least as large");
	}
	return check_identity(t, m, o->force, err);
}

/* The folder that an image file lies in, links followed. Return: its path, caller frees; NULL with errno. */
static char *folder_of(const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL), *copy = strdup(real ? real : path);

	return copy ? realpath(dirname(copy), NULL) : NULL;
}

/* /dev is memory: what is "restored" there, by a mistyped name, is gone with the next boot. */
static bool below_dev(const char *folder, const struct stat *st)
{
	struct stat dev, root;

	if (strcmp(folder, "/dev/shm") == 0 || strncmp(folder, "/dev/shm/", 9) == 0)
		return false;
	if (strcmp(folder, "/dev") == 0 || strncmp(folder, "/dev/", 5) == 0)
		return true;
	/* mounted in another place, too; where /dev is but a folder of the root, that says nothing */
	return stat("/dev", &dev) == 0 && stat("/", &root) == 0 && dev.st_dev != root.st_dev &&
	       st->st_dev == dev.st_dev;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is @file one of the files in the set's folder, by whatever name? Return: 1, 0 or -errno. */
static int in_set(const struct aip_set *s, const struct stat *file, struct aip_err *err)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0;
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (!d)
		return aip_err_errno(err, -errno, "cannot read %s", s->path);
	while (!found && (errno = 0, e = readdir(d)))
		found = fstatat(s->dirfd, e->d_name, &st, 0) == 0 && is_same(&st, file);
	return !found && errno ? aip_err_errno(err, -errno, "cannot read %s", s->path) : found;
}

/* An image file must lie where it lasts, and nowhere in the set itself. */
static int check_image(const struct target *t, const struct stat *file, const struct aip_set *s,
		       struct aip_err *err)
{
	_cleanup_free_ char *path = folder_of(t->path);
	struct stat folder, set;
	int r;

	if (!path || stat(path, &folder) < 0)
		return aip_err_errno(err, -errno, "cannot create %s", t->path);
	if (below_dev(path, &folder)) {
		aip_err_set(err, -EINVAL,
			    t->exists ? "%s is no device, but a file in /dev"
				      : "there is no device %s",
			    t->path);
		return refuse(err, "name a block device that exists (`lsblk`), or a new file "
				   "outside of /dev for an image");
	}
	if (fstat(s->dirfd, &set) < 0)
		return aip_err_errno(err, -errno, "cannot look at %s", s->path);
	r = is_same(&folder, &set);
	if (!r && t->exists)
		r = in_set(s, file, err);
	if (r <= 0)
		return r;
	aip_err_set(err, -EINVAL, "%s lies in the set itself", t->path);
	return refuse(err, "choose a target outside of the folder of the set");
}

static int open_image(struct target *t, const struct aip_manifest *m, const struct aip_options *o,
		      struct aip_err *err)
{
	if (t->exists && !o->force) {
		aip_err_set(err, -EEXIST, "%s exists", t->path);
		return refuse(err, "choose another name, or say --force to overwrite it");
	}
	if (o->dry_run)
		return 0;
	t->fd = open(t->path, O_RDWR | O_CLOEXEC | (t->exists ? 0 : O_CREAT | O_EXCL), 0600);
	if (t->fd < 0 && errno == EEXIST) {
		aip_err_set(err, -EEXIST, "%s exists, or is a link to nowhere", t->path);
		return refuse(err, "choose another name");
	}
	/* emptied first: what is not written reads as zeroes */
	if (t->fd < 0 || ftruncate(t->fd, 0) < 0 || ftruncate(t->fd, m->size) < 0)
		return aip_err_errno(err, -errno, "cannot create %s", t->path);
	t->size = m->size;
	return 0;
}

static int open_target(struct target *t, const struct aip_set *s, const struct aip_manifest *m,
		       const struct aip_options *o, struct aip_err *err)
{
	struct stat st;
	int r;

	t->fd = -1;
	t->exists = stat(t->path, &st) == 0;
	if (!t->exists && errno != ENOENT)
		return aip_err_errno(err, -errno, "cannot look at %s", t->path);
	t->device = t->exists && S_ISBLK(st.st_mode);
	if (t->device)
		return open_device(t, m, o, err);
	if (t->exists && !S_ISREG(st.st_mode)) {
		aip_err_set(err, -EINVAL, "%s is neither a block device nor a file", t->path);
		return refuse(err, "name a block device, or a new file for an image");
	}
	r = check_image(t, &st, s, err);
	return r < 0 ? r : open_image(t, m, o, err);
}

/* Make a range of the target read as zeroes; a new image has it so already. */
static int zero_range(const struct target *t, uint64_t at, uint64_t len, struct aip_err *err)
{
	static const char zeroes[1 << 16];

	if (!t->device || !len)
		return 0;
	if (fallocate(t->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, at, len) == 0)
		return 0;
	while (len) {
		size_t n = len < sizeof(zeroes) ? len : sizeof(zeroes);

		if (aip_stop)
			return aip_err_set(err, -EINTR, "interrupted");
		if (pwrite(t->fd, zeroes, n, at) != (ssize_t)n)
			return aip_err_errno(err, -errno, "cannot write %s at byte %" PRIu64,
					     t->path, at);
		at += n;
		len -= n;
	}
	return 0;
}

static int write_chunk(const struct target *t, const struct aip_chunk *c, const char *buf,
		       size_t len, uint64_t at, struct aip_err *err)
{
	if (c->zero)
		return zero_range(t, at, len, err);
	while (len) {
		ssize_t n = pwrite(t->fd, buf, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return aip_err_errno(err, n ? -errno : -ENOSPC,
					     "cannot write %s at byte %" PRIu64, t->path, at);
		buf += n;
		len -= n;
		at += n;
	}
	return 0;
}

/* Every chunk is compared with its checksum before it is written. */
static int write_all(struct aip_chain *chain, const struct aip_manifest *m, const struct target *t,
		     bool dry_run, uint64_t *data, struct aip_err *err)
{
	_cleanup_free_ char *buf = malloc(m->chunk);
	struct aip_progress p;
	struct aip_chunk c;
	uint64_t next = 0;
	size_t len;
	int r = 0;

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "cannot restore");
	aip_progress_start(&p, dry_run ? "reading" : "restoring");
	while (r == 0 && aip_chain_next(chain, &c)) {
		uint64_t at = c.no * m->chunk;

		if (aip_stop)
			r = aip_err_set(err, -EINTR, "interrupted: %s is incomplete", t->path);
		if (r == 0)
			r = aip_chain_read(chain, &c, buf, &len, err);
		if (r == 0 && !dry_run)
			r = zero_range(t, next, at - next, err);
		if (r == 0 && !dry_run)
			r = write_chunk(t, &c, buf, len, at, err);
		if (r == 0)
			next = at + len;
		*data += r == 0 && !c.zero ? len : 0;
		aip_progress(&p, next, m->size);
	}
	if (r == 0 && !dry_run)
		r = zero_range(t, next, m->size - next, err);
	aip_progress_end(&p);
	if (r == 0 && !dry_run && fsync(t->fd) < 0)
		r = aip_err_errno(err, -errno, "cannot make %s durable", t->path);
	return r;
}

/* A backup whose data cannot be had at all must not cost what the target holds. */
static int try_first(struct aip_chain *chain, const struct aip_manifest *m, struct aip_err *err)
{
	_cleanup_free_ char *buf = malloc(m->chunk);
	struct aip_chunk c;
	size_t len;
	int r = 0;

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "cannot restore");
	if (aip_chain_next(chain, &c))
		r = aip_chain_read(chain, &c, buf, &len, err);
	aip_chain_rewind(chain);
	return r;
}

static void report(const struct aip_manifest *m, const struct target *t, uint64_t data,
		   bool dry_run)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char a[16], c[16];
	struct aip_jsonw w;

	if (!aip_ui_json) {
		printf("%s backup %s (%s, %s of data) to %s%s.\n",
		       dry_run ? "Would restore" : "Restored", m->id, aip_ui_bytes(m->size, a),
		       aip_ui_bytes(data, c), t->path, dry_run ? "; all of it is readable" : "");
		return;
	}
	aip_jsonw_init(&w, &b, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "id", m->id);
	aip_jsonw_str(&w, "target", t->path);
	aip_jsonw_uint(&w, "size", m->size);
	aip_jsonw_uint(&w, "data", data);
	aip_jsonw_bool(&w, "written", !dry_run);
	aip_jsonw_end(&w);
	if (aip_buf_status(&b) == 0)
		fputs(b.data, stdout);
}

int aip_cmd_restore(const struct aip_options *o, char **args)
{
	_cleanup_chain_ struct aip_chain *chain = NULL;
	_cleanup_set_ struct aip_set s = AIP_SET_INIT;
	struct target t = { .path = args[1], .fd = -1 };
	struct aip_err err = AIP_ERR_INIT;
	const struct aip_manifest *m;
	uint64_t data = 0;
	int r;

	if (aip_set_open(args[0], false, &s, &err) < 0)
		return aip_ui_fail(&err);
	m = aip_set_find(&s, o->id ? o->id : "latest");
	if (!m || m->pruned) {
		aip_err_set(&err, -ENOENT, "%s has no backup %s", args[0],
			    o->id ? o->id : "at all");
		aip_err_hint(&err, "`aipbackup list %s` shows what there is", args[0]);
		return aip_ui_fail(&err);
	}
	/* the backup is opened first: no target is touched for a backup that cannot be read */
	r = aip_chain_open(&s, m, 0, &chain, &err);
	if (r == 0)
		r = try_first(chain, m, &err);
	if (r == 0)
		r = open_target(&t, &s, m, o, &err);
	if (r == 0)
		r = write_all(chain, m, &t, o->dry_run, &data, &err);
	if (t.fd >= 0 && close(t.fd) < 0 && r == 0)
		r = aip_err_errno(&err, -errno, "cannot make %s durable", t.path);
	if (r < 0)
		return aip_ui_fail(&err);
	report(m, &t, data, o->dry_run);
	return 0;
}
