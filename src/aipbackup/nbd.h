/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nbd.h: one connection to an NBD export, the only way aipbackup touches the data
 * of a backup.  A qcow2 file is served by a qemu-nbd of our own; a store that
 * speaks NBD is connected to by its URI.
 */
#ifndef AIP_NBD_H
#define AIP_NBD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct aip_nbd;

enum aip_nbd_mode {
	AIP_NBD_READ,	    /* with what lies below it */
	AIP_NBD_READ_ALONE, /* without its backing file: what it does not hold reads as zeroes */
	AIP_NBD_WRITE,
};

/**
 * aip_nbd_json_name - how qemu is to open a qcow2 file: { "driver": "qcow2", "file": { … }, "backing": null }, as "json:…"
 * @alone: without its backing file
 * Return: text, caller frees; NULL when memory ran out.
 */
char *aip_nbd_json_name(const char *path, bool alone);

/**
 * aip_nbd_open_file - serve a qcow2 file with qemu-nbd and connect to it
 * @dir: folder that the file is in
 * @file: its name there; backing files are found from it by qemu itself
 * @out: the connection; aip_nbd_close() ends qemu-nbd too
 * Return: 0 or -errno.
 */
int aip_nbd_open_file(const char *dir, const char *file, enum aip_nbd_mode mode,
		      struct aip_nbd **out, struct aip_err *err);

/** aip_nbd_open_uri - connect to nbd://, nbds:// or nbd+unix://. Return: 0 or -errno. */
int aip_nbd_open_uri(const char *uri, bool writable, struct aip_nbd **out, struct aip_err *err);

/** aip_nbd_size - Return: bytes of the export. */
uint64_t aip_nbd_size(const struct aip_nbd *n);

/** aip_nbd_read - read @len bytes at @offset, wait for them. Return: 0 or -errno. */
int aip_nbd_read(struct aip_nbd *n, void *buf, size_t len, uint64_t offset, struct aip_err *err);

/**
 * aip_nbd_write - start writing
 * @buf: must stay as it is until *@users has been decremented, which happens in a later
 *       aip_nbd_write(), aip_nbd_zero(), aip_nbd_wait() or aip_nbd_flush()
 * @users: incremented now
 * Return: 0, or -errno of this or of an earlier request.
 */
int aip_nbd_write(struct aip_nbd *n, const void *buf, size_t len, uint64_t offset, unsigned *users,
		  struct aip_err *err);

/** aip_nbd_zero - start making a range read as zeroes (any length). Return: as aip_nbd_write(). */
int aip_nbd_zero(struct aip_nbd *n, uint64_t len, uint64_t offset, struct aip_err *err);

/** aip_nbd_wait - wait until some request has ended. Return: 0, or -errno of a request that failed. */
int aip_nbd_wait(struct aip_nbd *n, struct aip_err *err);

/** aip_nbd_flush - wait for all requests, then make them durable. Return: 0 or -errno. */
int aip_nbd_flush(struct aip_nbd *n, struct aip_err *err);

/**
 * aip_nbd_zeroes - how far from @offset the export is known to read as zeroes
 * Return: bytes, 0 when it is data or the server cannot tell, or -errno.
 */
int64_t aip_nbd_zeroes(struct aip_nbd *n, uint64_t offset, uint64_t len, struct aip_err *err);

/**
 * aip_nbd_abandon - break off: after it no buffer of a write under way is touched any more
 *
 * For the way out after an error; only aip_nbd_close() may follow.
 */
void aip_nbd_abandon(struct aip_nbd *n);

/** aip_nbd_close - disconnect; NULL is allowed.  Requests not waited for may be lost. */
void aip_nbd_close(struct aip_nbd *n);

static inline void aip_nbd_closep(struct aip_nbd **n)
{
	aip_nbd_close(*n);
}
#define _cleanup_nbd_ __attribute__((cleanup(aip_nbd_closep)))

#endif
