/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unpack.h: reads a file through whatever decompression librpm knows.
 */
#ifndef AIP_UNPACK_H
#define AIP_UNPACK_H

#include <sys/types.h>

#include "common/err.h"

struct aip_unpack;

/**
 * aip_unpack_open - open a file, packed (by its name: .gz .bz2 .xz .lzma .zst) or not
 * Return: 0 and *@out (close it with aip_unpack_close()), or -errno.
 */
int aip_unpack_open(const char *path, struct aip_unpack **out, struct aip_err *err);

/** aip_unpack_read - Return: bytes read, 0 at the end, -EIO when the file is damaged. */
ssize_t aip_unpack_read(struct aip_unpack *u, void *buf, size_t len);
void aip_unpack_close(struct aip_unpack *u);

#endif
