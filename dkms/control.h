/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h: the control device.
 */
#ifndef AIP_CONTROL_H
#define AIP_CONTROL_H

#include <linux/mutex.h>

/** Held by every call; see the other headers for what it covers. */
extern struct mutex aip_control_lock;

/** Module parameter: track nothing. */
extern bool aip_off;

int aip_control_init(void);
void aip_control_exit(void);

#endif /* AIP_CONTROL_H */
