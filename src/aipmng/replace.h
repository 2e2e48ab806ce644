/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace.h: one file gets new bytes, wholly or not at all, and stays what it was
 * otherwise: owner, mode, extended attributes, ACL, SELinux label.
 */
#ifndef AIP_REPLACE_H
#define AIP_REPLACE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"
#include "rpm/digest.h"

struct replace {
	int rootfd;	    /* not owned */
	const char *rel;    /* the file, relative to the root, no link in it; not owned */
	const char *expect; /* SHA-256 that it must have until the last moment; not owned */
	char *temp;	    /* the new file, complete and durable, beside it; NULL: none */
	bool plain;	    /* rename over it: nobody else can change it now */
	bool renamed;	    /* the new file has taken the place */
	bool stuck;	    /* and what came out, somebody else's, could not be put back */
};

#define REPLACE_INIT                                                                               \
	{                                                                                          \
		.rootfd = -1                                                                       \
	}

/**
 * file_read_whole - the bytes and the inode of a regular file, links not followed
 * Return: 0; -ENOENT; -ELOOP for a link; -EINVAL for what is no regular file; -EFBIG; or -errno.
 */
int file_read_whole(int rootfd, const char *rel, struct aip_buf *out, struct stat *st,
		    struct aip_err *err);

/**
 * replace_prepare - make the new file beside the old one
 * @expect: SHA-256 of the old content
 * @mtime: modification time that the new file gets, NULL: now
 *
 * Refuses: another content than @expect (-ESTALE), hard links (-EMLINK), an immutable file (-EPERM),
 * attributes that cannot be carried over (an IMA signature cannot: it is of the content).
 * Return: 0 or -errno; then nothing is left behind.
 */
int replace_prepare(struct replace *r, int rootfd, const char *rel, const char *expect,
		    const void *data, size_t len, const struct timespec *mtime,
		    struct aip_err *err);

/**
 * replace_commit - look once more, exchange old and new, look at what came out
 *
 * Should somebody (rpm) have put another file there in the last instant, it is
 * exchanged back.  With r->plain set the new file is renamed over the old one.
 *
 * Return: 0; -ESTALE when the file changed meanwhile; -ENOSYS when kernel or file system cannot
 * exchange (lock rpm out, set r->plain, try again); or -errno.  r->renamed says whether the new
 * file stands (it may on failure: the folder could not be made durable).
 */
int replace_commit(struct replace *r, struct aip_err *err);

/** replace_end - remove what was prepared and not committed; release. */
void replace_end(struct replace *r);

/** replace_sweep - remove what killed runs have prepared for the file @rel and not exchanged. */
void replace_sweep(int rootfd, const char *rel);

/**
 * replace_recover - after a run that was killed in the middle of a change of @rel
 * @from, @result: SHA-256 of what the change went from and leads to
 *
 * An exchange may have brought out a file that somebody (rpm) had put there in the last instant and
 * that nobody has looked at yet: the only copy.  It goes back into its place; where somebody has put
 * yet another one there since, it is kept as NAME.aipsave.  All else is removed.
 *
 * Return: 0 when there was none, REPLACE_PUT_BACK, REPLACE_PUT_ASIDE, or -errno.
 */
enum { REPLACE_PUT_BACK = 1, REPLACE_PUT_ASIDE };
int replace_recover(int rootfd, const char *rel, const char *from, const char *result,
		    struct aip_err *err);

#endif
