/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h: where a snapshot keeps the old content of what is overwritten.
 *
 * A file of the store's folder is preallocated and handed to the driver, which pins it.  It
 * keeps its name (an unlinked open file would keep its file system from becoming
 * read-only at shutdown) and is removed with the snapshot; one that a crash or a kill left
 * behind is swept away when the next one is made in the folder, and late at the next boot.
 */
#ifndef AIPSNAP_STORE_H
#define AIPSNAP_STORE_H

#include <stdint.h>

#include "aipsnap/id.h"
#include "common/err.h"

#define STORE_FOLDER "/var/lib/aip/store"
#define STORE_MIN    (64ULL << 20)

/**
 * store_create - a preallocated file for one member of a switch
 * @folder: made when it is missing and the default one; swept
 * @name: set to its path (caller frees)
 * Return: descriptor (read-only), which keeps the file locked against sweeps and is to be closed
 * when the driver has it; -ENOSPC, or -errno.
 */
int store_create(const char *folder, uint64_t size, char **name, struct aip_err *err);

/** store_note - remember that snapshot @n uses file @name, until the next boot. Return: 0 or -errno. */
int store_note(unsigned int n, const char *name, struct aip_err *err);

/** store_noted - the file of snapshot @n as it was noted. Return: its path (caller frees), or NULL: a device, or not known. */
char *store_noted(unsigned int n);

/** store_release - remove the file of snapshot @n, if it has one. */
void store_release(unsigned int n);

/** store_sweep - remove the files of difference storage in @folder that no snapshot uses and nobody is making. */
void store_sweep(const char *folder);

#endif
