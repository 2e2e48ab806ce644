/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * switch.h: opens a new generation on several devices at one instant, with or
 * without snapshots.
 */
#ifndef AIP_SWITCH_H
#define AIP_SWITCH_H

#include "uapi/aipsnap.h"

int aip_switch(struct aipsnap_switch *arg);

#endif /* AIP_SWITCH_H */
