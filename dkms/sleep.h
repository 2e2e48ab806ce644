/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sleep.h: hibernation.  Its image is written after memory was copied, and memory is put back as it was:
 * these writes, and what marked them, are forgotten.  No lineage goes through it.
 */
#ifndef AIP_SLEEP_H
#define AIP_SLEEP_H

#include <linux/types.h>

/** How often memory was, or was about to be, copied; a tracker that began at another count is over. */
unsigned int aip_sleep_count(void);

/** Between PREPARE and POST: a CLEAN that is in the copy of memory could come to the disk after it. */
bool aip_sleep_going(void);

int aip_sleep_init(void);
void aip_sleep_exit(void);

#endif /* AIP_SLEEP_H */
