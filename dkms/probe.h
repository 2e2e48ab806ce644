/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h: sees every write through the block layer's tracepoints.
 */
#ifndef AIP_PROBE_H
#define AIP_PROBE_H

int aip_probe_init(void); /* -ENOENT: the kernel has not these tracepoints */
int aip_probe_on(void);
void aip_probe_off(void);

#endif /* AIP_PROBE_H */
