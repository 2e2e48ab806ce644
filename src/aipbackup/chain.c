// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "aipbackup/chain.h"
#include "aipbackup/nbd.h"

struct layer {
	const struct aip_manifest *m;
	struct aip_sums sums;
	uint64_t next; /* record that comes next */
	struct aip_nbd *nbd;
};

struct aip_chain {
	const struct aip_set *set;
	struct layer *layers; /* newest first */
	size_t n;
	uint32_t chunk;
	uint64_t size;
	void *scratch; /* a chunk */
	bool whole;    /* the layers go down to the full backup */
};

static int add_layer(struct aip_chain *c, const struct aip_manifest *m, struct aip_err *err)
{
	struct layer *layers = realloc(c->layers, (c->n + 1) * sizeof(*layers));
	int r;

	if (!layers)
		return aip_err_errno(err, -ENOMEM, "cannot open backup %s", m->id);
	c->layers = layers;
	layers[c->n] = (struct layer){ .m = m };
	r = aip_set_sums(c->set, m, &layers[c->n].sums, err);
	if (r == 0)
		c->n++;
	return r;
}

int aip_chain_open(const struct aip_set *s, const struct aip_manifest *m, size_t depth,
		   struct aip_chain **out, struct aip_err *err)
{
	_cleanup_chain_ struct aip_chain *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c || !(c->scratch = malloc(m->chunk)))
		return aip_err_errno(err, -ENOMEM, "cannot open backup %s", m->id);
	c->set = s;
	c->chunk = m->chunk;
	c->size = m->size;
	for (; m && r == 0 && (!depth || c->n < depth); m = aip_set_parent(s, m))
		r = add_layer(c, m, err);
	c->whole = !m;
	if (r == 0)
		*out = TAKE_PTR(c);
	return r;
}

/* The smallest chunk number that comes next. Return: false when all layers are at their end. */
static bool smallest(const struct aip_chain *c, uint64_t *no)
{
	size_t i;

	*no = UINT64_MAX;
	for (i = 0; i < c->n; i++) {
		const struct layer *l = &c->layers[i];

		if (l->next < l->sums.count) {
			uint64_t here = aip_sums_at(&l->sums, l->next, NULL, NULL);

			if (here < *no)
				*no = here;
		}
	}
	return *no != UINT64_MAX;
}

/* Fill in @chunk from the newest layer that has it; step all layers that do over it. */
static bool take(struct aip_chain *c, uint64_t no, struct aip_chunk *chunk)
{
	bool found = false;
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct layer *l = &c->layers[i];

		if (l->next >= l->sums.count || aip_sums_at(&l->sums, l->next, NULL, NULL) != no)
			continue;
		if (!found) {
			chunk->no = aip_sums_at(&l->sums, l->next, &chunk->zero, &chunk->sum);
			chunk->layer = i;
			found = true;
		}
		l->next++;
	}
	return found;
}

bool aip_chain_next(struct aip_chain *c, struct aip_chunk *chunk)
{
	uint64_t no;

	return smallest(c, &no) && take(c, no, chunk);
}

bool aip_chain_seek(struct aip_chain *c, uint64_t no, struct aip_chunk *chunk)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct layer *l = &c->layers[i];

		if (l->next < l->sums.count && aip_sums_at(&l->sums, l->next, NULL, NULL) < no)
			l->next = aip_sums_find(&l->sums, no);
	}
	return take(c, no, chunk);
}

void aip_chain_rewind(struct aip_chain *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		c->layers[i].next = 0;
}

/*
 * The export that layer @i's chunks are read from.  The newest qcow2 file shows
 * what lies below it too; NBD exports are each on their own.
 */
static int connect_layer(struct aip_chain *c, size_t i, struct aip_nbd **out, struct aip_err *err)
{
	struct layer *l = &c->layers[c->layers[i].m->store == AIP_STORE_QCOW2 ? 0 : i];
	int r = 0;

	if (!l->nbd) {
		if (l->m->store == AIP_STORE_QCOW2)
			r = aip_nbd_open_file(c->set->path, l->m->where,
					      c->whole ? AIP_NBD_READ : AIP_NBD_READ_ALONE, &l->nbd,
					      err);
		else
			r = aip_nbd_open_uri(l->m->where, false, &l->nbd, err);
		if (r == 0 && aip_nbd_size(l->nbd) < c->size)
			r = aip_err_set(err, -EBADMSG,
					"%s has %" PRIu64 " bytes instead of %" PRIu64, l->m->where,
					aip_nbd_size(l->nbd), c->size);
	}
	*out = l->nbd;
	return r;
}

static size_t chunk_len(const struct aip_chain *c, uint64_t no)
{
	uint64_t left = c->size - no * c->chunk;

	return left < c->chunk ? left : c->chunk;
}

int aip_chain_read(struct aip_chain *c, const struct aip_chunk *chunk, void *buf, size_t *len,
		   struct aip_err *err)
{
	bool bare = chunk->zero && c->layers[chunk->layer].m->store == AIP_STORE_NBD;
	struct aip_sum sum;
	struct aip_nbd *n;
	int r;

	*len = chunk_len(c, chunk->no);
	if (bare) {
		memset(buf, 0, *len); /* an increment's zeroes are not written to a bare export */
	} else {
		r = connect_layer(c, chunk->layer, &n, err);
		if (r == 0)
			r = aip_nbd_read(n, buf, *len, chunk->no * c->chunk, err);
		if (r < 0)
			return r;
	}
	sum = aip_sum_of(buf, *len);
	if (memcmp(&sum, &chunk->sum, sizeof(sum)) == 0)
		return 0;
	return aip_err_set(err, -EBADMSG,
			   "backup %s is damaged: bytes %" PRIu64 " to %" PRIu64
			   " in %s are not what was backed up",
			   c->layers[chunk->layer].m->id, chunk->no * c->chunk,
			   chunk->no * c->chunk + *len - 1, c->layers[chunk->layer].m->where);
}

int aip_chain_zeroes(struct aip_chain *c, uint64_t first, uint64_t count, struct aip_err *err)
{
	uint64_t at = first * c->chunk, end = (first + count) * c->chunk;
	struct aip_nbd *n;
	int r = connect_layer(c, c->n - 1, &n, err);

	if (r < 0)
		return r;
	if (end > c->size)
		end = c->size;
	while (at < end) {
		int64_t known = aip_nbd_zeroes(n, at, end - at, err);
		size_t len = end - at < c->chunk ? end - at : c->chunk;

		if (known < 0)
			return known;
		if (known) {
			at += known;
			continue;
		}
		r = aip_nbd_read(n, c->scratch, len, at, err);
		if (r < 0)
			return r;
		if (!aip_is_zero(c->scratch, len))
			return aip_err_set(err, -EBADMSG,
					   "backup %s is damaged: %s has data at byte %" PRIu64
					   " where there was none",
					   c->layers[c->n - 1].m->id, c->layers[c->n - 1].m->where,
					   at);
		at += len;
	}
	return 0;
}

uint64_t aip_chain_count(const struct aip_chain *c)
{
	return c->layers[0].sums.count;
}

void aip_chain_close(struct aip_chain *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->n; i++) {
		aip_sums_close(&c->layers[i].sums);
		aip_nbd_close(c->layers[i].nbd);
	}
	free(c->layers);
	free(c->scratch);
	free(c);
}
