/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sources.h: which package files the paths of a command line mean.
 */
#ifndef MKINDEX_SOURCES_H
#define MKINDEX_SOURCES_H

#include <stddef.h>

#include "common/err.h"

struct sources {
	char **paths; /* package files, sorted, each once */
	size_t n;
	size_t repos; /* folders whose repodata was read instead of every package */
};

/**
 * sources_add - take a package file, or the packages below a folder
 *
 * A folder with repodata is believed: only packages whose file list in it has a patchable
 * file are taken.  Any other folder is searched for *.rpm; symbolic links to folders are
 * not followed, nor is anything but regular files.
 *
 * Return: 0; -ENOENT; -EBADMSG (damaged repodata), or -errno.
 */
int sources_add(struct sources *s, const char *path, struct aip_err *err);

/** sources_sort - sort, drop repetitions. */
void sources_sort(struct sources *s);
void sources_free(struct sources *s);

/** sources_keep - take one package file. Return: 0 or -ENOMEM. */
int sources_keep(struct sources *s, const char *path, struct aip_err *err);

/**
 * repodata_add - the packages of a repository that have a patchable file
 * @repo: folder with repodata/repomd.xml in it
 * Return: 0; -EBADMSG (damaged: the message says which file), or -errno.
 */
int repodata_add(struct sources *s, const char *repo, struct aip_err *err);

#endif
