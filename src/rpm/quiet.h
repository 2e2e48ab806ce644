/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quiet.h: librpm prints its complaints on stderr by itself; not in our programs.
 */
#ifndef AIP_QUIET_H
#define AIP_QUIET_H

/**
 * aip_rpmlog_quiet - from now on librpm's messages are kept, not printed
 * Process-wide, idempotent.  Everything in src/rpm calls it before it calls librpm.
 */
void aip_rpmlog_quiet(void);

/**
 * aip_rpmlog_last - what librpm complained about last (warnings and errors)
 * Return: one line without newline, "" for nothing; valid and kept until the next call into librpm.
 */
const char *aip_rpmlog_last(void);

/** aip_rpmlog_forget - drop it, so that the next complaint is known to be new. */
void aip_rpmlog_forget(void);

#endif
