/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envelope.h: the signed form of an index (DSSE): payload and signatures in one
 * file, so that they can never be out of step.
 *
 * The payload of an envelope cannot be had without verifying it.
 */
#ifndef AIP_ENVELOPE_H
#define AIP_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"
#include "patch/index.h"
#include "rpm/rpmsig.h"

#define AIP_PAYLOAD_TYPE  "application/vnd.aip.index+json"
#define AIP_ENVELOPE_MAX  AIP_INDEX_MAX_BYTES
#define AIP_ENVELOPE_SIGS 16
#define AIP_SIG_MAX	  16384 /* bytes of one signature */

/* Whom to believe. */
struct aip_trust {
	const struct aip_keyring *keyring;
	unsigned int threshold; /* signatures of so many distinct primary keys; 0 counts as 1 */
	const char *const
		*revoked; /* fingerprints (primary or signing subkey) that count no more */
	size_t n_revoked;
	bool from_network; /* then "expires" gates, against @now */
	time_t now;	   /* never below build time and the last "issued"; see the caller */
};

/* Who signed, as far as it counts. */
struct aip_endorsers {
	size_t n;
	struct aip_signer by[AIP_ENVELOPE_SIGS]; /* one for each distinct primary key */
};

/**
 * aip_envelope_open - verify an envelope and read the index inside: one step, on purpose
 * @data: the envelope, already unpacked if it came gzip-compressed
 * @name: what to call it in errors
 * @trust: whom to believe
 * @idx: set on success only
 * @who: who signed, or NULL; filled on success
 *
 * A signature counts when a key of the keyring made it, with SHA-256 or better, and neither
 * that key nor its primary is revoked, by @trust or by the index itself: an index that revokes
 * keys needs the threshold without them, so revocation never empties the set of keys.
 * Unknown, damaged and repeated signatures do not count and do not harm.
 *
 * Return: 0; -EBADMSG (malformed), -EPROTONOSUPPORT (other payloadType or "format"), -ENOKEY (too
 * few signatures by trusted keys), -EKEYREJECTED (the like, and one of a trusted key is wrong or
 * weak), -EKEYREVOKED (the like, and a revoked key signed), -ETIME (expired, or its keys have), -EPERM, -EFBIG,
 * -ENOMEM.  All but the last carry exit code 4 in @err.
 */
int aip_envelope_open(const void *data, size_t len, const char *name, const struct aip_trust *trust,
		      struct aip_index **idx, struct aip_endorsers *who, struct aip_err *err);

/** aip_envelope_looks - Return: whether @data looks like an envelope (has "payloadType" as a member), not a plain payload. */
bool aip_envelope_looks(const void *data, size_t len);

/** aip_envelope_pae - append what is signed: "DSSEv1 LEN(type) type LEN(payload) payload". */
void aip_envelope_pae(const void *payload, size_t len, struct aip_buf *out);

struct aip_envelope_sig {
	const char *keyid; /* a hint for people: fingerprint of the signing key */
	const void *sig;   /* binary OpenPGP detached signature over the PAE */
	size_t len;
};

/** aip_envelope_write - append an envelope: the same input gives the same bytes. Return: 0 or -ENOMEM. */
int aip_envelope_write(const void *payload, size_t len, const struct aip_envelope_sig *sigs,
		       size_t n, struct aip_buf *out);

/**
 * aip_envelope_peek - the payload *without* any verification
 *
 * Only for the publisher's own tools, which show or sign what is theirs
 * (aip-mkindex).  A client has no use for it.
 *
 * @payload: bytes are appended
 * Return: 0, -EBADMSG, -EPROTONOSUPPORT, -EFBIG, -ENOMEM.
 */
int aip_envelope_peek(const void *data, size_t len, const char *name, struct aip_buf *payload,
		      struct aip_err *err);

#endif
