// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aipbackup/copy.h"
#include "common/cleanup.h"

/* Bytes read at once unless a chunk is larger, and how many of them may be under way (measured). */
#define PIECE	  (1u << 20)
#define PIECES	  8
#define READAHEAD (4u << 20)

struct piece {
	char *data;
	unsigned users; /* writes under way */
};

struct state {
	struct aip_copy *c;
	struct piece pieces[PIECES];
	size_t piece;	      /* bytes of each */
	uint64_t total, done; /* bytes, for the progress */
	uint64_t started;     /* ns */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void advance(struct state *s, uint64_t bytes)
{
	s->done += bytes;
	if (s->c->progress)
		s->c->progress(s->c->ctx, s->done, s->total);
}

/* Sleep as long as more was read than the rate allows. */
static void keep_rate(struct state *s)
{
	uint64_t due, now = now_ns();
	struct timespec ts;

	if (!s->c->rate)
		return;
	due = s->started + (uint64_t)((double)s->c->read / s->c->rate * 1e9);
	if (due <= now)
		return;
	ts.tv_sec = (due - now) / 1000000000ULL;
	ts.tv_nsec = (due - now) % 1000000000ULL;
	nanosleep(&ts, NULL); /* a signal ends it: the caller looks at ->stop */
}

/* A piece that no write uses any more. */
static int get_piece(struct state *s, struct piece **out, struct aip_err *err)
{
	for (;;) {
		size_t i;
		int r;

		for (i = 0; i < PIECES; i++) {
			if (!s->pieces[i].users) {
				*out = &s->pieces[i];
				return 0;
			}
		}
		r = aip_nbd_wait(s->c->to, err);
		if (r < 0)
			return r;
	}
}

static int read_source(struct state *s, char *buf, size_t len, uint64_t offset, struct aip_err *err)
{
	size_t done = 0;

	posix_fadvise(s->c->fd, offset + len, READAHEAD, POSIX_FADV_WILLNEED);
	while (done < len) {
		ssize_t n = pread(s->c->fd, buf + done, len - done, offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return aip_err_errno(err, -errno, "cannot read %s at byte %" PRIu64,
					     s->c->name, offset + done);
		if (n == 0)
			return aip_err_set(err, -EIO,
					   "%s ends at byte %" PRIu64 ", not at %" PRIu64,
					   s->c->name, offset + done, s->c->size);
		done += n;
	}
	posix_fadvise(s->c->fd, offset, len, POSIX_FADV_DONTNEED);
	s->c->read += len;
	return 0;
}

enum fate { SAME, ZERO, STORED };

/* What becomes of a chunk that was read; records it. */
static int judge(struct state *s, uint64_t no, const char *data, size_t len, enum fate *fate,
		 struct aip_err *err)
{
	struct aip_copy *c = s->c;
	bool zero = aip_is_zero(data, len);
	struct aip_chunk old;
	struct aip_sum sum;

	if (c->full && zero) {
		*fate = ZERO;
		c->zero += len;
		return 0;
	}
	sum = aip_sum_of(data, len);
	if (c->parent) {
		bool known = aip_chain_seek(c->parent, no, &old);

		if (known ? memcmp(&old.sum, &sum, sizeof(sum)) == 0 : zero) {
			*fate = SAME;
			c->same += len;
			return 0;
		}
	}
	*fate = zero ? ZERO : STORED;
	*(zero ? &c->zero : &c->stored) += len;
	return aip_sums_add(c->sums, no, zero, sum, err);
}

static int emit(struct state *s, enum fate fate, struct piece *p, size_t from, size_t to,
		uint64_t offset, struct aip_err *err)
{
	if (from == to)
		return 0;
	if (fate == STORED)
		return aip_nbd_write(s->c->to, p->data + from, to - from, offset + from, &p->users,
				     err);
	if (fate == ZERO && !s->c->full && s->c->zero_writes)
		return aip_nbd_zero(s->c->to, to - from, offset + from, err);
	return 0;
}

/* Copy @len bytes at @offset, which is a chunk's first. */
static int copy_piece(struct state *s, uint64_t offset, size_t len, struct aip_err *err)
{
	enum fate run = SAME, fate;
	size_t at, start = 0;
	struct piece *p;
	int r;

	if (*s->c->stop)
		return aip_err_set(err, -EINTR, "interrupted");
	keep_rate(s);
	r = get_piece(s, &p, err);
	if (r == 0)
		r = read_source(s, p->data, len, offset, err);
	for (at = 0; r == 0 && at < len; at += s->c->chunk) {
		size_t n = len - at < s->c->chunk ? len - at : s->c->chunk;

		r = judge(s, (offset + at) / s->c->chunk, p->data + at, n, &fate, err);
		if (r == 0 && fate != run) {
			r = emit(s, run, p, start, at, offset, err);
			start = at;
			run = fate;
		}
	}
	if (r == 0)
		r = emit(s, run, p, start, len, offset, err);
	advance(s, len);
	return r;
}

/* How many bytes from @offset on need not be read, in whole chunks: unused, or a hole of a file. */
static uint64_t skippable(struct state *s, uint64_t offset, uint64_t end)
{
	struct aip_copy *c = s->c;
	uint64_t at = offset;
	off_t data;

	if (!c->full)
		return 0;
	data = lseek(c->fd, offset, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return end - offset;
	if (data > (off_t)offset + c->chunk)
		at = (uint64_t)data / c->chunk * c->chunk;
	while (c->used && at < end &&
	       !aip_used_any(c->used, at, end - at < c->chunk ? end - at : c->chunk)) {
		uint64_t n = end - at < c->chunk ? end - at : c->chunk;

		c->unused += n;
		at += n;
	}
	return at > end ? end - offset : at - offset;
}

/* The longest run of chunks from @offset on, one piece at most, that has to be read. */
static size_t readable(struct state *s, uint64_t offset, uint64_t end)
{
	struct aip_copy *c = s->c;
	uint64_t len = end - offset < s->piece ? end - offset : s->piece, at;

	if (!c->full || !c->used)
		return len;
	for (at = c->chunk; at < len; at += c->chunk) {
		uint64_t n = len - at < c->chunk ? len - at : c->chunk;

		if (!aip_used_any(c->used, offset + at, n))
			return at;
	}
	return len;
}

static int copy_range(struct state *s, uint64_t offset, uint64_t end, struct aip_err *err)
{
	int r = 0;

	if (end > s->c->size)
		end = s->c->size;
	while (r == 0 && offset < end) {
		uint64_t skip = skippable(s, offset, end);
		size_t len;

		if (skip) {
			advance(s, skip);
			offset += skip;
			continue;
		}
		len = readable(s, offset, end);
		r = copy_piece(s, offset, len, err);
		offset += len;
	}
	return r;
}

static int copy_all(struct state *s, struct aip_err *err)
{
	struct aip_copy *c = s->c;
	int r = 0;
	size_t i;

	if (!c->extents) {
		s->total = c->size;
		return copy_range(s, 0, c->size, err);
	}
	s->total = aip_extents_chunks(c->extents) * c->chunk;
	for (i = 0; r == 0 && i < c->extents->n; i++) {
		const struct aip_extent *e = &c->extents->v[i];

		r = copy_range(s, e->first * c->chunk, (e->first + e->count) * c->chunk, err);
	}
	return r;
}

int aip_copy_run(struct aip_copy *c, struct aip_err *err)
{
	struct state s = { .c = c,
			   .piece = c->chunk > PIECE ? c->chunk : PIECE,
			   .started = now_ns() };
	_cleanup_free_ char *memory = NULL;
	size_t i;
	int r;

	if (posix_memalign((void **)&memory, 4096, PIECES * s.piece))
		return aip_err_errno(err, -ENOMEM, "cannot copy %s", c->name);
	for (i = 0; i < PIECES; i++)
		s.pieces[i].data = memory + i * s.piece;
	r = copy_all(&s, err);
	if (r == 0)
		r = aip_nbd_flush(c->to, err);
	if (r < 0)
		aip_nbd_abandon(c->to); /* its writes under way still use the pieces */
	return r;
}
