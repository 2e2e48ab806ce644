/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawn.h: runs another program, bounded in time and in what it may say.
 */
#ifndef AIP_SPAWN_H
#define AIP_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

struct aip_spawn {
	const char *const
		*argv; /* argv[0] is looked up in PATH when it has no slash; NULL-terminated */
	const char *const *envp; /* whole environment, NULL: the caller's own */
	const char *root;	 /* chroot here first, NULL: not */
	const void
		*input; /* written to its standard input, which is /dev/null when @input_len is 0 */
	size_t input_len;
	size_t output_max; /* bytes taken of each of stdout and stderr; more ends the run with -EFBIG */
	int timeout_ms;	   /* then its whole process group is killed: -ETIMEDOUT */
	bool quiet_stdout; /* throw its stdout away */
	void (*prepare)(
		void *ctx); /* called in the child before exec (limits, priorities), or NULL */
	void *ctx;
};

struct aip_spawn_result {
	int status;	    /* exit status, or 128 + signal as a shell has it */
	struct aip_buf out; /* stdout */
	struct aip_buf err; /* stderr */
};

#define AIP_SPAWN_RESULT_INIT                                                                      \
	{                                                                                          \
		0, AIP_BUF_INIT, AIP_BUF_INIT                                                      \
	}

/**
 * aip_spawn - run a program to its end
 * @s: what to run
 * @res: filled in; free with aip_spawn_result_free()
 *
 * The child gets no descriptor but 0, 1 and 2, default signal handlers, a process
 * group of its own, and dies with its parent.  SIGPIPE is not raised in the caller.
 *
 * Return: 0 when it ended by itself (see res->status), -ENOENT or another -errno when it could not
 * be started, -ETIMEDOUT, -EFBIG.
 */
int aip_spawn(const struct aip_spawn *s, struct aip_spawn_result *res, struct aip_err *err);

void aip_spawn_result_free(struct aip_spawn_result *res);

#define _cleanup_spawn_ _cleanup_(aip_spawn_result_free)

#endif
