// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text is an envelope: it opens only if its payload is the one that was signed (the
 * secret key is gone).  Anything else is tried as a signature and as a key file.
 */
#include <stdint.h>
#include <string.h>

#include "patch/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* clang-format off */
static const char key[] =
	"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	"\n"
	"mDMEawK9HhYJKwYBBAHaRw8BAQdAx1q244qB9W6orAZctKN2I2uaploKy12c1GtK\n"
	"8nB4g1y0F0Z1enogPGZ1enpAZXhhbXBsZS5jb20+iJAEExYIADgWIQQk6BSbnCK1\n"
	"r/2AAVE0/eb+aleZTwUCawK9HgIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK\n"
	"CRA0/eb+aleZT89vAQCH27RaNnkLkvpkLwPfjbWR2GJZTJTSsaAqXfnHmbKiigD/\n"
	"eYb+EnlOUnXPNqteGPgl8fmcSZ1mI7044o6pEhIAlgs=\n"
	"=BQ/d\n"
	"-----END PGP PUBLIC KEY BLOCK-----\n";
/* clang-format on */

/* SHA-256 of the payload of the seed */
static const char signed_sha256[] =
	"ce0f0d33cd7937161d7100e22109f74b34121fd1aeebb506f32034d59352275f";

static void require(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static struct aip_keyring *trusted(void)
{
	static struct aip_keyring *ring;

	if (!ring) {
		ring = aip_keyring_new();
		require(ring &&
			aip_keyring_add(ring, key, sizeof(key) - 1, "key", NULL, NULL) == 1);
	}
	return ring;
}

static void envelope(const uint8_t *data, size_t size)
{
	struct aip_trust trust = { .keyring = trusted() };
	struct aip_index *idx = NULL;
	struct aip_endorsers who;
	struct aip_err err = AIP_ERR_INIT;

	if (aip_envelope_open(data, size, "fuzz", &trust, &idx, &who, &err) < 0) {
		require(!idx && err.exit == 4 && err.msg[0]);
		return;
	}
	require(who.n == 1 && strcmp(idx->sha256, signed_sha256) == 0);
	aip_index_free(idx);
}

static void keys_and_signatures(const uint8_t *data, size_t size)
{
	struct aip_keyring *ring = aip_keyring_new();
	struct aip_buf warn = AIP_BUF_INIT;
	struct aip_signer who;
	size_t i;

	require(aip_keyring_verify(trusted(), "other data", 10, data, size, &who, NULL) < 0);
	if (aip_keyring_add(ring, data, size, "fuzz", &warn, NULL) < 0)
		require(aip_keyring_count(ring) == 0);
	for (i = 0; i < aip_keyring_count(ring); i++)
		require(strlen(aip_keyring_key(ring, i)->fingerprint) == 40);
	aip_keyring_verify(ring, "data", 4, data, size, &who, NULL);
	aip_buf_free(&warn);
	aip_keyring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] < 0x80)
		envelope(data, size);
	else
		keys_and_signatures(data, size);
	return 0;
}
