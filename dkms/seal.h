/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * seal.h: says CLEAN for a device whose last write has been, in two steps.
 *
 * BEGIN drains and writes the bitmaps; the caller reads the fingerprint; COMMIT
 * holds all writes back, looks whether any came since, and writes CLEAN.
 */
#ifndef AIP_SEAL_H
#define AIP_SEAL_H

#include "uapi/aipsnap.h"

struct aip_device;

int aip_seal_begin(struct aipsnap_seal_begin *arg);
int aip_seal_commit(struct aipsnap_seal_commit *arg);
int aip_seal_abort(struct aip_device *d);

#endif /* AIP_SEAL_H */
