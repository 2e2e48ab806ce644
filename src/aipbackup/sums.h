/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sums.h: which chunks a backup holds, and the checksum of each.
 *
 * The file NNNN.sums, little-endian:
 *
 *   offset  size  what
 *        0     8  magic "AIPSUMS1"
 *        8     4  chunk size in bytes, a power of two
 *       12     4  0
 *       16     8  device size in bytes
 *       24     8  number of records
 *       32        records, sorted by chunk number, each once:
 *
 *        0     8  chunk number; bit 63 set: the chunk is all zeroes
 *        8    16  XXH3-128 of the chunk's bytes (canonical, big-endian form; seed 0)
 *
 * A chunk that an increment's file does not name is the parent's; one that a full
 * backup's file does not name reads as zeroes.  The last chunk may be short.
 */
#ifndef AIP_SUMS_H
#define AIP_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct aip_sum {
	unsigned char bytes[16];
};

/** aip_sum_of - checksum of @len bytes. */
struct aip_sum aip_sum_of(const void *data, size_t len);

/** aip_is_zero - Return: whether @len bytes are all zero. */
bool aip_is_zero(const void *data, size_t len);

/* ---- writing ---- */

struct aip_sums_writer;

/**
 * aip_sums_create - start the file @name in @dirfd (replaced if there)
 * Return: 0 or -errno.
 */
int aip_sums_create(int dirfd, const char *name, uint32_t chunk, uint64_t device_size,
		    struct aip_sums_writer **out, struct aip_err *err);

/** aip_sums_add - one more chunk; numbers must ascend. Return: 0, -EINVAL (order) or -errno. */
int aip_sums_add(struct aip_sums_writer *w, uint64_t chunk_no, bool zero, struct aip_sum sum,
		 struct aip_err *err);

/**
 * aip_sums_finish - complete the file and make it durable
 * @digest: set to the XXH3-128 of the whole file, hex
 * @count: set to the number of records
 * Return: 0 or -errno.  The writer is still to be freed.
 */
int aip_sums_finish(struct aip_sums_writer *w, char digest[33], uint64_t *count,
		    struct aip_err *err);

/** aip_sums_writer_free - NULL is allowed.  An unfinished file is left for the caller to remove. */
void aip_sums_writer_free(struct aip_sums_writer *w);
static inline void aip_sums_writer_freep(struct aip_sums_writer **w)
{
	aip_sums_writer_free(*w);
}

/* ---- reading ---- */

struct aip_sums {
	uint32_t chunk;	      /* bytes */
	uint64_t device_size; /* bytes */
	uint64_t count;	      /* records */
	const unsigned char *records;
	void *map;
	size_t map_len;
};

/**
 * aip_sums_open - map the file and check all of it
 * @digest: what the manifest says it must be, or NULL
 * Return: 0, -EBADMSG when it is damaged, or -errno.  Close with aip_sums_close().
 */
int aip_sums_open(int dirfd, const char *name, const char *digest, struct aip_sums *s,
		  struct aip_err *err);
void aip_sums_close(struct aip_sums *s);

/** aip_sums_at - record @i (< count): its chunk number, whether it is all zeroes, its checksum. */
uint64_t aip_sums_at(const struct aip_sums *s, uint64_t i, bool *zero, struct aip_sum *sum);

/** aip_sums_find - Return: the index of the first record whose chunk number is at least @chunk_no. */
uint64_t aip_sums_find(const struct aip_sums *s, uint64_t chunk_no);

#endif
