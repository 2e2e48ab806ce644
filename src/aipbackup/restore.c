// SPDX-License-Identifier: GPL-2.0-or-later
/* restore */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
	bool device; /* a block device, else an image file made by us */
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

static int open_image(struct target *t, const struct aip_manifest *m, const struct aip_options *o,
		      struct aip_err *err)
{
	if (o->dry_run)
		return 0;
	t->fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC | (o->force ? O_TRUNC : O_EXCL), 0600);
	if (t->fd < 0 && errno == EEXIST) {
		aip_err_set(err, -EEXIST, "%s exists", t->path);
		return refuse(err, "choose another name, or say --force to overwrite it");
	}
	if (t->fd < 0 || ftruncate(t->fd, m->size) < 0)
		return aip_err_errno(err, -errno, "cannot create %s", t->path);
	t->size = m->size;
	return 0;
}

static int open_target(struct target *t, const struct aip_manifest *m, const struct aip_options *o,
		       struct aip_err *err)
{
	struct stat st;

	t->fd = -1;
	if (stat(t->path, &st) < 0) {
		if (errno == ENOENT)
			return open_image(t, m, o, err);
		return aip_err_errno(err, -errno, "cannot look at %s", t->path);
	}
	t->device = S_ISBLK(st.st_mode);
	if (!t->device && !S_ISREG(st.st_mode)) {
		aip_err_set(err, -EINVAL, "%s is neither a block device nor a file", t->path);
		return refuse(err, "name a block device, or a new file for an image");
	}
	if (!t->device && o->dry_run && !o->force) {
		aip_err_set(err, -EEXIST, "%s exists", t->path);
		return refuse(err, "choose another name, or say --force to overwrite it");
	}
	return t->device ? open_device(t, m, o, err) : open_image(t, m, o, err);
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
		r = open_target(&t, m, o, &err);
	if (r == 0)
		r = write_all(chain, m, &t, o->dry_run, &data, &err);
	if (t.fd >= 0 && close(t.fd) < 0 && r == 0)
		r = aip_err_errno(&err, -errno, "cannot make %s durable", t.path);
	if (r < 0)
		return aip_ui_fail(&err);
	report(m, &t, data, o->dry_run);
	return 0;
}
