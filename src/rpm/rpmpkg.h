/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpmpkg.h: reads package files.  Nothing is installed, nothing is written, no signature
 * is asked for (whoever publishes decides what to read); digests of header and files are
 * checked, so a damaged package is an error.
 *
 * librpm and the decompressors see bytes that others made: run this in a process of its
 * own with limits (src/mkindex/pool.h) when packages come from elsewhere.
 */
#ifndef AIP_RPMPKG_H
#define AIP_RPMPKG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "rpm/digest.h"

/* One file of a package that was asked for. */
struct aip_pkgfile {
	bool listed;			 /* the header has this path */
	bool regular;			 /* and it is a regular file, not a ghost */
	int algo;			 /* digest algorithm of the header, see digest.h */
	char digest[AIP_DIGEST_HEX_MAX]; /* as the header has it */
	unsigned long long size;	 /* as the header has it */
	char *content;			 /* its bytes, NULL when not asked for or not regular */
	size_t len;
};

struct aip_pkg {
	char *name, *evr, *arch; /* evr without epoch 0: "9.03.53-1.el6", "1:2.0-3" */
	bool source;		 /* a source package: no files are looked for */
	size_t n;
	struct aip_pkgfile *files; /* one for each path that was asked for, in that order */
};

/**
 * aip_pkg_init - let librpm read its configuration
 * Done by the first read; a program that forks for each package does it once before.
 * Return: 0 or -EIO.
 */
int aip_pkg_init(struct aip_err *err);

/**
 * aip_pkg_read_header - what a package says about itself and some of its files
 * @path: the package file; a name for errors too
 * @want, @n: absolute paths inside the package
 * @out: zeroed by the caller; release with aip_pkg_free()
 *
 * Return: 0; -EBADMSG (not a package, or damaged), -EINVAL (not a regular file), or -errno.
 */
int aip_pkg_read_header(const char *path, const char *const *want, size_t n, struct aip_pkg *out,
			struct aip_err *err);

/**
 * aip_pkg_read - likewise, and the contents of these files
 * @max: bytes of one file at most; a larger one is an error
 *
 * Any payload compression that librpm knows.  A content that is not what the header's digest
 * says is an error, so is a listed regular file that the payload does not have.
 *
 * Return: as above; -EFBIG.
 */
int aip_pkg_read(const char *path, const char *const *want, size_t n, size_t max,
		 struct aip_pkg *out, struct aip_err *err);

void aip_pkg_free(struct aip_pkg *pkg);

#endif
