// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <rpm/rpmcrypto.h>
#include <stdlib.h>
#include <string.h>

#include "rpm/digest.h"
#include "rpm/quiet.h"

int aip_digest_hex(int algo, const void *data, size_t len, char out[AIP_DIGEST_HEX_MAX])
{
	DIGEST_CTX ctx;
	void *hex = NULL;
	size_t n = 0;
	int r = -ENOSYS;

	out[0] = 0;
	if (algo == 0)
		algo = AIP_DIGEST_MD5;
	n = rpmDigestLength(algo);
	if (n == 0 || n * 2 >= AIP_DIGEST_HEX_MAX)
		return -EINVAL;
	aip_rpmlog_quiet();
	ctx = rpmDigestInit(algo, RPMDIGEST_NONE);
	if (!ctx)
		return -ENOSYS;
	if (len)
		rpmDigestUpdate(ctx, data, len);
	/* the length that comes back counts the NUL */
	if (rpmDigestFinal(ctx, &hex, NULL, 1) == 0 && hex && strlen(hex) == n * 2) {
		memcpy(out, hex, n * 2 + 1);
		r = 0;
	}
	free(hex);
	return r;
}

int aip_sha256_hex(const void *data, size_t len, char out[AIP_SHA256_HEX])
{
	char hex[AIP_DIGEST_HEX_MAX];
	int r = aip_digest_hex(AIP_DIGEST_SHA256, data, len, hex);

	memcpy(out, hex, r < 0 ? 1 : AIP_SHA256_HEX);
	return r;
}
