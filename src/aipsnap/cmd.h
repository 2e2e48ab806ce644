/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h: what the command files share.  A command gets its own arguments (argv[0] is its
 * name) and returns the program's exit code.  Only command files print: text for
 * people or, with --json, one document; both from the same structures.
 */
#ifndef AIPSNAP_CMD_H
#define AIPSNAP_CMD_H

#include <getopt.h>
#include <stdbool.h>

#include "common/err.h"
#include "common/jsonw.h"

/* Exit codes, as in aipsnap(8). */
enum {
	EXIT_OK = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	/* EXIT_NO_DRIVER = 3, ctl.h */
	EXIT_REFUSED = 4,    /* the device cannot be tracked */
	EXIT_NOT_SEALED = 5, /* something can still write, or nothing can be proved */
	EXIT_UNKNOWN_ID = 6, /* generation not known: a full backup is needed */
	EXIT_TIME = 7,	     /* the deadline of start, clear_dirtyflag or late was reached */
};

struct command {
	const char *name;
	int (*run)(const struct command *self, int argc, char **argv);
	const char *args; /* synopsis behind the name */
	const char *help; /* one line */
	const char *more; /* options, one a line; may be NULL */
};

int cmd_enable(const struct command *self, int argc, char **argv);
int cmd_disable(const struct command *self, int argc, char **argv);
int cmd_start(const struct command *self, int argc, char **argv);
int cmd_stop(const struct command *self, int argc, char **argv);
int cmd_clear_dirtyflag(const struct command *self, int argc, char **argv);
int cmd_late(const struct command *self, int argc, char **argv);
int cmd_status(const struct command *self, int argc, char **argv);
int cmd_generation(const struct command *self, int argc, char **argv);
int cmd_changes(const struct command *self, int argc, char **argv);
int cmd_snapshot(const struct command *self, int argc, char **argv);
int cmd_fingerprint(const struct command *self, int argc, char **argv);

/** cmd_fail - print @err. Return: its exit code, EXIT_ERROR when it names none. */
int cmd_fail(const struct aip_err *err);

/** cmd_usage - print how the command is called. Return: EXIT_USAGE. */
int cmd_usage(const struct command *self);

/** cmd_getopt - getopt_long() that also knows --help (prints, exits 0). Return: as getopt_long(). */
int cmd_getopt(const struct command *self, int argc, char **argv, const char *letters,
	       const struct option *options);

/** cmd_print - write a finished buffer to stdout. Return: EXIT_OK or EXIT_ERROR. */
int cmd_print(const struct aip_buf *out);

/** cmd_seconds - read a number of seconds (1 to 3600). Return: 0 or -EINVAL. */
int cmd_seconds(const char *s, int *seconds);

#define OPTION_JSON                                                                                \
	{                                                                                          \
		"json", no_argument, NULL, 'j'                                                     \
	}
#define OPTION_END                                                                                 \
	{                                                                                          \
		NULL, 0, NULL, 0                                                                   \
	}

#endif
