// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/fiemap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "aipsnap/ctl.h"
#include "aipsnap/hooks.h"
#include "aipsnap/mounts.h"
#include "aipsnap/store.h"
#include "aipsnap/switch.h"
#include "common/cleanup.h"

#define SCRATCH 64 /* extents of a storage file that the driver maps at once */

static int add_member(struct switching *s, const struct blkdev *b, const struct aipsnap_device *dev)
{
	struct switch_member *m = realloc(s->member, (s->n + 1) * sizeof(*m));

	if (!m)
		return -ENOMEM;
	s->member = m;
	m[s->n++] = (struct switch_member){ .dev = *b, .status = *dev, .store_fd = -1 };
	return 0;
}

static int find_all(int ctl, struct switching *s, struct aip_err *err)
{
	struct aipsnap_device dev;
	struct blkdev b;
	unsigned int slot;
	int ret = 0;

	for (slot = 0; !ret && slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, &dev, NULL) && dev.state == AIPSNAP_TRACKING) {
			ret = blkdev_from_number(dev.major, dev.minor, &b, err);
			if (!ret && add_member(s, &b, &dev))
				ret = aip_err_errno(err, -ENOMEM, "%s", b.name);
		}
	if (!ret && !s->n)
		ret = aip_err_set(err, -ENODATA, "no device is tracked");
	return ret;
}

int switch_find(int ctl, struct switching *s, char *const *paths, size_t n, struct aip_err *err)
{
	struct aipsnap_device dev;
	struct blkdev b;
	size_t i;
	int ret = 0;

	if (!n)
		return find_all(ctl, s, err);
	for (i = 0; !ret && i < n; i++) {
		ret = blkdev_from_path(paths[i], &b, err);
		if (!ret && ctl_find(ctl, b.major, b.minor, &dev, err)) {
			ret = aip_err_set(err, -ENODATA, "%s: is not tracked", b.name);
			aip_err_hint(err, "aipsnap enable %s", b.name);
		}
		if (!ret && add_member(s, &b, &dev))
			ret = aip_err_errno(err, -ENOMEM, "%s", b.name);
	}
	return ret;
}

void switch_free(struct switching *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->member[i].store_file);
		aip_closep(&s->member[i].store_fd);
	}
	free(s->member);
	s->member = NULL;
	s->n = 0;
}

/* ---- storage ------------------------------------------------------------------- */

static uint64_t room_for(const struct switching *s, const struct switch_member *m)
{
	uint64_t bytes = s->store_bytes;

	if (!bytes) {
		bytes = (m->status.sectors << AIPSNAP_SECTOR_SHIFT) / 100 * s->store_percent;
		if (bytes < STORE_MIN)
			bytes = STORE_MIN;
	}
	return bytes >> 20 << 20 ? bytes >> 20 << 20 : bytes;
}

/* One device serves all members, each in a part of its own. */
static int store_device(const struct switching *s, const struct blkdev *b,
			struct aipsnap_member *call, struct aip_err *err)
{
	uint64_t at = 0, size = blkdev_size(b);
	size_t i;

	for (i = 0; i < s->n; i++) {
		call[i].store = AIPSNAP_STORE_DEVICE;
		call[i].major = b->major;
		call[i].minor = b->minor;
		call[i].store_first = at;
		call[i].store_bytes = s->store_bytes || s->store_percent != 100
					      ? room_for(s, &s->member[i])
					      : (size / s->n) >> 20 << 20;
		at += call[i].store_bytes;
	}
	if (at > size)
		return aip_err_set(err, -ENOSPC, "%s: too small for the difference storage",
				   b->name);
	return 0;
}

static int store_files(struct switching *s, struct aipsnap_member *call,
		       struct fiemap_extent *scratch, struct aip_err *err)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct switch_member *m = &s->member[i];

		m->store_fd = store_create(s->store, room_for(s, m), &m->store_file, err);
		if (m->store_fd < 0)
			return m->store_fd;
		call[i].store = AIPSNAP_STORE_FILE;
		call[i].file = (struct aipsnap_file){ m->store_fd, SCRATCH, (uintptr_t)scratch };
	}
	return 0;
}

static bool is_member(const struct switching *s, unsigned int slot)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->member[i].status.slot == slot)
			return true;
	return false;
}

/*
 * Blocks that a file system took from a deleted file, and what is copied to them, would change in the image of
 * an older snapshot of a device below.  (On the very disk the driver sees that itself.)
 */
static int check_older(int ctl, const struct switching *s, const struct blkdev *store,
		       struct aip_err *err)
{
	struct aipsnap_device dev;
	unsigned int slot;
	struct blkdev b;

	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
		if (ctl_device(ctl, slot, &dev, NULL) || !dev.snapshots || is_member(s, slot) ||
		    blkdev_from_number(dev.major, dev.minor, &b, NULL) ||
		    blkdev_lies_on(store, &b, 1) < 0)
			continue;
		aip_err_set(
			err, -EBUSY,
			"%s: lies on %s, of which there is an older snapshot: its image would change",
			store->name, b.name);
		return aip_err_hint(
			err,
			"--store puts the difference storage elsewhere; or remove that snapshot");
	}
	return 0;
}

static int check_place(int ctl, const struct switching *s, const struct blkdev *b,
		       struct aip_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < s->n; i++)
		ret = blkdev_refuse_store(b, &s->member[i].dev, err);
	return ret ? ret : check_older(ctl, s, b, err);
}

static int make_stores(int ctl, struct switching *s, struct aipsnap_member *call,
		       struct fiemap_extent *scratch, struct aip_err *err)
{
	struct blkdev b;
	struct stat st;
	int ret;

	if (!stat(s->store, &st) && S_ISBLK(st.st_mode)) {
		ret = blkdev_from_path(s->store, &b, err);
		ret = ret ? ret : check_place(ctl, s, &b, err);
		return ret ? ret : store_device(s, &b, call, err);
	}
	ret = store_files(s, call, scratch, err);
	/* what is no block device of the machine the driver refuses */
	if (!ret && !fstat(s->member[0].store_fd, &st) &&
	    !blkdev_from_number(major(st.st_dev), minor(st.st_dev), &b, NULL))
		ret = check_place(ctl, s, &b, err);
	return ret;
}

static void drop_stores(struct switching *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->member[i].store_file)
			unlink(s->member[i].store_file);
}

/* ---- the switch ---------------------------------------------------------------- */

/* File systems that write to the members, the innermost first. */
static int freeze_list(const struct switching *s, struct aipsnap_freeze *list, uint32_t *n,
		       struct aip_err *err)
{
	_cleanup_(mounts_free) struct mounts all = { 0 }, above = { 0 };
	_cleanup_free_ struct blkdev *bases = calloc(s->n, sizeof(*bases));
	size_t i;
	int ret;

	*n = 0;
	if (!s->freeze)
		return 0;
	for (i = 0; bases && i < s->n; i++)
		bases[i] = s->member[i].dev;
	ret = mounts_read(&all, err);
	if (!ret && (!bases || mounts_above(&all, bases, s->n, &above)))
		ret = aip_err_errno(err, -ENOMEM, "listing the file systems to freeze");
	for (i = 0; !ret && i < above.n; i++) {
		if (!above.list[i].rw)
			continue;
		if (*n == AIPSNAP_MAX_FREEZE)
			return aip_err_set(err, -E2BIG, "more than %d file systems to freeze",
					   AIPSNAP_MAX_FREEZE);
		list[*n].major = above.list[i].major;
		list[(*n)++].minor = above.list[i].minor;
	}
	return ret;
}

static int call_driver(int ctl, struct switching *s, struct aipsnap_member *call,
		       struct aip_err *err)
{
	struct aipsnap_freeze freeze[AIPSNAP_MAX_FREEZE];
	struct aipsnap_switch sw = { .nr_members = s->n,
				     .members = (uintptr_t)call,
				     .freeze = (uintptr_t)freeze,
				     .timeout_ms = s->timeout * 1000 };
	uint32_t why;
	size_t i;
	int ret = freeze_list(s, freeze, &sw.nr_freeze, err);

	if (ret)
		return ret;
	ret = ctl_call(ctl, AIPSNAP_SWITCH, &sw);
	s->frozen_us = sw.frozen_us;
	s->set = sw.set;
	for (i = 0, why = sw.why; ret && !why && i < s->n; i++)
		why = call[i].why;
	if (ret == -ETIMEDOUT) {
		aip_err_set(err, ret, "a file system could not be frozen within %u s", s->timeout);
		return aip_err_hint(err, "--timeout gives it longer");
	}
	return ret ? ctl_fail(err, ret, why, "no new generation") : 0;
}

int switch_do(int ctl, struct switching *s, struct aip_err *err)
{
	_cleanup_free_ struct aipsnap_member *call = calloc(s->n, sizeof(*call));
	_cleanup_free_ struct fiemap_extent *scratch = calloc(SCRATCH, sizeof(*scratch));
	struct hooks hooks;
	sigset_t ending, before;
	size_t i;
	int ret;

	if (!call || !scratch)
		return aip_err_errno(err, -ENOMEM, "no new generation");
	for (i = 0; i < s->n; i++)
		call[i].slot = s->member[i].status.slot;
	ret = s->snapshots ? make_stores(ctl, s, call, scratch, err) : 0;
	/* what froze the applications thaws them */
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	sigprocmask(SIG_BLOCK, &ending, &before);
	if (!ret)
		ret = hooks_freeze(HOOKS_FOLDER, &hooks, err);
	if (!ret) {
		struct aip_err thaw = AIP_ERR_INIT;

		ret = call_driver(ctl, s, call, err);
		if (hooks_thaw(&hooks, &thaw) && !ret)
			*err = thaw;
	}
	if (ret)
		drop_stores(s);
	sigprocmask(SIG_SETMASK, &before, NULL);
	for (i = 0; !ret && i < s->n; i++) {
		s->member[i].closed = call[i].closed;
		s->member[i].opened = call[i].opened;
		s->member[i].snapshot = call[i].snapshot;
	}
	return ret;
}
