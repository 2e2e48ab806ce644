/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aipbackup.h: options, and the commands of the table in main.c. */
#ifndef AIP_AIPBACKUP_H
#define AIP_AIPBACKUP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "aipbackup/source.h"

struct aip_options {
	struct aip_source_options source;
	const char *to; /* NBD URI of the backup to be made, NULL: a qcow2 file in the set */
	const char *id; /* backup that is meant, NULL: the latest */
	bool compare;	/* incremental without tracking: read all, store what differs */
	bool paranoid;	/* read the backup back and compare all of it with the image */
	bool all;	/* read what the file system does not use, too */
	bool dry_run, force;
	bool idle;     /* lowest I/O and CPU priority */
	uint64_t rate; /* bytes per second, 0: no limit */
	unsigned keep; /* prune: restore points */
};

/** Set by SIGINT and SIGTERM: commands give up and clean up. */
extern volatile sig_atomic_t aip_stop;

/* Each takes the arguments behind the options and returns the exit code. */
int aip_cmd_full(const struct aip_options *o, char **args);
int aip_cmd_incremental(const struct aip_options *o, char **args);
int aip_cmd_auto(const struct aip_options *o, char **args);
int aip_cmd_list(const struct aip_options *o, char **args);
int aip_cmd_verify(const struct aip_options *o, char **args);
int aip_cmd_restore(const struct aip_options *o, char **args);
int aip_cmd_prune(const struct aip_options *o, char **args);

#endif
