/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target.h: one script that may be patched, and what its content says it is.
 */
#ifndef AIP_TARGET_H
#define AIP_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "aipmng/aipmng.h"
#include "aipmng/record.h"
#include "aipmng/source.h"
#include "common/buf.h"
#include "patch/hook.h"
#include "rpm/pkgdb.h"

/* By the SHA-256 of the content, never by marks in it. */
enum target_state {
	TARGET_ABSENT,		 /* the installed package does not have this file */
	TARGET_MISSING,		 /* it has, but the file is not there */
	TARGET_PATCHED,		 /* a known patch, over what the newest header says */
	TARGET_STALE,		 /* a known patch, but the package has moved on */
	TARGET_PATCHABLE,	 /* an index has a patch for exactly this */
	TARGET_PRISTINE_UNKNOWN, /* as the package has it, no index knows it */
	TARGET_CUSTOMISED,	 /* none of these */
};

/* Bytes with their digest. */
struct blob {
	struct aip_buf buf;
	char sha[AIP_SHA256_HEX]; /* "" : nothing here */
};

struct target {
	enum aip_kind kind;
	const struct aip_hook *hook;
	enum target_state state;
	char *rel;	 /* relative to the root, links resolved; NULL when it cannot be */
	struct stat st;	 /* valid unless ABSENT, MISSING */
	struct blob now; /* what is there */
	const struct aip_rpmfile *rpm; /* the newest header's, NULL: not installed */
	const struct record *record;   /* NULL: none */
	struct aip_err
		blocked; /* .code: why it may not be touched whatever it holds (links, type, ...) */

	/* PATCHED, STALE */
	struct blob pristine; /* what was there before the patch */
	size_t after;	      /* the hook stands after this line of it */
	int text;	      /* which text of the hook */
	bool withdrawn;	      /* this patch was withdrawn */
	bool by_record;	      /* known by our own record (perhaps by an index too) */

	/* PATCHED, STALE, PATCHABLE: the index's entry; NULL: only the record knows */
	const struct aip_index_file *entry;
	const struct aip_loaded *from;

	size_t hooks;	    /* how often one of our hook texts stands in it, as whole lines */
	struct blob rpmnew; /* PATH.rpmnew, if there is one */
	bool rpmnew_is_new; /* it is exactly what the newest header says */
	bool rpmsave_ours;  /* PATH.rpmsave is a file that we had patched, byte for byte */
};

/** target_load - read a script and what lies beside it. Return: 0 or -errno (not for a file's own faults: see blocked). */
int target_load(const struct ctx *ctx, enum aip_kind kind, const struct aip_rpmfile *rpm,
		const struct record *record, struct target *t, struct aip_err *err);

/** target_classify - decide its state, with the indexes in @idx (its members may be zero: none). Return: 0 or -ENOMEM. */
int target_classify(struct target *t, const struct aip_indexes *idx, struct aip_err *err);

void target_free(struct target *t);

/** target_unread - Return: whether the script is there and could not be read, so that nobody knows what it holds. */
bool target_unread(const struct target *t);

/** target_state_name - Return: "patched", "patched-stale", ... as in documentation and JSON. */
const char *target_state_name(enum target_state s);

/** target_in_header - Return: whether bytes are what the newest header says (false when it has no digest). */
bool target_in_header(const struct target *t, const struct blob *b);

/**
 * target_was_packaged - PATCHED, STALE: was the script under the patch as a package had it?
 * Then nobody's own changes are lost when rpm's newer script takes its place.
 */
bool target_was_packaged(const struct target *t);

/** blob_set - take @data over by copy, with its digest. Return: 0 or -errno. */
int blob_set(struct blob *b, const void *data, size_t len);
void blob_free(struct blob *b);

/**
 * hook_strip - take the hook out of a patched text
 * @after: it stands after this line of the text without it
 * Return: 0, -EBADMSG when it is not exactly there, -ENOMEM.
 */
int hook_strip(enum aip_kind kind, int text, size_t after, const struct aip_buf *patched,
	       struct blob *out);

/**
 * hook_find - where hook texts stand in a text as whole lines
 * @at: offset of the first one, or NULL; @which: its number, or NULL
 * Return: how many there are.
 */
size_t hook_find(enum aip_kind kind, const struct aip_buf *text, size_t *at, int *which);

#endif
