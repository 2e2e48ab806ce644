// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "aipbackup/sums.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/hex.h"

#define MAGIC	    "AIPSUMS1"
#define HEADER_SIZE 32
#define RECORD_SIZE 24
#define ZERO_BIT    (1ULL << 63)
#define BUFFERED    4096 /* records */

struct header {
	char magic[8];
	uint32_t chunk, reserved;
	uint64_t device_size, count;
} __attribute__((packed));

struct aip_sums_writer {
	int fd;
	char *name;
	struct header head;
	uint64_t next; /* smallest chunk number that may come */
	size_t used;   /* bytes in buf */
	unsigned char buf[BUFFERED * RECORD_SIZE];
};

static struct aip_sum canonical(XXH128_hash_t h)
{
	XXH128_canonical_t c;
	struct aip_sum sum;

	XXH128_canonicalFromHash(&c, h);
	memcpy(sum.bytes, c.digest, sizeof(sum.bytes));
	return sum;
}

struct aip_sum aip_sum_of(const void *data, size_t len)
{
	return canonical(XXH3_128bits(data, len));
}

bool aip_is_zero(const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t head = len < 16 ? len : 16, i;

	for (i = 0; i < head; i++)
		if (p[i])
			return false;
	return len <= 16 || memcmp(p, p + 16, len - 16) == 0;
}

int aip_sums_create(int dirfd, const char *name, uint32_t chunk, uint64_t device_size,
		    struct aip_sums_writer **out, struct aip_err *err)
{
	struct aip_sums_writer *w = calloc(1, sizeof(*w));

	if (!w || !(w->name = strdup(name))) {
		free(w);
		return aip_err_errno(err, -ENOMEM, "cannot write %s", name);
	}
	memcpy(w->head.magic, MAGIC, sizeof(w->head.magic));
	w->head.chunk = htole32(chunk);
	w->head.device_size = htole64(device_size);
	w->fd = openat(dirfd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd < 0 || lseek(w->fd, HEADER_SIZE, SEEK_SET) < 0) {
		int code = -errno;

		aip_sums_writer_free(w);
		return aip_err_errno(err, code, "cannot write %s", name);
	}
	*out = w;
	return 0;
}

static int write_buffer(struct aip_sums_writer *w, struct aip_err *err)
{
	int r = aip_write_all(w->fd, w->buf, w->used);

	w->used = 0;
	if (r < 0)
		return aip_err_errno(err, r, "cannot write %s", w->name);
	return 0;
}

int aip_sums_add(struct aip_sums_writer *w, uint64_t chunk_no, bool zero, struct aip_sum sum,
		 struct aip_err *err)
{
	uint64_t no = htole64(chunk_no | (zero ? ZERO_BIT : 0));

	if (chunk_no < w->next)
		return aip_err_set(err, -EINVAL, "%s: chunks out of order", w->name);
	w->next = chunk_no + 1;
	w->head.count++;
	memcpy(w->buf + w->used, &no, 8);
	memcpy(w->buf + w->used + 8, sum.bytes, 16);
	w->used += RECORD_SIZE;
	return w->used == sizeof(w->buf) ? write_buffer(w, err) : 0;
}

int aip_sums_finish(struct aip_sums_writer *w, char digest[33], uint64_t *count,
		    struct aip_err *err)
{
	size_t len = HEADER_SIZE + w->head.count * RECORD_SIZE;
	int r = write_buffer(w, err);
	struct aip_sum sum;
	void *map;

	if (r < 0)
		return r;
	*count = w->head.count;
	w->head.count = htole64(w->head.count);
	if (pwrite(w->fd, &w->head, HEADER_SIZE, 0) != HEADER_SIZE || fsync(w->fd) < 0)
		return aip_err_errno(err, -errno, "cannot write %s", w->name);
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, w->fd, 0);
	if (map == MAP_FAILED)
		return aip_err_errno(err, -errno, "cannot read %s back", w->name);
	sum = aip_sum_of(map, len);
	munmap(map, len);
	aip_hex(sum.bytes, sizeof(sum.bytes), digest);
	return 0;
}

void aip_sums_writer_free(struct aip_sums_writer *w)
{
	if (!w)
		return;
	aip_closep(&w->fd);
	free(w->name);
	free(w);
}

uint64_t aip_sums_at(const struct aip_sums *s, uint64_t i, bool *zero, struct aip_sum *sum)
{
	const unsigned char *p = s->records + i * RECORD_SIZE;
	uint64_t no;

	memcpy(&no, p, 8);
	no = le64toh(no);
	if (zero)
		*zero = no & ZERO_BIT;
	if (sum)
		memcpy(sum->bytes, p + 8, 16);
	return no & ~ZERO_BIT;
}

/* The header fits the file, the records ascend and lie inside of the device. */
static int check(const struct aip_sums *s, const struct header *h, const char *name,
		 struct aip_err *err)
{
	uint64_t chunks, i, last = 0;

	if (memcmp(h->magic, MAGIC, 8) != 0)
		return aip_err_set(err, -EBADMSG, "%s is not a checksum file of aipbackup", name);
	if (s->chunk < 512 || s->chunk & (s->chunk - 1) || h->reserved || !s->device_size)
		return aip_err_set(err, -EBADMSG, "%s: bad header", name);
	if (s->count > (s->map_len - HEADER_SIZE) / RECORD_SIZE ||
	    s->map_len != HEADER_SIZE + s->count * RECORD_SIZE)
		return aip_err_set(err, -EBADMSG, "%s is cut short or too long", name);
	chunks = (s->device_size - 1) / s->chunk + 1;
	for (i = 0; i < s->count; i++) {
		uint64_t no = aip_sums_at(s, i, NULL, NULL);

		if (no >= chunks || (i && no <= last))
			return aip_err_set(err, -EBADMSG, "%s: bad chunk number in record %llu",
					   name, (unsigned long long)i);
		last = no;
	}
	return 0;
}

int aip_sums_open(int dirfd, const char *name, const char *digest, struct aip_sums *s,
		  struct aip_err *err)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	const struct header *h;
	struct stat st;
	char hex[33];
	int r;

	memset(s, 0, sizeof(*s));
	if (fd < 0 || fstat(fd, &st) < 0)
		return aip_err_errno(err, -errno, "cannot open %s", name);
	if (!S_ISREG(st.st_mode) || st.st_size < HEADER_SIZE)
		return aip_err_set(err, -EBADMSG, "%s is cut short", name);
	s->map_len = st.st_size;
	s->map = mmap(NULL, s->map_len, PROT_READ, MAP_SHARED, fd, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return aip_err_errno(err, -errno, "cannot read %s", name);
	}
	h = s->map;
	s->chunk = le32toh(h->chunk);
	s->device_size = le64toh(h->device_size);
	s->count = le64toh(h->count);
	s->records = (unsigned char *)s->map + HEADER_SIZE;
	r = check(s, h, name, err);
	if (r == 0 && digest) {
		struct aip_sum sum = aip_sum_of(s->map, s->map_len);

		aip_hex(sum.bytes, sizeof(sum.bytes), hex);
		if (strcmp(hex, digest) != 0)
			r = aip_err_set(err, -EBADMSG,
					"%s has changed: its checksum is not the manifest's", name);
	}
	if (r < 0)
		aip_sums_close(s);
	return r;
}

void aip_sums_close(struct aip_sums *s)
{
	if (s->map)
		munmap(s->map, s->map_len);
	memset(s, 0, sizeof(*s));
}

uint64_t aip_sums_find(const struct aip_sums *s, uint64_t chunk_no)
{
	uint64_t lo = 0, hi = s->count;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (aip_sums_at(s, mid, NULL, NULL) < chunk_no)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
