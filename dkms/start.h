/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * start.h: takes a device of the table up again after a boot, in two steps.
 *
 * Hooks first, then DIRTY on disk (writes are held until it is), then the old
 * generations; the caller reads the fingerprint; then the decision.
 */
#ifndef AIP_START_H
#define AIP_START_H

#include "uapi/aipsnap.h"

int aip_start_begin(struct aipsnap_start_begin *arg);
int aip_start_commit(struct aipsnap_start_commit *arg);
/** Marks an extent in what is open: between the two steps, or later. */
int aip_start_mark(const struct aipsnap_mark *arg);

/** A token that no earlier step had. */
u64 aip_token(void);

#endif /* AIP_START_H */
