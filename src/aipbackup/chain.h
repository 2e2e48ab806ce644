/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chain.h: the device as one backup has it: its own chunks, and below them those of
 * its parents down to the full backup.
 */
#ifndef AIP_CHAIN_H
#define AIP_CHAIN_H

#include "aipbackup/set.h"

struct aip_chain;

/** What the chain knows of one chunk. */
struct aip_chunk {
	uint64_t no;
	bool zero; /* reads as zeroes */
	struct aip_sum sum;
	size_t layer; /* that holds it; 0 is the backup itself, then its parents */
};

/**
 * aip_chain_open - open a backup and those it stands on
 * @depth: how many of them at most (1: the backup alone), 0: all
 * Return: 0, -EBADMSG (damaged checksum file) or -errno.  Data is connected to when first read.
 */
int aip_chain_open(const struct aip_set *s, const struct aip_manifest *m, size_t depth,
		   struct aip_chain **out, struct aip_err *err);

/** aip_chain_next - the next recorded chunk, ascending. Return: false at the end. */
bool aip_chain_next(struct aip_chain *c, struct aip_chunk *chunk);

/**
 * aip_chain_seek - what is recorded of chunk @no; numbers must ascend from call to call
 * Return: false when nothing is (it reads as zeroes).
 */
bool aip_chain_seek(struct aip_chain *c, uint64_t no, struct aip_chunk *chunk);

/** aip_chain_rewind - start again with the first chunk. */
void aip_chain_rewind(struct aip_chain *c);

/**
 * aip_chain_read - read one chunk from the layer that holds it
 * @buf: room for a chunk; @len: set to its length (the device's last may be short)
 * Return: 0, -EBADMSG when it is not what the checksum says, or -errno.
 */
int aip_chain_read(struct aip_chain *c, const struct aip_chunk *chunk, void *buf, size_t *len,
		   struct aip_err *err);

/** aip_chain_zeroes - check that chunks @first … @first + @count - 1 read as zeroes. Return: 0, -EBADMSG, -errno. */
int aip_chain_zeroes(struct aip_chain *c, uint64_t first, uint64_t count, struct aip_err *err);

/** aip_chain_count - Return: how many chunks the newest layer alone records. */
uint64_t aip_chain_count(const struct aip_chain *c);

void aip_chain_close(struct aip_chain *c);
static inline void aip_chain_closep(struct aip_chain **c)
{
	aip_chain_close(*c);
}
#define _cleanup_chain_ __attribute__((cleanup(aip_chain_closep)))

#endif
