// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "aipsnap/blkdev.h"
#include "aipsnap/sysattr.h"
#include "common/cleanup.h"

#define LAYERS_MAX 16

int sysfs_ensure(struct aip_err *err)
{
	bool sys = !access("/sys/dev/block", F_OK), proc = !access("/proc/self/mountinfo", F_OK);

	if (sys && proc)
		return 0;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return aip_err_errno(err, -errno,
				     "/sys is not mounted, and no namespace to mount it in");
	if (!sys && mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return aip_err_errno(err, -errno, "/sys: cannot mount it");
	if (!proc && mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return aip_err_errno(err, -errno, "/proc: cannot mount it");
	return 0;
}

/* /dev/mapper/NAME for device-mapper, /dev/md/… stays /dev/mdN, else the kernel's name. */
static void set_names(struct blkdev *b)
{
	char text[128], *p;

	snprintf(b->node, sizeof(b->node), "/dev/%s", b->kname);
	for (p = b->node; (p = strchr(p, '!'));)
		*p = '/';
	snprintf(b->name, sizeof(b->name), "%.79s", b->node);
	if (!sysattr_text(b->kname, "dm/name", text, sizeof(text)) && strlen(text) < 60)
		snprintf(b->name, sizeof(b->name), "/dev/mapper/%.60s", text);
}

int blkdev_from_number(unsigned int major, unsigned int minor, struct blkdev *b,
		       struct aip_err *err)
{
	char link[64], target[PATH_MAX];
	struct stat st;
	ssize_t n;

	memset(b, 0, sizeof(*b));
	b->major = major;
	b->minor = minor;
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return aip_err_set(err, -ENXIO, "%u:%u: there is no such block device", major,
				   minor);
	target[n] = 0;
	snprintf(b->kname, sizeof(b->kname), "%.63s",
		 strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	set_names(b);
	/* a /dev without devtmpfs may lack the node, or have another one in its place */
	if (stat(b->node, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != makedev(major, minor)) {
		snprintf(b->node, sizeof(b->node), "/dev/.aipsnap-%u-%u", major, minor);
		if (mknod(b->node, S_IFBLK | 0600, makedev(major, minor)) && errno != EEXIST)
			return aip_err_errno(err, -errno, "%s: cannot make a device node", b->node);
	}
	return 0;
}

int blkdev_from_path(const char *path, struct blkdev *b, struct aip_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return aip_err_errno(err, -errno, "%s", path);
	if (!S_ISBLK(st.st_mode))
		return aip_err_set(err, -ENOTBLK, "%s: not a block device", path);
	return blkdev_from_number(major(st.st_rdev), minor(st.st_rdev), b, err);
}

uint64_t blkdev_size(const struct blkdev *b)
{
	uint64_t sectors;

	return sysattr_number(b->kname, "size", &sectors) ? 0 : sectors * 512;
}

void blkdev_identity(const struct blkdev *b, const struct fingerprint *fp,
		     struct aipsnap_identity *id)
{
	memset(id, 0, sizeof(*id));
	if (fp->uuid_text[0]) {
		snprintf(id->fs_type, sizeof(id->fs_type), "%.15s", fp->kind);
		snprintf(id->uuid, sizeof(id->uuid), "%.47s", fp->uuid_text);
	}
	snprintf(id->name, sizeof(id->name), "%.79s", b->name);
}

int blkdev_identify(const struct blkdev *b, struct aipsnap_identity *id, struct aip_err *err)
{
	_cleanup_(reader_close) struct reader r = READER_INIT;
	_cleanup_(fingerprint_free) struct fingerprint fp = FINGERPRINT_INIT;
	int ret = reader_open(&r, b->node, err);

	if (!ret)
		ret = fingerprint_identify(&r, &fp, err);
	if (!ret)
		blkdev_identity(b, &fp, id);
	return ret;
}

/* ---- the stack --------------------------------------------------------------- */

/* Each device named in a folder of sysfs (holders/, slaves/). */
static int each_in(const char *folder, blkdev_visit visit, int depth, void *arg,
		   struct aip_err *err)
{
	_cleanup_closedir_ DIR *d = opendir(folder);
	struct dirent *e;
	int ret;

	while (d && (e = readdir(d))) {
		unsigned int major, minor;
		struct blkdev b;

		if (e->d_name[0] == '.' || sysattr_dev(e->d_name, &major, &minor) ||
		    blkdev_from_number(major, minor, &b, NULL))
			continue;
		ret = visit(&b, depth, arg);
		if (ret)
			return ret;
	}
	return 0;
}

/* Partitions are folders of the disk that hold a file "partition". */
static int each_partition(const struct blkdev *disk, blkdev_visit visit, int depth, void *arg)
{
	_cleanup_closedir_ DIR *d = NULL;
	char path[512];
	struct dirent *e;
	int ret;

	snprintf(path, sizeof(path), "/sys/class/block/%s", disk->kname);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		unsigned int major, minor;
		struct blkdev b;

		snprintf(path, sizeof(path), "/sys/class/block/%s/%.255s/partition", disk->kname,
			 e->d_name);
		if (e->d_name[0] == '.' || access(path, F_OK) ||
		    sysattr_dev(e->d_name, &major, &minor) ||
		    blkdev_from_number(major, minor, &b, NULL))
			continue;
		ret = visit(&b, depth, arg);
		if (ret)
			return ret;
	}
	return 0;
}

struct climb {
	blkdev_visit visit;
	void *arg;
	struct aip_err *err;
};

static int climb(const struct blkdev *b, int depth, void *arg)
{
	struct climb *c = arg;
	char path[128];
	int ret = 0;

	if (depth > LAYERS_MAX)
		return aip_err_set(c->err, -ELOOP, "%s: more than %d layers", b->name, LAYERS_MAX);
	if (depth)
		ret = c->visit(b, depth, c->arg);
	if (!ret)
		ret = each_partition(b, climb, depth + 1, c);
	snprintf(path, sizeof(path), "/sys/class/block/%s/holders", b->kname);
	return ret ? ret : each_in(path, climb, depth + 1, c, c->err);
}

int blkdev_above(const struct blkdev *b, blkdev_visit visit, void *arg, struct aip_err *err)
{
	struct climb c = { visit, arg, err };

	return climb(b, 0, &c);
}

struct descent {
	const struct blkdev *bases;
	size_t n;
	int best;
};

static int descend(const struct blkdev *b, int depth, void *arg)
{
	struct descent *d = arg;
	unsigned int major, minor;
	char path[PATH_MAX];
	struct blkdev next;
	struct stat st;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->bases[i].major == b->major && d->bases[i].minor == b->minor &&
		    depth > d->best)
			d->best = depth;
	if (depth >= LAYERS_MAX)
		return 0;
	if (!sysattr_disk(b->kname, &major, &minor) &&
	    !blkdev_from_number(major, minor, &next, NULL))
		descend(&next, depth + 1, d);
	if (!sysattr_text(b->kname, "loop/backing_file", path, sizeof(path)) && !stat(path, &st) &&
	    !blkdev_from_number(major(st.st_dev), minor(st.st_dev), &next, NULL))
		descend(&next, depth + 1, d);
	snprintf(path, sizeof(path), "/sys/class/block/%s/slaves", b->kname);
	return each_in(path, descend, depth + 1, d, NULL);
}

int blkdev_lies_on(const struct blkdev *b, const struct blkdev *bases, size_t n)
{
	struct descent d = { bases, n, -1 };

	descend(b, 0, &d);
	return d.best;
}
