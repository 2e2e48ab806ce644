/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blkdev.h: block devices as sysfs shows them, and how they lie on each other.
 */
#ifndef AIPSNAP_BLKDEV_H
#define AIPSNAP_BLKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aipsnap/fingerprint.h"
#include "aipsnap/id.h"
#include "common/err.h"

struct blkdev {
	unsigned int major, minor;
	char kname[64]; /* "sda1", "dm-0", "cciss!c0d0" as sysfs writes it */
	char name[80];	/* a name that people know: /dev/sda1, /dev/mapper/vg-root */
	char node[256]; /* to open it by */
};

/**
 * sysfs_ensure - make sure that /sys and /proc are there
 *
 * Shutdown may have unmounted /sys.  Then both are mounted in a mount namespace of
 * our own, which goes away with the process.  Return: 0 or -errno.
 */
int sysfs_ensure(struct aip_err *err);

/** blkdev_from_path - Return: 0, -ENOTBLK when @path is no block device, or -errno. */
int blkdev_from_path(const char *path, struct blkdev *b, struct aip_err *err);

/** blkdev_from_number - Return: 0, -ENXIO when there is no such device, or -errno. */
int blkdev_from_number(unsigned int major, unsigned int minor, struct blkdev *b,
		       struct aip_err *err);

/** blkdev_size - Return: bytes, 0 when unknown. */
uint64_t blkdev_size(const struct blkdev *b);

/** blkdev_identify - what is on it: type and UUID, no digest. Return: 0 or -errno. */
int blkdev_identify(const struct blkdev *b, struct aipsnap_identity *id, struct aip_err *err);

/** blkdev_identity - the same from a fingerprint that was taken already. */
void blkdev_identity(const struct blkdev *b, const struct fingerprint *fp,
		     struct aipsnap_identity *id);

struct census_entry {
	struct blkdev dev;
	struct aipsnap_identity id;
};

/* All block devices of the machine, and what is on them. */
struct census {
	struct census_entry *list;
	size_t n;
};

/** census_take - look at every block device that can be read. Return: 0 or -errno. */
int census_take(struct census *c, struct aip_err *err);

/** census_free - give its memory back. */
void census_free(struct census *c);

/**
 * census_find - the device on which something of identity @id lies now
 *
 * By UUID, not by name.  Where several carry it (legs of a mirror, paths of one disk),
 * the uppermost of one stack; where these are several still, the one named in @id.
 *
 * Return: 0, -ENOENT, or -ENOTUNIQ.
 */
int census_find(const struct census *c, const struct aipsnap_identity *id, struct blkdev *b,
		struct aip_err *err);

/**
 * blkdev_refuse - what only user space can see and the driver cannot track
 * Return: 0, -EOPNOTSUPP with the reason in @err, or -errno.
 */
int blkdev_refuse(const struct blkdev *b, struct aip_err *err);

/**
 * blkdev_refuse_held - whether something above @b writes to it unseen (md, bcache, multipath)
 * Return: 0, -EOPNOTSUPP with the reason in @err, or -errno.
 */
int blkdev_refuse_held(const struct blkdev *b, struct aip_err *err);

/**
 * blkdev_refuse_store - whether a snapshot of @base cannot have its storage on @store
 *
 * The driver knows its own writes by their pages.  Where a layer between the two copies or
 * encrypts them they come to @base as somebody else's, and copy-on-write waits for itself.
 *
 * Return: 0, -EOPNOTSUPP with the reason in @err, or -errno.
 */
int blkdev_refuse_store(const struct blkdev *store, const struct blkdev *base, struct aip_err *err);

/**
 * A visitor gets a device and how many layers above (or below) the start it lies.
 * Return: 0 to go on, anything else ends the walk and is returned.
 */
typedef int (*blkdev_visit)(const struct blkdev *b, int depth, void *arg);

/**
 * blkdev_above - visit what lies above @b: partitions, holders (md, dm, bcache), recursively
 * Loop devices and file systems are no holders in this sense.
 */
int blkdev_above(const struct blkdev *b, blkdev_visit visit, void *arg, struct aip_err *err);

/**
 * blkdev_lies_on - whether writes to @b can reach one of @bases
 *
 * Downwards: partition to disk, md and dm to their members, a loop device to the file
 * system of its file.  Return: layers between them (0: it is one of them), -1 if none.
 */
int blkdev_lies_on(const struct blkdev *b, const struct blkdev *bases, size_t n);

#endif
