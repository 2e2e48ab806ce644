/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * input.h: an index file as a publisher has it: plain payload or envelope, packed or not.
 */
#ifndef MKINDEX_INPUT_H
#define MKINDEX_INPUT_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"
#include "patch/index.h"

struct input {
	struct aip_buf raw;	/* the file, unpacked: an envelope or a payload */
	struct aip_buf payload; /* the payload, not verified */
	bool envelope;
	struct aip_index *index; /* the payload, parsed */
};

/**
 * input_read - read an index file; nobody's signature is asked for
 * @in: zeroed by the caller; release with input_free()
 * Return: 0 or -errno.
 */
int input_read(const char *path, struct input *in, struct aip_err *err);
void input_free(struct input *in);

/**
 * output_write - replace a file with @data, packed when its name ends in .gz
 * @path: NULL or "-" is standard output
 * Return: 0 or -errno; on failure an old file is untouched.
 */
int output_write(const char *path, const void *data, size_t len, struct aip_err *err);

#endif
