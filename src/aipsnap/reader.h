/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader.h: reads what is on the disk, not what the page cache holds.
 *
 * While a file system is mounted (or was, read-only, by the initramfs) the cache
 * of its block device can be older or newer than the disk.  Everything that a
 * fingerprint is made of is therefore read with O_DIRECT.
 */
#ifndef AIPSNAP_READER_H
#define AIPSNAP_READER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct reader {
	int fd;
	char name[256];	     /* for messages */
	uint64_t size;	     /* bytes */
	unsigned int sector; /* logical sector size of the device, 512 for an image file */
	uint8_t *bounce;     /* aligned, READER_BOUNCE bytes */
};

#define READER_BOUNCE (256 * 1024)

/**
 * reader_open - open a block device, or a regular file that holds an image of one
 *
 * A block device that cannot be opened with O_DIRECT is refused; an image file on
 * a file system without O_DIRECT (tmpfs) is read through the cache.
 *
 * Return: 0, -ENOTBLK for anything else, or -errno.  Close with reader_close().
 */
int reader_open(struct reader *r, const char *path, struct aip_err *err);

/** reader_close - give everything back; harmless after a failed reader_open(). */
void reader_close(struct reader *r);

/**
 * reader_read - read @len bytes at @offset, whatever their alignment
 * Return: 0, -EINVAL beyond the end, -EIO when the device yields less, or -errno.
 */
int reader_read(struct reader *r, uint64_t offset, void *buf, size_t len, struct aip_err *err);

#define READER_INIT                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

#endif
