// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/changes.h"
#include "aipsnap/ctl.h"

#define SLICE (8ULL << 20) /* chunks asked for at once: a bitmap of 1 MiB */

static int read_slice(int ctl, struct aipsnap_changes *call, struct changes *c, struct aip_err *err)
{
	int ret = ctl_call(ctl, AIPSNAP_CHANGES, call);

	if (ret == -ENOENT) {
		aip_err_set(err, ret,
			    "generation not known: it belongs to another lineage, or was merged");
		return aip_err_hint(
			err,
			"a full backup is needed; aipsnap status tells when and why this lineage began");
	}
	if (ret)
		return aip_err_errno(err, ret, "reading the changes");
	if (call->first && memcmp(&c->lineage, &call->lineage, sizeof(c->lineage)))
		return aip_err_set(err, -ENOENT, "a new lineage began while its changes were read");
	c->lineage = call->lineage;
	c->changed += call->changed;
	return 0;
}

int changes_read(int ctl, unsigned int slot, const struct aipsnap_id *since,
		 const struct aipsnap_id *until, struct changes *c, struct aip_err *err)
{
	struct aipsnap_changes call = { .slot = slot, .since = *since, .nr_chunks = 8 };
	uint64_t at;
	int ret;

	*c = (struct changes){ 0 };
	if (until)
		call.until = *until;
	/* how large is it? */
	ret = read_slice(ctl, &call, c, err);
	if (ret)
		return ret;
	c->chunks = call.chunks;
	c->bytes = call.sectors << AIPSNAP_SECTOR_SHIFT;
	c->chunk_shift = call.chunk_shift;
	c->changed = 0;
	c->bits = calloc(1, c->chunks / 8 + 1);
	if (!c->bits)
		return aip_err_errno(err, -ENOMEM, "reading the changes");
	for (at = 0; at < c->chunks; at += call.nr_chunks) {
		call.first = at;
		call.nr_chunks = c->chunks - at < SLICE ? c->chunks - at : SLICE;
		call.bitmap = (uintptr_t)(c->bits + at / 8);
		ret = read_slice(ctl, &call, c, err);
		if (ret)
			return ret;
		if (call.chunks != c->chunks || !call.nr_chunks)
			return aip_err_set(err, -EAGAIN,
					   "the device was resized while its changes were read");
	}
	return 0;
}

void changes_free(struct changes *c)
{
	free(c->bits);
	*c = (struct changes){ 0 };
}

static bool is_set(const struct changes *c, uint64_t chunk)
{
	return c->bits[chunk / 8] >> chunk % 8 & 1;
}

int changes_next(const struct changes *c, uint64_t *chunk, uint64_t *start, uint64_t *len)
{
	uint64_t at = *chunk, first, end;

	while (at < c->chunks && !is_set(c, at)) {
		if (at % 8 == 0 && !c->bits[at / 8])
			at += 8;
		else
			at++;
	}
	if (at >= c->chunks)
		return 0;
	for (first = at; at < c->chunks && is_set(c, at); at++)
		;
	*chunk = at;
	*start = first << c->chunk_shift;
	end = at << c->chunk_shift;
	*len = (end < c->bytes ? end : c->bytes) - *start;
	return 1;
}

void changes_map(const struct changes *c, unsigned int width, char *out)
{
	unsigned int i;

	for (i = 0; i < width; i++) {
		uint64_t from = c->chunks * i / width, to = c->chunks * (i + 1) / width, at, n = 0;

		if (to == from && from < c->chunks)
			to = from + 1;
		for (at = from; at < to; at++)
			n += is_set(c, at);
		if (!n)
			out[i] = ' ';
		else if (n * 10 <= to - from)
			out[i] = '.';
		else if (n * 2 <= to - from)
			out[i] = ':';
		else
			out[i] = n * 10 <= (to - from) * 9 ? '+' : '#';
	}
	out[width] = 0;
}
