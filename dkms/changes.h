/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * changes.h: what changed between two generations.
 */
#ifndef AIP_CHANGES_H
#define AIP_CHANGES_H

#include "uapi/aipsnap.h"

int aip_changes_read(struct aipsnap_changes *arg);
int aip_changes_generations(struct aipsnap_generations *arg);

#endif /* AIP_CHANGES_H */
