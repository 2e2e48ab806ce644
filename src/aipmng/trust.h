/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trust.h: whose signatures count: the package's key file, the fleet's own ones in
 * /etc/aip/keys.d, minus the keys that accepted indexes revoked.
 *
 * A key file that cannot be read is left out with a warning: fewer keys can only mean
 * that less is believed.  Without any key only the shipped index is used.
 */
#ifndef AIP_TRUST_H
#define AIP_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "aipmng/accept.h"
#include "aipmng/aipmng.h"
#include "common/err.h"
#include "patch/envelope.h"

#define TRUST_KEY_MAX	1048576 /* bytes of one key file */
#define TRUST_FILES_MAX 64

struct trust {
	struct aip_keyring *ring;
	char **revoked; /* fingerprints; grows with trust_revoke() */
	size_t n_revoked;
	unsigned int threshold;
	size_t n_keys; /* primary keys in the ring */
};

#define TRUST_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}

/**
 * trust_load - read the key files
 * @t: zeroed by the caller; release with trust_free()
 * @threshold: signatures of so many distinct primary keys are needed
 * @warnings, @n: get a line for each thing that is not as it should be
 * Return: 0 (also without any key: see .n_keys); -ENOMEM.
 */
int trust_load(const struct ctx *ctx, unsigned int threshold, struct trust *t, char ***warnings,
	       size_t *n, struct aip_err *err);
void trust_free(struct trust *t);

/** trust_revoke - a key does not count any more. Return: 1 it did until now, 0 it was known, -ENOMEM. */
int trust_revoke(struct trust *t, const char *fingerprint);

/** trust_revoke_state - likewise, all that @st remembers. Return: 0 or -ENOMEM. */
int trust_revoke_state(struct trust *t, const struct accept_state *st);

/** trust_usable - Return: primary keys that are not revoked. */
size_t trust_usable(const struct trust *t);

/**
 * trust_open - open an envelope with what is trusted
 * Expiry is not judged here but by accept_judge(), which knows what was accepted before.
 * Return: as aip_envelope_open().
 */
int trust_open(const struct trust *t, const void *data, size_t len, const char *name,
	       struct aip_index **idx, struct aip_err *err);

#endif
