/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h: what is backed up, standing still while it is read: a snapshot made by
 * the driver, or a device or image file that nobody writes (--as-is).
 */
#ifndef AIP_SOURCE_H
#define AIP_SOURCE_H

#include "aipbackup/extents.h"
#include "aipbackup/set.h"

struct aip_source {
	char *device;	   /* what is backed up */
	char *image;	   /* where it is read: /dev/aipsnap<N>, or the device itself */
	char *origin;	   /* what aipsnap says that the snapshot is of, NULL without */
	char *uuid, *type; /* of what is on it, "" when unknown */
	int fd;		   /* of the image */
	uint64_t size;
	uint32_t chunk;			  /* of the tracking; 0 without */
	char lineage[33], generation[33]; /* "" without tracking */
	int snapshot;			  /* number of the snapshot, -1: none */
	bool own_snapshot;		  /* made by us: removed at the end */
};

#define AIP_SOURCE_INIT                                                                            \
	{                                                                                          \
		.fd = -1, .snapshot = -1                                                           \
	}

struct aip_source_options {
	bool as_is;
	int snapshot;	   /* use this one, -1: make one */
	const char *store; /* passed to `aipsnap snapshot create`, or NULL */
	const char *store_size;
};

/**
 * aip_source_open - get hold of a standing image
 * @set: its .pending notes the snapshot, so that the next run removes it should this one die
 * Return: 0, -EBUSY (with --as-is: mounted or otherwise in use), or -errno.
 */
int aip_source_open(const char *device, const struct aip_source_options *o, struct aip_set *set,
		    struct aip_source *s, struct aip_err *err);

/**
 * aip_source_changes - the chunks that changed since a generation
 * @since: id of the generation, 32 hex digits
 * Return: 0; -ESTALE when the driver does not know the id (another lineage; @err says why); -errno.
 */
int aip_source_changes(const struct aip_source *s, const char *since, struct aip_extents *out,
		       struct aip_err *err);

/** aip_source_close - remove the snapshot, if it is ours. Return: 0 or -errno (a snapshot remains). */
int aip_source_close(struct aip_source *s, struct aip_set *set, struct aip_err *err);

/**
 * aip_source_drop_pending - remove the snapshot that an interrupted run of this set left behind
 * Return: 0 (also where there is no driver, or no aipsnap), -errno: it may still be there, and its note stays.
 */
int aip_source_drop_pending(struct aip_set *set, struct aip_err *err);

/** Type of what blkid gives no answer to: signatures of several kinds, or blkid failed. */
#define AIP_TYPE_AMBIVALENT "ambivalent"

/**
 * aip_probe - what is on a device or image file, by blkid
 * @uuid, @type: set ("" when there is nothing that blkid knows); of the partition table, where there
 * is one, even if the superblock of a file system is there too; caller frees
 * Return: 0 or -errno.
 */
int aip_probe(const char *path, char **uuid, char **type, struct aip_err *err);

#endif
