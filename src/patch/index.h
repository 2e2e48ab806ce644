/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index.h: the patch index (doc/aip-index.5): which patch belongs to which file,
 * chosen by the digest of the file that is there.
 *
 * What aip_index_parse() lets through has been checked entry by entry: paths
 * are patchable ones, digests are well formed, every diff is exactly one
 * insertion of a hook text that is compiled in.  Whether a diff leads to its
 * "post" can only be seen with the file at hand: aip_index_apply() does.
 */
#ifndef AIP_INDEX_H
#define AIP_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"
#include "patch/hook.h"
#include "rpm/digest.h"

#define AIP_INDEX_FORMAT       1
#define AIP_INDEX_MAX_BYTES    (16u << 20) /* payload or envelope, unpacked */
#define AIP_INDEX_MAX_ENTRIES  100000	   /* files; packages likewise */
#define AIP_INDEX_MAX_LISTED   10000	   /* withdrawn; revoked_keys likewise */
#define AIP_INDEX_MAX_PKGFILES 16	   /* patchable files of one package */
#define AIP_SCRIPT_MAX	       (4u << 20)  /* a script to patch */

struct aip_index_file {
	const char *pre;  /* SHA-256 of the file before, 64 lower-case hex digits */
	const char *post; /* and after */
	enum aip_kind kind;
	size_t after; /* the hook goes after this line */
	size_t text;  /* which text of the hook, see hook.h */
};

struct aip_index_package {
	const char *name, *evr, *arch;
	size_t n_files;
	const char *
		*files; /* "pre" of its patchable files; one without an entry has no lawful place */
};

struct aip_index {
	const char *stream; /* [A-Za-z0-9][A-Za-z0-9._-]*, up to 64 bytes */
	int64_t serial;	    /* 1 .. 2^53 - 1 */
	char sha256
		[AIP_SHA256_HEX]; /* of the payload as it was parsed; "" for one that is being built */
	time_t issued, expires;
	time_t keys_expire; /* when too few of the keys that signed are left; 0: never, or unsigned */
	size_t n_revoked;   /* fingerprints of keys, lower-case hex, sorted */
	const char **revoked;
	size_t n_withdrawn; /* "post" digests, sorted */
	const char **withdrawn;
	size_t n_files; /* sorted by pre */
	struct aip_index_file *files;
	size_t n_packages; /* sorted by name, evr, arch, files (bytewise) */
	struct aip_index_package *packages;

	struct aip_index_private *priv;
};

/**
 * aip_index_parse - read a payload (not an envelope)
 * @name: what to call it in errors
 * @out: set on success; release with aip_index_free()
 *
 * Does not judge "expires" (see aip_index_check_time) nor who signed (see envelope.h).
 *
 * Return: 0; -EBADMSG (not a well-formed index), -EPROTONOSUPPORT (unknown "format"), -EPERM (a
 * path or an insertion that is not allowed), -EFBIG (over a limit), -ENOMEM.  All but the last
 * carry exit code 4 in @err.
 */
int aip_index_parse(const void *data, size_t len, const char *name, struct aip_index **out,
		    struct aip_err *err);
void aip_index_free(struct aip_index *idx);
void aip_index_freep(struct aip_index **idx);

/** aip_index_by_pre - Return: the entry for a file with this SHA-256, or NULL. */
const struct aip_index_file *aip_index_by_pre(const struct aip_index *idx, const char *sha256);

/** aip_index_by_post - Return: the entry whose result has this SHA-256, or NULL. */
const struct aip_index_file *aip_index_by_post(const struct aip_index *idx, const char *sha256);

/** aip_index_is_withdrawn - Return: whether the patch that leads to @post was withdrawn. */
bool aip_index_is_withdrawn(const struct aip_index *idx, const char *post);

/** aip_index_is_revoked - Return: whether the key with this fingerprint is on the index's list. */
bool aip_index_is_revoked(const struct aip_index *idx, const char *fingerprint);

/**
 * aip_index_check_time - may this index be taken from the network at @now?
 * An index that was accepted before, and the shipped one, stay in use without this check.
 * Return: 0, or -ETIME when it or the keys that signed it have expired (exit code 4).
 */
int aip_index_check_time(const struct aip_index *idx, time_t now, struct aip_err *err);

/**
 * aip_index_apply - make the patched file, checked on both sides
 * @content: the file as it is; its SHA-256 must be @file->pre
 * @out: the patched file is appended, its SHA-256 is @file->post; nothing is on failure
 * Return: 0; -ESTALE (not that file), -EBADMSG (the entry does not lead to its "post", exit code
 * 4), -ENOMEM.
 */
int aip_index_apply(const struct aip_index_file *file, const void *content, size_t len,
		    struct aip_buf *out, struct aip_err *err);

/** aip_index_diff - append the entry's diff as the index has it ("@@ -222,0 +223,4 @@\n+…"). */
void aip_index_diff(const struct aip_index_file *file, struct aip_buf *out);

/*
 * Building one.  Strings are copied; order and repetition do not matter.
 */

/** aip_index_new - Return: an empty index (no stream, serial 0), or NULL when memory is out. */
struct aip_index *aip_index_new(void);

/** aip_index_set_stream - Return: 0, -EINVAL (not a stream name) or -ENOMEM. */
int aip_index_set_stream(struct aip_index *idx, const char *stream, struct aip_err *err);

/**
 * aip_index_add_file - enter a patch
 * Return: 0; -EEXIST when @file->pre has another patch already, -EINVAL, -ENOMEM.
 */
int aip_index_add_file(struct aip_index *idx, const struct aip_index_file *file,
		       struct aip_err *err);

/** aip_index_add_package - enter a package. Return: 0, -EINVAL, -ENOMEM. */
int aip_index_add_package(struct aip_index *idx, const struct aip_index_package *pkg,
			  struct aip_err *err);

/** aip_index_add_withdrawn, aip_index_add_revoked - enter a digest, a fingerprint. Return: 0, -EINVAL, -ENOMEM. */
int aip_index_add_withdrawn(struct aip_index *idx, const char *post, struct aip_err *err);
int aip_index_add_revoked(struct aip_index *idx, const char *fingerprint, struct aip_err *err);

/**
 * aip_index_finish - sort, drop repetitions, check as aip_index_parse() does
 * Lookups work after it (and until the next aip_index_add_*).
 * Return: 0, or as aip_index_parse().
 */
int aip_index_finish(struct aip_index *idx, struct aip_err *err);

/**
 * aip_index_write - append the payload: the same index always gives the same bytes
 * @idx: parsed or finished
 * Return: 0, -EFBIG (would be over a limit, no client would take it) or -ENOMEM.
 */
int aip_index_write(const struct aip_index *idx, struct aip_buf *out, struct aip_err *err);

#endif
