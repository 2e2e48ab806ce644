// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chunk-diff: the oracle of change tracking.  Two images of a device, before
 * and after; every chunk that differs must be among the reported ones.
 *
 *   chunk-diff [-w WRITTEN] [-i IGNORE] CHUNK BEFORE AFTER REPORTED
 *
 * WRITTEN, IGNORE and REPORTED are lists of extents, "first-byte length" a line (as
 * `aipsnap changes` prints them, and `log-replay written`; "-" is stdin).  What WRITTEN
 * names must be reported too, and does not count as reported in vain.  IGNORE: the
 * driver's own blocks.  Prints one line:
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

enum { REPORTED = 1, WRITTEN = 2, IGNORED = 4 };

static uint64_t chunk, chunks;
static uint8_t *seen;

static uint64_t number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 0);

	if (!*s || *end || !n)
		error(2, 0, "'%s' is not a size", s);
	return n;
}

/* Sets FLAG for the chunks of a list; a chunk of which a part is ignored is not ignored. */
static void read_list(const char *path, uint8_t flag)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	uint64_t first, length, i, end;
	char line[256];

	if (!f)
		error(2, errno, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNu64 " %" SCNu64, &first, &length) != 2)
			error(2, 0, "%s: not 'first-byte length': %s", path, line);
		if (!length)
			continue;
		i = flag == IGNORED ? (first + chunk - 1) / chunk : first / chunk;
		end = flag == IGNORED ? (first + length) / chunk
				      : (first + length + chunk - 1) / chunk;
		if (end > chunks)
			error(2, 0, "%s: %" PRIu64 "+%" PRIu64 " is behind the end of the device",
			      path, first, length);
		for (; i < end; i++)
			seen[i] |= flag;
	}
	if (f != stdin)
		fclose(f);
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
		read_list(ignore, IGNORED);
	for (i = 0; i < chunks; i++) {
		bool differs;

		read_chunk(argv[optind + 1], a, buf_a, i);
		read_chunk(argv[optind + 2], b, buf_b, i);
		differs = memcmp(buf_a, buf_b, chunk);
		differ += differs;
		reported += seen[i] & REPORTED;
		if ((differs || seen[i] & WRITTEN) && !(seen[i] & (REPORTED | IGNORED))) {
			if (missed++ < 20)
				printf("missed %" PRIu64 "%s\n", i * chunk,
				       differs ? "" : " (written, the same bytes)");
		} else if (!differs && seen[i] & REPORTED && !(seen[i] & WRITTEN)) {
			vain++;
		}
	}
	free(seen);
	printf("chunks %" PRIu64 " differ %" PRIu64 " reported %" PRIu64 " missed %" PRIu64
	       " vain %" PRIu64 "\n",
	       chunks, differ, reported, missed, vain);
	return missed ? 1 : 0;
}
