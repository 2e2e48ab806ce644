/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest.h: digests of bytes, by whatever cryptography librpm was built with.
 */
#ifndef AIP_DIGEST_H
#define AIP_DIGEST_H

#include <stddef.h>

#define AIP_SHA256_HEX	   65  /* 64 hex digits and a NUL */
#define AIP_DIGEST_HEX_MAX 129 /* the longest, SHA-512, and a NUL */

/* Numbers of digest algorithms as OpenPGP, and with it rpm, counts them. */
enum aip_digest {
	AIP_DIGEST_MD5 = 1,
	AIP_DIGEST_SHA1 = 2,
	AIP_DIGEST_SHA256 = 8,
	AIP_DIGEST_SHA384 = 9,
	AIP_DIGEST_SHA512 = 10,
	AIP_DIGEST_SHA224 = 11,
};

/**
 * aip_sha256_hex - SHA-256 of @len bytes, lower-case hex
 * Return: 0, or -ENOSYS when the cryptography library refuses (@out is then empty).
 */
int aip_sha256_hex(const void *data, size_t len, char out[AIP_SHA256_HEX]);

/**
 * aip_digest_hex - likewise with any algorithm
 * @algo: number, see enum aip_digest (0 is taken as MD5, as an rpm header without one means)
 * Return: 0, -EINVAL (unknown number) or -ENOSYS (a FIPS policy that forbids MD5, for one).
 */
int aip_digest_hex(int algo, const void *data, size_t len, char out[AIP_DIGEST_HEX_MAX]);

#endif
