// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "aipsnap/ctl.h"
#include "aipsnap/mounts.h"
#include "aipsnap/track.h"
#include "common/cleanup.h"

/* A mount may write a little ahead of what the digest covers: count these blocks as changed. */
static int send_marks(int ctl, unsigned int slot, uint64_t token, const struct fingerprint *fp)
{
	size_t i;
	int ret;

	for (i = 0; i < fp->n_marks; i++) {
		uint64_t first = fp->marks[i].start / 512;
		uint64_t end = (fp->marks[i].start + fp->marks[i].len + 511) / 512;
		struct aipsnap_mark mark = {
			.slot = slot, .token = token, .sector = first, .sectors = end - first
		};

		ret = ctl_call(ctl, AIPSNAP_MARK, &mark);
		if (ret)
			return ret;
	}
	return 0;
}

/* The fingerprint, or one that says why there is none. */
static void look(const struct blkdev *b, struct fingerprint *fp, char detail[160])
{
	_cleanup_(reader_close) struct reader r = READER_INIT;
	struct aip_err err = AIP_ERR_INIT;
	int ret = reader_open(&r, b->node, &err);

	if (!ret)
		ret = fingerprint_take(&r, fp, &err);
	if (ret) {
		fp->provable = false;
		fp->method = FP_NONE;
		snprintf(fp->why, sizeof(fp->why), "%.159s", err.msg);
	}
	snprintf(detail, 160, "%s", fp->provable ? fp->detail : fp->why);
}

static void to_uapi(const struct fingerprint *fp, struct aipsnap_fingerprint *out)
{
	memset(out, 0, sizeof(*out));
	out->method = fp->method;
	memcpy(out->digest, fp->digest, sizeof(out->digest));
}

/* Whether something above @b can write already: how long since, nobody knows. */
static bool is_writable(const struct blkdev *b)
{
	_cleanup_(mounts_free) struct mounts all = { 0 }, above = { 0 };
	size_t i;

	if (mounts_read(&all, NULL) || mounts_above(&all, b, 1, &above))
		return true;
	for (i = 0; i < above.n; i++)
		if (above.list[i].rw)
			return true;
	return false;
}

int track_start(int ctl, unsigned int slot, const struct blkdev *b, uint32_t fresh, struct track *t,
		struct aip_err *err)
{
	_cleanup_(fingerprint_free) struct fingerprint fp = FINGERPRINT_INIT;
	struct aipsnap_start_begin begin = { .slot = slot, .major = b->major, .minor = b->minor };
	struct aipsnap_start_commit commit = { .slot = slot };
	int ret;

	*t = (struct track){ .slot = slot };
	snprintf(t->name, sizeof(t->name), "%s", b->name);
	ret = blkdev_refuse_held(b, err);
	if (ret)
		return ret;
	ret = ctl_call(ctl, AIPSNAP_START_BEGIN, &begin);
	if (ret == -EIO)
		t->table_failed = true;
	else if (ret)
		return ctl_fail(err, ret, begin.why, "%s: cannot be tracked", b->name);
	look(b, &fp, t->detail);
	if (fp.provable && send_marks(ctl, slot, begin.token, &fp))
		fp.method = FP_NONE;
	blkdev_identity(b, &fp, &commit.identity);
	to_uapi(&fp, &commit.fingerprint);
	commit.token = begin.token;
	if (fresh) {
		commit.flags = AIPSNAP_START_NEW;
		commit.why = fresh;
	} else if (is_writable(b)) {
		/* an XFS mounted read-write may have written to files, and nothing yet to its log */
		commit.flags = AIPSNAP_START_NEW;
		commit.why = AIPSNAP_WHY_WRITTEN;
	}
	ret = ctl_call(ctl, AIPSNAP_START_COMMIT, &commit);
	if (ret == -EIO)
		t->table_failed = true;
	else if (ret)
		return ctl_fail(err, ret, commit.why, "%s: cannot be tracked", b->name);
	t->resumed = commit.flags & AIPSNAP_START_RESUMED;
	t->why = t->resumed ? AIPSNAP_WHY_NONE : commit.why;
	t->lineage = commit.lineage;
	t->generation = commit.generation;
	return 0;
}

void track_begin(int ctl)
{
	flock(ctl, LOCK_SH);
}

void track_unstick(int ctl, struct aipsnap_device *dev)
{
	struct aipsnap_slot slot = { .slot = dev->slot };

	if (dev->state != AIPSNAP_STARTING)
		return;
	if (!flock(ctl, LOCK_EX | LOCK_NB) && !ctl_call(ctl, AIPSNAP_STOP, &slot))
		dev->state = AIPSNAP_WAITING;
	/* one that fails has given up what was there */
	flock(ctl, LOCK_SH);
}

int track_anew(int ctl, const struct aipsnap_device *dev, struct track *t, struct aip_err *err)
{
	struct aipsnap_new_lineage call = { .slot = dev->slot, .why = AIPSNAP_WHY_FLAG };
	int ret = ctl_call(ctl, AIPSNAP_NEW_LINEAGE, &call);

	*t = (struct track){ .slot = dev->slot, .why = AIPSNAP_WHY_FLAG };
	snprintf(t->name, sizeof(t->name), "%.79s", dev->identity.name);
	t->lineage = call.lineage;
	t->generation = call.generation;
	return ret ? ctl_fail(err, ret, 0, "%s: no new lineage", t->name) : 0;
}

/*
 * The driver sees file systems on the device and its partitions.  Above LVM, md or a
 * loop device only we do.
 */
static int check_mounts(const struct blkdev *b, struct track *t, struct aip_err *err)
{
	_cleanup_(mounts_free) struct mounts all = { 0 }, above = { 0 };
	int ret = mounts_read(&all, err);
	size_t i;

	if (!ret && mounts_above(&all, b, 1, &above))
		ret = aip_err_errno(err, -ENOMEM, "%s", b->name);
	for (i = 0; !ret && i < above.n; i++) {
		const struct mounted *fs = &above.list[i];
		struct blkdev on;

		if (!fs->rw)
			continue;
		t->why = AIPSNAP_WHY_STILL_WRITABLE;
		if (blkdev_from_number(fs->major, fs->minor, &on, NULL))
			on = *b;
		ret = aip_err_set(err, -EBUSY, "%s: not sealed: %s is mounted read-write on %s",
				  b->name, on.name, fs->point);
		aip_err_hint(
			err,
			"until it is read-only or unmounted, the next start begins a new lineage");
	}
	return ret;
}

/* Return: 0, or -errno after the driver went back to tracking. */
static int prove(int ctl, const struct blkdev *b, unsigned int slot, struct track *t,
		 struct aipsnap_seal_commit *commit, struct aip_err *err)
{
	_cleanup_(fingerprint_free) struct fingerprint fp = FINGERPRINT_INIT;
	struct aipsnap_slot back = { .slot = slot };

	look(b, &fp, t->detail);
	if (!fp.provable) {
		ctl_call(ctl, AIPSNAP_SEAL_ABORT, &back);
		t->why = AIPSNAP_WHY_NO_FINGERPRINT;
		return aip_err_set(err, -EOPNOTSUPP, "%s: not sealed: %s", b->name, fp.why);
	}
	blkdev_identity(b, &fp, &commit->identity);
	to_uapi(&fp, &commit->fingerprint);
	return 0;
}

int track_seal(int ctl, const struct aipsnap_device *dev, unsigned int timeout_ms, struct track *t,
	       struct aip_err *err)
{
	struct aipsnap_seal_begin begin = { .slot = dev->slot, .timeout_ms = timeout_ms };
	struct aipsnap_seal_commit commit = { .slot = dev->slot };
	struct blkdev b;
	int ret;

	*t = (struct track){ .slot = dev->slot };
	snprintf(t->name, sizeof(t->name), "%.79s", dev->identity.name);
	ret = blkdev_from_number(dev->major, dev->minor, &b, err);
	if (ret)
		return ret;
	snprintf(t->name, sizeof(t->name), "%s", b.name);
	ret = check_mounts(&b, t, err);
	if (!ret) {
		ret = blkdev_refuse_held(&b, err);
		if (ret)
			t->why = AIPSNAP_WHY_STILL_WRITABLE;
	}
	if (ret)
		return ret;
	ret = ctl_call(ctl, AIPSNAP_SEAL_BEGIN, &begin);
	if (ret) {
		t->why = begin.why;
		begin.holder[sizeof(begin.holder) - 1] = 0;
		return ctl_fail(err, ret, begin.why, "%s: not sealed%s%s", b.name,
				begin.holder[0] ? ", held by " : "", begin.holder);
	}
	t->written = begin.written;
	commit.token = begin.token;
	ret = prove(ctl, &b, dev->slot, t, &commit, err);
	if (ret)
		return ret;
	ret = ctl_call(ctl, AIPSNAP_SEAL_COMMIT, &commit);
	if (ret) {
		t->why = commit.why;
		return ctl_fail(err, ret, commit.why, "%s: not sealed", b.name);
	}
	return 0;
}
