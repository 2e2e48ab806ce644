/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h: what is applied: one file in /var/lib/aip/records for each patched script.
 *
 *	NAME.v1.json	     this patch is applied
 *	NAME.v1.intent.json  this change has been started; after a crash the content
 *			     of the script says whether it happened
 *
 * A file of another version, or one that cannot be read, is kept and reported;
 * when its place is needed it moves aside, unchanged.
 */
#ifndef AIP_RECORD_H
#define AIP_RECORD_H

#include <stdint.h>
#include <time.h>

#include "aipmng/aipmng.h"
#include "common/buf.h"
#include "patch/hook.h"
#include "rpm/digest.h"

#define AIP_RECORD_VERSION 1
#define AIP_RECORD_MAX	   (256u << 10)

enum record_action { RECORD_APPLY, RECORD_RESTORE };
enum record_how {
	RECORD_BY_INDEX,
	RECORD_BY_ADAPTING, /* by the anchor engine: .proof says why there */
	RECORD_FOUND,	    /* somebody else had put exactly the patch there */
};

struct record {
	enum aip_kind kind;
	enum record_action action; /* RECORD_RESTORE in an intent only */
	enum record_how how;
	char pre[AIP_SHA256_HEX];    /* the script before */
	char post[AIP_SHA256_HEX];   /* and patched */
	char from[AIP_SHA256_HEX];   /* what the change starts from: pre, or an older patch */
	char result[AIP_SHA256_HEX]; /* what the change leads to: post, or what a restore leaves */
	size_t after;		     /* the hook goes after this line of the script before */
	int text;		     /* which text of the hook */
	char *stream;		     /* of the index; NULL: none */
	int64_t serial;
	char *origin;  /* of the index, for people */
	char *package; /* NEVRA of initscripts at that time */
	int header_algo;
	char header_digest
		[AIP_DIGEST_HEX_MAX]; /* what that package says the script is; may be "" */
	time_t applied;
	struct timespec mtime; /* of the script before; a restore gives it back */
	char *proof;	       /* adapted: the anchor engine's words */
};

/* A file in the folder that we do not understand. */
struct foreign_record {
	char *name;
	char *why;
};

struct records {
	struct record *applied[AIP_KIND_N]; /* NULL: none */
	struct record *intent[AIP_KIND_N];
	bool kept[AIP_KIND_N]; /* a record of this script is there that is not understood */
	struct foreign_record *foreign;
	size_t n_foreign;
};

/** records_load - read the folder; one that is missing holds nothing. Return: 0 or -errno. */
int records_load(const struct ctx *ctx, struct records *out, struct aip_err *err);
void records_free(struct records *recs);

/** record_parse - read one record (fuzzed). Return: 0, -EBADMSG, -EPROTONOSUPPORT (another version), -ENOMEM. */
int record_parse(const void *data, size_t len, const char *name, struct record **out,
		 struct aip_err *err);

/** record_write - append a record as text. Return: 0 or -ENOMEM. */
int record_write(const struct record *rec, struct aip_buf *out);
void record_free(struct record *rec);
void record_freep(struct record **rec);

/** record_intend - note durably that @rec is about to be carried out. Return: 0 or -errno. */
int record_intend(const struct ctx *ctx, const struct record *rec, struct aip_err *err);

/** record_commit - the change of @kind's intent has happened. Return: 0 or -errno. */
int record_commit(const struct ctx *ctx, const struct record *rec, struct aip_err *err);

/** record_cancel - the change of @kind's intent has not happened. Return: 0 or -errno. */
int record_cancel(const struct ctx *ctx, enum aip_kind kind, struct aip_err *err);

/** record_put - replace the record itself, without a change of the script. Return: 0 or -errno. */
int record_put(const struct ctx *ctx, const struct record *rec, struct aip_err *err);

/** record_drop - nothing is applied to @kind any more. Return: 0 or -errno. */
int record_drop(const struct ctx *ctx, enum aip_kind kind, struct aip_err *err);

#endif
