/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sha256.h: FIPS 180-4 SHA-256.  Here because aipsnap runs from a read-only root
 * with nothing but itself: no crypto library can be asked for.
 */
#ifndef AIPSNAP_SHA256_H
#define AIPSNAP_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

/** sha256_init - start a digest. */
void sha256_init(struct sha256 *s);

/** sha256_add - take @len bytes in. */
void sha256_add(struct sha256 *s, const void *data, size_t len);

/** sha256_end - finish; @s must be started again before another use. */
void sha256_end(struct sha256 *s, uint8_t out[SHA256_LEN]);

#endif
