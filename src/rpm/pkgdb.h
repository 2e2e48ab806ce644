/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkgdb.h: what the rpm database of a root says about a package's files, and
 * rpm's transaction lock.  Nothing is ever written to the database, and none is
 * created where there is none.  (Not called rpmdb.h, which librpm has too.)
 */
#ifndef AIP_PKGDB_H
#define AIP_PKGDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "rpm/digest.h"

struct aip_rpmdb;

/* One file as a package header has it. */
struct aip_rpmfile {
	bool listed;	/* the header has this path at all */
	bool installed; /* and its state is normal: not excluded, replaced or on a netshared path */
	char digest[AIP_DIGEST_HEX_MAX]; /* "" when the header has none (a ghost) */
	int algo;			 /* enum aip_digest */
	bool config, noreplace, ghost;
};

/* One installed instance of a package.  In an update's scriptlets there are two. */
struct aip_rpmpkg {
	char *nevra, *name, *evr, *arch;
	unsigned int offset;	   /* rpmdb record: the newest instance has the highest */
	struct aip_rpmfile *files; /* one for each path that was asked for, in that order */
};

struct aip_rpmpkgs {
	size_t n;
	struct aip_rpmpkg *v; /* the newest last */
};

/**
 * aip_rpmdb_open - find and open the database of a root
 * @root: the root folder, "/" for the running system
 * @out: set on success; release with aip_rpmdb_close()
 *
 * Looks where rpm's own configuration says, then at /var/lib/rpm and
 * /usr/lib/sysimage/rpm.
 * Return: 0; -ENOENT when there is no database; -EIO when it cannot be opened; -ENOMEM.
 */
int aip_rpmdb_open(const char *root, struct aip_rpmdb **out, struct aip_err *err);
void aip_rpmdb_close(struct aip_rpmdb *db);
void aip_rpmdb_closep(struct aip_rpmdb **db);

/**
 * aip_rpmdb_query - all instances of a package
 * @paths: files of interest, absolute
 * @out: filled on success (n = 0: not installed); release with aip_rpmpkgs_free()
 * Return: 0, -EIO or -ENOMEM.
 */
int aip_rpmdb_query(struct aip_rpmdb *db, const char *name, const char *const *paths,
		    size_t n_paths, struct aip_rpmpkgs *out, struct aip_err *err);
void aip_rpmpkgs_free(struct aip_rpmpkgs *pkgs);

/**
 * aip_rpmdb_releasever - the distribution's version, as yum and dnf fill in $releasever
 * Of the package that provides system-release(releasever), system-release, ...
 * Return: 0; -ENOENT when no package says; -ENOMEM.
 */
int aip_rpmdb_releasever(struct aip_rpmdb *db, char *out, size_t size);

/* rpm's transaction lock, as every rpm, yum and dnf takes it. */
struct aip_rpmlock {
	int fd;	     /* -1: not held by us */
	bool inside; /* we run inside the transaction that holds it, or there is none to take */
};

#define AIP_RPMLOCK_INIT                                                                           \
	{                                                                                          \
		-1, false                                                                          \
	}

/**
 * aip_rpmlock_ask - does a transaction run, other than one around us? Without taking the lock
 *
 * rpm since 4.9 waits for its lock only at a terminal; elsewhere a transaction fails when
 * somebody holds it.  So it is asked for, and hardly ever taken.
 * Return: 0 no; -EAGAIN somebody holds it (@err says who); or -errno.
 */
int aip_rpmlock_ask(struct aip_rpmdb *db, struct aip_err *err);

/**
 * aip_rpmlock_try - take the lock, without waiting, for an instant
 * @lock: AIP_RPMLOCK_INIT; release with aip_rpmlock_release()
 *
 * When the holder is one of our ancestors (or AIP_IN_TRANSACTION is in the environment,
 * for roots without /proc) we are in a scriptlet: the transaction around us is
 * the lock, and @lock->inside is set.
 * Return: 0, -EAGAIN when somebody else holds it (@err says who), or -errno.
 */
int aip_rpmlock_try(struct aip_rpmdb *db, struct aip_rpmlock *lock, struct aip_err *err);
void aip_rpmlock_release(struct aip_rpmlock *lock);

/** aip_pid_describe - "4711 (dnf)" or "4711" into @out. Return: @out. */
const char *aip_pid_describe(pid_t pid, char *out, size_t size);

#endif
