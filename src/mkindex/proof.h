/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proof.h: what the anchor engine says about one script, kept as values that can be carried
 * out of a child process.
 */
#ifndef MKINDEX_PROOF_H
#define MKINDEX_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "patch/anchor.h"
#include "patch/hook.h"
#include "rpm/digest.h"

struct proof {
	enum aip_anchor_verdict verdict;
	size_t after;		   /* proved: the hook goes after this line */
	size_t line;		   /* else: the line that it is about, 0: none */
	char post[AIP_SHA256_HEX]; /* proved: digest of the patched script, else "" */
	char *failed;		   /* refused: landmark or check, else "" */
	char *reason;		   /* a sentence; "" when proved */
	char *text;		   /* the whole proof for people */
	char *json;		   /* and as an object */
};

/**
 * proof_make - prove a script with bash's help
 * @name: what to call it in the text
 * Return: 0 when there is a verdict, refused included; else -errno.
 */
int proof_make(const char *name, const void *script, size_t len, enum aip_kind kind,
	       struct proof *out, struct aip_err *err);
void proof_free(struct proof *p);

/** proof_put, proof_take - carry it between processes. Return of the latter: 0 or -EBADMSG. */
void proof_put(const struct proof *p, struct aip_buf *out);
struct take;
int proof_take(struct take *t, struct proof *p);

/* Scripts to prove, side by side in child processes. */
struct script {
	const char *name; /* for errors and proofs */
	enum aip_kind kind;
	char pre[AIP_SHA256_HEX];
	const char *content;
	size_t len;
	struct proof proof;
};

/**
 * proof_make_all - prove @n scripts
 * @explain: keep the proofs' text and json; else they are ""
 * Return: 0, or the code of the first that the engine failed on.
 */
int proof_make_all(struct script *scripts, size_t n, int jobs, bool explain, struct aip_err *err);

#endif
