// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * log-replay: read a log of writes (format of dm-log-writes, as QEMU's
 * blklogwrites makes it) and rebuild the disk as it was at any moment.
 *
 *   log-replay list LOG                 one line an entry: number, flags, sector, sectors
 *   log-replay boundaries LOG           the numbers of the entries that are a flush or FUA write:
 *                                       after it, all before it is on the disk
 *   log-replay written LOG FROM         what entries FROM … wrote: "first-byte length" a line
 *   log-replay apply LOG DISK FROM TO   write entries FROM … TO - 1 into DISK
 *   log-replay lose LOG DISK FROM TO SEED   the same, but each entry with a chance of one
 *                                       half only: what a volatile cache may leave of the
 *                                       writes between two boundaries
 *
 * DISK is the image as it was when the log began.  Entries count from 0.
 */
#include <endian.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

#define LOG_MAGIC 0x6a736677736872ULL
#define SECTOR	  512

enum { LOG_FLUSH = 1, LOG_FUA = 2, LOG_DISCARD = 4, LOG_MARK = 8 };

struct log_super {
	uint64_t magic, version, entries;
	uint32_t sectorsize;
} __attribute__((packed));

struct log_entry {
	uint64_t sector, sectors, flags, data_len;
} __attribute__((packed));

struct log {
	const char *path;
	int fd;
	uint32_t sectorsize;
	uint64_t entries;
	off_t pos; /* of the next entry */
};

static void read_at(struct log *log, void *buf, size_t len, off_t pos)
{
	ssize_t n = pread(log->fd, buf, len, pos);

	if (n < 0)
		error(1, errno, "%s", log->path);
	if ((size_t)n != len)
		error(1, 0, "%s: ends at byte %jd, in the middle of an entry", log->path,
		      (intmax_t)pos + n);
}

static void log_open(struct log *log, const char *path)
{
	struct log_super super;

	log->path = path;
	log->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (log->fd < 0)
		error(1, errno, "%s", path);
	read_at(log, &super, sizeof(super), 0);
	if (le64toh(super.magic) != LOG_MAGIC || le64toh(super.version) != 1)
		error(1, 0, "%s: not a log of writes, version 1", path);
	log->sectorsize = le32toh(super.sectorsize);
	log->entries = le64toh(super.entries);
	if (log->sectorsize < SECTOR || log->sectorsize % SECTOR)
		error(1, 0, "%s: sector size %" PRIu32, path, log->sectorsize);
	log->pos = log->sectorsize;
}

/* The next entry; its data starts at *data. */
static void log_next(struct log *log, struct log_entry *e, off_t *data)
{
	uint64_t len;

	read_at(log, e, sizeof(*e), log->pos);
	e->sector = le64toh(e->sector);
	e->sectors = le64toh(e->sectors);
	e->flags = le64toh(e->flags);
	*data = log->pos + log->sectorsize;
	/* a mark's length is that of its text, a discard has no data */
	len = e->flags & LOG_MARK ? le64toh(e->data_len) : e->sectors * log->sectorsize;
	if (e->flags & LOG_DISCARD)
		len = 0;
	len = (len + log->sectorsize - 1) / log->sectorsize * log->sectorsize;
	log->pos = *data + len;
}

static void put(const char *disk, int fd, const void *buf, size_t len, off_t pos)
{
	if (pwrite(fd, buf, len, pos) != (ssize_t)len)
		error(1, errno, "%s: write at %jd", disk, (intmax_t)pos);
}

static void entry_apply(struct log *log, const struct log_entry *e, off_t data, const char *disk,
			int fd)
{
	_cleanup_free_ char *buf = calloc(1, 1 << 20);
	uint64_t left = e->sectors * log->sectorsize;
	off_t pos = e->sector * log->sectorsize;

	if (!buf)
		error(1, ENOMEM, "%s", disk);
	if (e->flags & LOG_MARK)
		return;
	while (left) {
		size_t n = left < 1 << 20 ? left : 1 << 20;

		/* a discarded block may read as anything; zeroes are what QEMU gives */
		if (!(e->flags & LOG_DISCARD)) {
			read_at(log, buf, n, data);
			data += n;
		}
		put(disk, fd, buf, n, pos);
		pos += n;
		left -= n;
	}
}

static uint64_t number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 0);

	if (!*s || *end)
		error(2, 0, "'%s' is not a number", s);
	return n;
}

static int list(struct log *log, bool only_boundaries)
{
	struct log_entry e;
	uint64_t i;
	off_t data;

	for (i = 0; i < log->entries; i++) {
		log_next(log, &e, &data);
		if (!only_boundaries)
			printf("%" PRIu64 " %s%s%s%s%s %" PRIu64 " %" PRIu64 "\n", i,
			       e.flags ? "" : "w", e.flags & LOG_FLUSH ? "F" : "",
			       e.flags & LOG_FUA ? "U" : "", e.flags & LOG_DISCARD ? "D" : "",
			       e.flags & LOG_MARK ? "M" : "", e.sector, e.sectors);
		else if (e.flags & (LOG_FLUSH | LOG_FUA))
			printf("%" PRIu64 "\n", i);
	}
	return 0;
}

static int written(struct log *log, uint64_t from)
{
	struct log_entry e;
	uint64_t i;
	off_t data;

	for (i = 0; i < log->entries; i++) {
		log_next(log, &e, &data);
		if (i >= from && e.sectors && !(e.flags & LOG_MARK))
			printf("%" PRIu64 " %" PRIu64 "\n", e.sector * log->sectorsize,
			       e.sectors * log->sectorsize);
	}
	return 0;
}

static int apply(struct log *log, const char *disk, uint64_t from, uint64_t to, bool lose,
		 uint64_t seed)
{
	_cleanup_close_ int fd = open(disk, O_WRONLY | O_CLOEXEC);
	struct log_entry e;
	uint64_t i;
	off_t data;

	if (fd < 0)
		error(1, errno, "%s", disk);
	if (to > log->entries)
		error(1, 0, "%s: has %" PRIu64 " entries only", log->path, log->entries);
	srandom(seed);
	for (i = 0; i < to; i++) {
		log_next(log, &e, &data);
		if (i >= from && !(lose && random() & 1))
			entry_apply(log, &e, data, disk, fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct log log;

	if (argc < 3)
		goto usage;
	if (!strcmp(argv[1], "list") && argc == 3) {
		log_open(&log, argv[2]);
		return list(&log, false);
	}
	if (!strcmp(argv[1], "boundaries") && argc == 3) {
		log_open(&log, argv[2]);
		return list(&log, true);
	}
	if (!strcmp(argv[1], "written") && argc == 4) {
		log_open(&log, argv[2]);
		return written(&log, number(argv[3]));
	}
	if (!strcmp(argv[1], "apply") && argc == 6) {
		log_open(&log, argv[2]);
		return apply(&log, argv[3], number(argv[4]), number(argv[5]), false, 0);
	}
	if (!strcmp(argv[1], "lose") && argc == 7) {
		log_open(&log, argv[2]);
		return apply(&log, argv[3], number(argv[4]), number(argv[5]), true,
			     number(argv[6]));
	}
usage:
	fprintf(stderr, "usage: log-replay list|boundaries LOG\n"
			"       log-replay written LOG FROM\n"
			"       log-replay apply LOG DISK FROM TO\n"
			"       log-replay lose LOG DISK FROM TO SEED\n");
	return 2;
}
