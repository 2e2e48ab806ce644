/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.h: many small jobs, each in a child process with limits, some at a time.
 *
 * What a job reads may be hostile (packages, scripts); a crash, a loop or a memory bomb
 * ends that job with an error and nothing else.
 */
#ifndef MKINDEX_POOL_H
#define MKINDEX_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

struct pool {
	int jobs;	   /* at a time; 0: one for each processor */
	size_t n;	   /* jobs in all */
	size_t memory;	   /* address space of a child, bytes */
	int seconds;	   /* of CPU time; wall time may be four times as much */
	size_t result_max; /* bytes of a result */
	void *ctx;
	/* In the child: append the result. Return: 0 or a code, with @err. */
	int (*work)(void *ctx, size_t i, struct aip_buf *result, struct aip_err *err);
	/* In the parent, in any order. @code: what work() returned, or why it ended. Return: 0, or a code that ends all. */
	int (*done)(void *ctx, size_t i, int code, const struct aip_buf *result,
		    const struct aip_err *why, struct aip_err *err);
	/* What job @i is about, for errors. */
	const char *(*name)(void *ctx, size_t i);
};

/** pool_run - run all jobs. Return: 0 or the first code of done(), or -errno. */
int pool_run(const struct pool *p, struct aip_err *err);

/* Results are made of numbers and byte strings. */
void put_u64(struct aip_buf *b, uint64_t v);
void put_bytes(struct aip_buf *b, const void *data, size_t len);
void put_str(struct aip_buf *b, const char *s);

struct take {
	const char *p, *end;
	bool bad; /* something was not there */
};

uint64_t take_u64(struct take *t);
/* A copy with a NUL behind it, caller frees; NULL when bad. */
char *take_bytes(struct take *t, size_t *len);
char *take_str(struct take *t);

#endif
