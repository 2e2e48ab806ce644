/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpmsig.h: OpenPGP signatures against a keyring of our own.  The system's keyring
 * is never read: who may sign packages is not who may sign boot scripts.
 *
 * librpm verifies signatures by expired keys and by revoked ones as good.  So
 * keys whose certificate carries a revocation are left out here, expiry is a
 * matter of the index, and further revocation is a list that the caller gives.
 */
#ifndef AIP_RPMSIG_H
#define AIP_RPMSIG_H

#include <stddef.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"

#define AIP_FPR_MAX 65 /* a fingerprint in lower-case hex (40 or 64 digits) and a NUL */

struct aip_keyring;

struct aip_key {
	char fingerprint[AIP_FPR_MAX]; /* of the primary key, lower-case hex */
	char keyid[17];		       /* its key id, 16 lower-case hex digits */
	const char *userid;	       /* first user id, as written in the certificate; may be "" */
	const char *origin;	       /* file that it came from */
	size_t signers; /* keys of it that can verify: the primary and its live subkeys */
};

struct aip_signer {
	char primary[AIP_FPR_MAX]; /* fingerprint of the primary key */
	char signer[AIP_FPR_MAX];  /* of the key that made the signature: the primary or a subkey */
	char keyid[17];		   /* key id that the signature names */
	int hash;		   /* digest algorithm, see digest.h */
	time_t expires;		   /* when the primary or the subkey does, 0: never */
};

/** aip_keyring_new - Return: an empty keyring, or NULL when memory is out. */
struct aip_keyring *aip_keyring_new(void);
void aip_keyring_free(struct aip_keyring *ring);
void aip_keyring_freep(struct aip_keyring **ring);

/**
 * aip_keyring_add - take the keys of a key file
 * @data: content of the file: ASCII-armored (any number of blocks, text around them is
 *        ignored) or binary, any number of certificates
 * @origin: name of the file, for errors and for lists; copied
 * @warn: gets a line for each key left out (revoked, an algorithm that librpm cannot use); or NULL
 *
 * A key that is there already is not added twice.
 *
 * Return: number of primary keys added, or -EBADMSG when the file holds no certificate or a
 * damaged one, -EEXIST when one (sub)key would belong to two primary keys, -ENOMEM.
 * On failure nothing of the file was added.
 */
int aip_keyring_add(struct aip_keyring *ring, const void *data, size_t len, const char *origin,
		    struct aip_buf *warn, struct aip_err *err);

/** aip_keyring_count, aip_keyring_key - the primary keys, in the order they were added. */
size_t aip_keyring_count(const struct aip_keyring *ring);
const struct aip_key *aip_keyring_key(const struct aip_keyring *ring, size_t i);

/**
 * aip_keyring_verify - check one detached binary signature
 * @sig: one OpenPGP signature packet, not armored, nothing after it
 * @who: filled as far as known, also on failure
 *
 * That a key has expired is told, not judged: as its certificate's latest signature of its own says.
 *
 * Return: 0; -EBADMSG (not one version 4 signature packet over a binary document),
 * -EKEYREJECTED (MD5, SHA-1 or another weak digest, or the signature does not fit the data),
 * -ENOKEY (made by a key that is not in the ring).
 */
int aip_keyring_verify(const struct aip_keyring *ring, const void *data, size_t len,
		       const void *sig, size_t siglen, struct aip_signer *who, struct aip_err *err);

#endif
