/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * anchor.h: where our lines go in an rc.sysinit or a halt, with the proof.
 *
 * The script is read as shell (shparse.h), walked in the order in which it
 * would run (shwalk.h), and what its commands do to storage is classified
 * (shstorage.h).  The place is right where design section 4 wants it, or it is refused
 * with the landmark or the check that failed.  Nothing is run, nothing is read
 * from disk; syntax checks by a real bash come in through a callback.
 */
#ifndef AIP_ANCHOR_H
#define AIP_ANCHOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/jsonw.h"
#include "patch/hook.h"

enum aip_anchor_verdict {
	AIP_ANCHOR_REFUSED, /* no place could be proved: see .failed, .line, .reason */
	AIP_ANCHOR_PROVED,  /* insert the hook text after line .after */
	AIP_ANCHOR_PRESENT, /* the script calls our driver's tool already, at .line; .reason says
			     * whether it stands at a lawful place (.lawful) */
};

/* One landmark: a command that decides where the place may be. */
struct aip_anchor_mark {
	const char *name;  /* "udev", "md", "dmraid", "multipath", "lvm", "crypt", "fsck", ... */
	unsigned int line; /* line of the command itself, from 1 */
	unsigned int unit; /* first line of the top-level command that runs it (differs from .line
			     * for functions: this is where it happens) */
	bool before;	   /* it runs before the place */
	char text[100];	   /* what was read, for people; may be cut */
};

/* One check and how it ended. */
struct aip_anchor_check {
	const char *name; /* "shell", "landmarks", "order", "top level", "reachable", ... */
	bool passed;
	char note[200]; /* for people */
};

#define AIP_ANCHOR_CHECKS 16

struct aip_anchor_proof {
	enum aip_kind kind;
	enum aip_anchor_verdict verdict;
	unsigned int after; /* PROVED: the hook text goes after this line (0: before the first) */
	unsigned int line;  /* REFUSED, PRESENT: the line that it is about; 0: the whole file */
	const char *failed; /* REFUSED: name of the landmark or check, a static string; else NULL */
	bool lawful;	    /* PRESENT: our lines run where they must */
	unsigned int copies; /* PRESENT: how many times our tool is called */
	char reason[512];    /* REFUSED, PRESENT: a sentence for people, no full stop */
	struct aip_anchor_check checks[AIP_ANCHOR_CHECKS];
	size_t nchecks;
	struct aip_anchor_mark *marks; /* in the order in which they run; owned */
	size_t nmarks;
};

/**
 * aip_anchor_syntax_fn - does a text pass `bash -n`?
 * @ctx: the caller's
 * @script, @len: the text
 * @err: why not
 *
 * Passing means exit 0 and nothing on stderr (an open here-document only warns).
 * Return: 0 passes; -EBADMSG does not pass (@err->msg: bash's words); another -errno when it
 * could not be found out, which ends the proof with that error.
 */
typedef int (*aip_anchor_syntax_fn)(void *ctx, const void *script, size_t len, struct aip_err *err);

/**
 * aip_anchor_prove - find and prove the place of our lines
 * @script, @len: the bytes of the script; never changed
 * @kind: which of the two scripts it is
 * @syntax_ok, @ctx: called with the script, with the text above the place and with the whole
 *                   result; NULL leaves that check out (tests, fuzzing), and the proof says so
 * @proof: filled on 0; release with aip_anchor_proof_free()
 * @err: filled on failure
 *
 * Return: 0 when there is a verdict (refused included); -ENOMEM; or what @syntax_ok returned.
 */
int aip_anchor_prove(const void *script, size_t len, enum aip_kind kind,
		     aip_anchor_syntax_fn syntax_ok, void *ctx, struct aip_anchor_proof *proof,
		     struct aip_err *err);

/** aip_anchor_proof_free - release what a proof owns; a zeroed one is fine. */
void aip_anchor_proof_free(struct aip_anchor_proof *proof);

/**
 * aip_anchor_kind_parse - the kind for a name or a path
 * @name: "rc.sysinit", "halt", or a path whose last component is one of them, perhaps with
 *        a suffix after '.' or '-' ("/tmp/rc.sysinit.rpmnew")
 * Return: 0 or -EINVAL.
 */
int aip_anchor_kind_parse(const char *name, enum aip_kind *kind);

/** aip_anchor_verdict_name - Return: "proved", "refused" or "present". */
const char *aip_anchor_verdict_name(enum aip_anchor_verdict verdict);

/**
 * aip_anchor_explain_text - the proof for people: verdict, landmarks, checks; several lines
 * @name: what to call the script, e.g. its path; NULL: the kind
 */
void aip_anchor_explain_text(const struct aip_anchor_proof *proof, const char *name,
			     struct aip_buf *out);

/**
 * aip_anchor_explain_json - the proof as members of a JSON object
 * @w: the caller has begun the object and ends it: kind, verdict, insert_after, line, failed, reason,
 *     landmarks, checks
 */
void aip_anchor_explain_json(const struct aip_anchor_proof *proof, struct aip_jsonw *w);

#endif
