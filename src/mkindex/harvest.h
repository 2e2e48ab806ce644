/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * harvest.h: what a set of package files has for the index: packages, their patchable
 * files, and of every distinct script a proof or a refusal.
 */
#ifndef MKINDEX_HARVEST_H
#define MKINDEX_HARVEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "mkindex/proof.h"
#include "mkindex/sources.h"
#include "patch/index.h"

enum package_state {
	PKG_NONE,   /* has no patchable file: of no interest */
	PKG_KNOWN,  /* the previous index has it; not looked at again */
	PKG_READ,   /* read */
	PKG_FAILED, /* could not be read */
};

struct package {
	const char *path; /* the package file */
	enum package_state state;
	char *name, *evr, *arch;
	size_t n_files;
	struct {
		enum aip_kind kind;
		char pre[AIP_SHA256_HEX];
	} files[AIP_KIND_N];
	struct aip_err why; /* PKG_FAILED */
};

struct harvest {
	const struct aip_index *previous; /* or NULL */
	bool reread;			  /* look at packages that @previous has, too */
	bool explain;			  /* keep the proofs' texts, for reports that show them */
	int jobs;
	struct shared *contents;  /* what the scripts' contents stand in */
	struct package *packages; /* one for each of sources.paths, in that order */
	size_t n;
	struct script *scripts; /* distinct, sorted by pre */
	size_t n_scripts;
	size_t failed; /* packages that could not be read */
};

/**
 * harvest_read - read the packages (each in a process of its own)
 * A package that cannot be read is counted and keeps its reason; that is no failure here.
 * Return: 0 or -errno.
 */
int harvest_read(struct harvest *h, const struct sources *s, struct aip_err *err);

/**
 * harvest_manifest - read loose scripts as a list says: lines of NAME EVR ARCH KIND FILE
 * @path: the list; kept. After harvest_read().
 * Return: 0, -EINVAL (the message has the line) or -errno.
 */
int harvest_manifest(struct harvest *h, const char *path, struct aip_err *err);

/** harvest_keep - note that package @p has this script (copied). Return: 0 or -errno. */
int harvest_keep(struct harvest *h, struct package *p, enum aip_kind kind,
		 const struct aip_buf *script, struct aip_err *err);

/** harvest_prove - prove the distinct scripts that were read. Return: 0 or -errno. */
int harvest_prove(struct harvest *h, struct aip_err *err);

/** harvest_script - Return: the script with this digest, NULL when it was not read. */
const struct script *harvest_script(const struct harvest *h, const char *pre);

void harvest_free(struct harvest *h);

#endif
