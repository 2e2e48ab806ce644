/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h: the commands of aip-mkindex, and what several of them share.
 */
#ifndef MKINDEX_CMD_H
#define MKINDEX_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"
#include "patch/index.h"

enum {
	EXIT_DONE = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 4,  /* verify: signature, digest, expiry */
	EXIT_UNPROVED = 5, /* prove: at least one script was refused */
};

struct command {
	const char *name;
	const char *args; /* for the usage line */
	const char *help;
	/* @argv[0] is the command's name. Return: exit code; usage and errors are printed. */
	int (*run)(int argc, char **argv);
};

int cmd_build(int argc, char **argv);
int cmd_prove(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_publish(int argc, char **argv);

/** tame - replace control characters, which a terminal would obey, except tab and newline. */
void tame(char *text, size_t len);

/** complain - print an error and its hint. Return: the exit code that belongs to it. */
int complain(const struct aip_err *err);

/** bad_usage - print what is wrong with the command line. Return: EXIT_USAGE. */
int bad_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A list that an option, repeated, makes. */
#define LIST_MAX 256
struct list {
	const char *v[LIST_MAX];
	size_t n;
};

/** list_add - Return: 0, or -E2BIG when it is full. */
int list_add(struct list *l, const char *text);

/* What stands at the head of an index that is being made, and who signs it. */
struct heading {
	const char *stream;  /* NULL: as the previous index */
	const char *serial;  /* NULL: one more than the previous index, or 1 */
	const char *issued;  /* NULL: now, or $SOURCE_DATE_EPOCH */
	const char *expires; /* a time, or days after "issued" as "30d" (default) */
	struct list withdraw, revoke, sign;
};

/* Long options 'heading' commands share; use in a switch with heading_option(). */
#define HEADING_OPTIONS                                                                            \
	{ "stream", required_argument, NULL, OPT_STREAM },                                         \
		{ "serial", required_argument, NULL, OPT_SERIAL },                                 \
		{ "issued", required_argument, NULL, OPT_ISSUED },                                 \
		{ "expires", required_argument, NULL, OPT_EXPIRES },                               \
		{ "withdraw", required_argument, NULL, OPT_WITHDRAW },                             \
		{ "revoke", required_argument, NULL, OPT_REVOKE },                                 \
	{                                                                                          \
		"sign", required_argument, NULL, OPT_SIGN                                          \
	}

enum {
	OPT_STREAM = 1000,
	OPT_SERIAL,
	OPT_ISSUED,
	OPT_EXPIRES,
	OPT_WITHDRAW,
	OPT_REVOKE,
	OPT_SIGN,
};

/** heading_option - take option @c with @arg. Return: whether it is one of these. */
bool heading_option(struct heading *h, int c, const char *arg);

/**
 * heading_apply - fill in the head of @idx
 * @previous: whose stream, serial, withdrawn and revoked lists go on, or NULL
 * Return: 0, -EINVAL (an option has no sense; exit code 2), or -errno.
 */
int heading_apply(const struct heading *h, const struct aip_index *previous, struct aip_index *idx,
		  struct aip_err *err);

/**
 * seal_index - write an index and, when there are keys to sign with, put it into an envelope
 *
 * What was signed is opened again as a client would, with the public keys that gpg exports: an
 * envelope that no client takes is an error here.
 *
 * @sign: keys, as gpg names them
 * @out: appended
 * Return: 0 or -errno.
 */
int seal_index(const struct aip_index *idx, const struct list *sign, struct aip_buf *out,
	       struct aip_err *err);

#endif
