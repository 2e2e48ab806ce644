// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chunk-diff: the oracle of change tracking.  Two images of a device, before
 * and after; every chunk that differs must be among the reported ones.
 *
 *   chunk-diff [-w WRITTEN] [-i IGNORE] CHUNK BEFORE AFTER REPORTED
 *
 * WRITTEN, IGNORE and REPORTED are lists of extents, "first-byte length" a line (as
 * `aipsnap changes` prints them, and `log-replay written`; "-" is stdin).  What WRITTEN
 * names must be reported too, and does not count as reported in vain.  What IGNORE
 * names, to the byte, may differ (the driver's own blocks; what a file system does
 * not use).  Prints one line:
 *
 *   chunks N differ N reported N missed N vain N
 *
 * and "missed BYTE" for each of the first missed ones.  Status 1: some were missed.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

enum { REPORTED = 1, WRITTEN = 2 };

static uint64_t chunk, chunks;
static uint8_t *seen;

/* Bytes that may differ; sorted, and with nothing between two that touch. */
static struct extent {
	uint64_t first, end;
} * ignored;
static size_t ignored_count;

static uint64_t number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 0);

	if (!*s || *end || !n)
		error(2, 0, "'%s' is not a size", s);
	return n;
}

/* The next line of a list: 1, 0 at its end; whatever is not one ends the program. */
static int next_extent(const char *path, FILE *f, struct extent *e)
{
	uint64_t length;
	char line[256];

	do {
		if (!fgets(line, sizeof(line), f))
			return 0;
		if (sscanf(line, "%" SCNu64 " %" SCNu64, &e->first, &length) != 2)
			error(2, 0, "%s: not 'first-byte length': %s", path, line);
	} while (!length);
	e->end = e->first + length;
	if (e->end < e->first || (e->end + chunk - 1) / chunk > chunks)
		error(2, 0, "%s: %" PRIu64 "+%" PRIu64 " is behind the end of the device", path,
		      e->first, length);
	return 1;
}

static FILE *open_list(const char *path)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;

	if (!f)
		error(2, errno, "%s", path);
	return f;
}

/* Sets FLAG for the chunks of a list. */
static void read_list(const char *path, uint8_t flag)
{
	FILE *f = open_list(path);
	struct extent e;

	while (next_extent(path, f, &e))
		for (uint64_t i = e.first / chunk; i < (e.end + chunk - 1) / chunk; i++)
			seen[i] |= flag;
	if (f != stdin)
		fclose(f);
}

static int by_first(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void read_ignored(const char *path)
{
	FILE *f = open_list(path);
	size_t room = 0, n = 0;
	struct extent e;

	while (next_extent(path, f, &e)) {
		if (ignored_count == room) {
			room = room ? room * 2 : 64;
			ignored = realloc(ignored, room * sizeof(*ignored));
			if (!ignored)
				error(2, ENOMEM, "%s", path);
		}
		ignored[ignored_count++] = e;
	}
	if (f != stdin)
		fclose(f);
	if (!ignored_count)
		return;
	qsort(ignored, ignored_count, sizeof(*ignored), by_first);
	for (size_t i = 1; i < ignored_count; i++) {
		if (ignored[i].first > ignored[n].end)
			ignored[++n] = ignored[i];
		else if (ignored[i].end > ignored[n].end)
			ignored[n].end = ignored[i].end;
	}
	ignored_count = n + 1;
}

/* The first ignored extent that ends behind BYTE, which never goes back from call to call. */
static size_t ignored_from(uint64_t byte)
{
	static size_t at;

	while (at < ignored_count && ignored[at].end <= byte)
		at++;
	return at;
}

/* Does the chunk that begins at BYTE differ, but for ignored bytes? May write to A and B. */
static bool chunk_differs(uint64_t byte, char *a, char *b)
{
	uint64_t end = byte + chunk;

	for (size_t i = ignored_from(byte); i < ignored_count && ignored[i].first < end; i++) {
		uint64_t from = ignored[i].first > byte ? ignored[i].first - byte : 0;
		uint64_t to = ignored[i].end < end ? ignored[i].end - byte : chunk;

		memset(a + from, 0, to - from);
		memset(b + from, 0, to - from);
	}
	return memcmp(a, b, chunk);
}

/* Is all of the chunk that begins at BYTE ignored? */
static bool chunk_ignored(uint64_t byte)
{
	size_t i = ignored_from(byte);

	return i < ignored_count && ignored[i].first <= byte && ignored[i].end >= byte + chunk;
}

static int open_image(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end;

	if (fd < 0 || (end = lseek(fd, 0, SEEK_END)) < 0)
		error(2, errno, "%s", path);
	*size = end;
	return fd;
}

static void read_chunk(const char *path, int fd, char *buf, uint64_t n)
{
	ssize_t len = pread(fd, buf, chunk, n * chunk);

	if (len < 0)
		error(2, errno, "%s", path);
	memset(buf + len, 0, chunk - len);
}

int main(int argc, char **argv)
{
	uint64_t size_a, size_b, i, differ = 0, reported = 0, missed = 0, vain = 0;
	const char *written = NULL, *ignore = NULL;
	int opt, a, b;

	while ((opt = getopt(argc, argv, "w:i:")) != -1) {
		if (opt == 'w')
			written = optarg;
		else if (opt == 'i')
			ignore = optarg;
		else
			return 2;
	}
	if (argc - optind != 4)
		error(2, 0,
		      "usage: chunk-diff [-w WRITTEN] [-i IGNORE] CHUNK BEFORE AFTER REPORTED");
	chunk = number(argv[optind]);
	a = open_image(argv[optind + 1], &size_a);
	b = open_image(argv[optind + 2], &size_b);
	/* a device that grew: what is new differs from nothing */
	chunks = ((size_a > size_b ? size_a : size_b) + chunk - 1) / chunk;
	_cleanup_free_ char *buf_a = malloc(chunk), *buf_b = malloc(chunk);
	seen = calloc(chunks + 1, 1);
	if (!buf_a || !buf_b || !seen)
		error(2, ENOMEM, "%" PRIu64 " chunks", chunks);
	read_list(argv[optind + 3], REPORTED);
	if (written)
		read_list(written, WRITTEN);
	if (ignore)
		read_ignored(ignore);
	for (i = 0; i < chunks; i++) {
		bool differs;

		read_chunk(argv[optind + 1], a, buf_a, i);
		read_chunk(argv[optind + 2], b, buf_b, i);
		differs = chunk_differs(i * chunk, buf_a, buf_b);
		differ += differs;
		reported += seen[i] & REPORTED;
		if ((differs || (seen[i] & WRITTEN && !chunk_ignored(i * chunk))) &&
		    !(seen[i] & REPORTED)) {
			if (missed++ < 20)
				printf("missed %" PRIu64 "%s\n", i * chunk,
				       differs ? "" : " (written, the same bytes)");
		} else if (!differs && seen[i] & REPORTED && !(seen[i] & WRITTEN)) {
			vain++;
		}
	}
	free(seen);
	free(ignored);
	printf("chunks %" PRIu64 " differ %" PRIu64 " reported %" PRIu64 " missed %" PRIu64
	       " vain %" PRIu64 "\n",
	       chunks, differ, reported, missed, vain);
	return missed ? 1 : 0;
}
