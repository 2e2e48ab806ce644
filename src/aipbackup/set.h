/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set.h: a backup set, a folder that holds one device's backups:
 *
 *   NNNN.json   manifest (the backup exists when this does)
 *   NNNN.sums   which chunks it holds, and their checksums (NNNN.MMMM.sums after MMMM was merged into it)
 *   NNNN.qcow2  the data, with the parent's file as backing file (not for NBD stores)
 *   .lock       held while a set is changed
 *   .pending    what a run under way has made outside of the folder (a snapshot)
 *   .unfinished names of files that may go when no manifest names them: of a run under way
 */
#ifndef AIP_SET_H
#define AIP_SET_H

#include <stddef.h>

#include "aipbackup/manifest.h"
#include "aipbackup/sums.h"

struct aip_set {
	char *path;
	int dirfd, lockfd;
	struct aip_manifest *list; /* by id, oldest first */
	size_t n;
};

#define AIP_SET_INIT                                                                               \
	{                                                                                          \
		NULL, -1, -1, NULL, 0                                                              \
	}

/**
 * aip_set_open - read a set
 * @change: take its lock, make the folder if it is missing, remove what an interrupted run left
 * Return: 0, -EBUSY (somebody else changes it), -EBADMSG (a manifest is damaged), or -errno.
 */
int aip_set_open(const char *path, bool change, struct aip_set *s, struct aip_err *err);
void aip_set_close(struct aip_set *s);
#define _cleanup_set_ __attribute__((cleanup(aip_set_close)))

/**
 * aip_set_unfinished - note files before they are made, or before they lose their manifest
 * @names: NULL-terminated; what was noted before is forgotten
 * Return: 0 or -errno.
 */
int aip_set_unfinished(const struct aip_set *s, const char *const *names, struct aip_err *err);

/** aip_set_sweep - remove the noted files that no manifest of @s names, and the note. Return: 0 or -errno. */
int aip_set_sweep(struct aip_set *s, struct aip_err *err);

/** aip_set_finished - forget the note: its files have their manifest. */
void aip_set_finished(const struct aip_set *s);

/** aip_set_find - Return: the backup with this id, NULL if there is none.  "latest" is the newest. */
struct aip_manifest *aip_set_find(const struct aip_set *s, const char *id);

/** aip_set_parent - Return: the parent of an increment, NULL of a full backup. */
struct aip_manifest *aip_set_parent(const struct aip_set *s, const struct aip_manifest *m);

/** aip_set_child - Return: the backup whose parent is @m, NULL when there is none. */
struct aip_manifest *aip_set_child(const struct aip_set *s, const struct aip_manifest *m);

/**
 * aip_set_next_id - an id greater than all there are
 * Return: 0, -ENOSPC after 9999.
 */
int aip_set_next_id(const struct aip_set *s, char id[AIP_ID_LEN + 1], struct aip_err *err);

/** aip_set_save - write the manifest of a backup, atomically. Return: 0 or -errno. */
int aip_set_save(const struct aip_set *s, const struct aip_manifest *m, struct aip_err *err);

/** aip_set_sums - open the checksum file of a backup and check it against manifest and device. */
int aip_set_sums(const struct aip_set *s, const struct aip_manifest *m, struct aip_sums *sums,
		 struct aip_err *err);

#endif
