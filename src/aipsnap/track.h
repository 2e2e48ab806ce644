/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track.h: the two steps of starting and of sealing a device.
 *
 * Both times the driver first makes sure that it sees, and counts, every write; then
 * the fingerprint is read here; then the driver decides.
 */
#ifndef AIPSNAP_TRACK_H
#define AIPSNAP_TRACK_H

#include <stdbool.h>

#include "aipsnap/blkdev.h"
#include "common/err.h"

struct track {
	unsigned int slot;
	char name[80];	   /* of the device */
	bool resumed;	   /* start: the lineage goes on */
	bool table_failed; /* start: the table cannot be written */
	uint32_t why;	   /* new lineage, or not sealed: why */
	char detail[160];  /* what the fingerprint saw, or why there is none */
	struct aipsnap_id lineage, generation;
	uint64_t written; /* seal: bytes written to the table */
};

/**
 * track_start - begin tracking the device of a slot, resuming its lineage if that is proved
 * @fresh: why a new lineage begins whatever is found (AIPSNAP_WHY_FLAG, …), or AIPSNAP_WHY_NONE
 * Return: 0 (tracking runs; see @t), -EBUSY when it is tracked already, or -errno.
 */
int track_start(int ctl, unsigned int slot, const struct blkdev *b, uint32_t fresh, struct track *t,
		struct aip_err *err);

/**
 * track_begin - note that this process may start devices; until @ctl is closed
 *
 * So that a start that was killed half-way can be told from one that is at work.
 */
void track_begin(int ctl);

/**
 * track_unstick - a device that a killed start left half-way begins anew: *@dev is waiting then
 *
 * Not while another process that called track_begin() is at work.
 */
void track_unstick(int ctl, struct aipsnap_device *dev);

/**
 * track_anew - a new lineage, at once, for a device that is tracked, because a person demands it
 * Return: 0, see @t, whose name is set in any case; or -errno.
 */
int track_anew(int ctl, const struct aipsnap_device *dev, struct track *t, struct aip_err *err);

/**
 * track_seal - mark the table CLEAN for a device
 * @timeout_ms: for writes in flight
 * Return: 0, -EBUSY when something can still write to it, -EAGAIN when something did,
 *	-EOPNOTSUPP when nothing can be proved about its content, or -errno.
 */
int track_seal(int ctl, const struct aipsnap_device *dev, unsigned int timeout_ms, struct track *t,
	       struct aip_err *err);

#endif
