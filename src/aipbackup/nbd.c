// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <libnbd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "aipbackup/nbd.h"
#include "common/jsonw.h"

#define ZERO_MAX   (1ULL << 30) /* bytes of one write-zeroes request */
#define STATUS_MAX (1ULL << 30) /* bytes asked about at once */
#define IN_FLIGHT  32
#define KEPT	   2 /* variables in keep_memory */

struct aip_nbd {
	struct nbd_handle *h;
	char *name; /* for errors: the file or the URI */
	uint64_t size;
	bool zero, meta; /* the server can write zeroes, can tell what is allocated */
	int failed;	 /* errno of the first request that failed, 0 */
	uint64_t failed_at;
};

/* One request under way. */
struct request {
	struct aip_nbd *n;
	unsigned *users; /* of the buffer, or NULL */
	uint64_t offset;
};

static int nbd_err(struct aip_err *err, const char *name, const char *what)
{
	int code = nbd_get_errno();

	return aip_err_set(err, code ? -code : -EIO, "%s: cannot %s: %s", name, what,
			   nbd_get_error());
}

/* Room for whole requests: on a unix socket the default makes each of them several turns. */
static void widen_socket(struct aip_nbd *n)
{
	int fd = nbd_aio_get_fd(n->h), size = 4 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int finish_open(struct aip_nbd *n, bool writable, struct aip_err *err)
{
	int64_t size = nbd_get_size(n->h);
	int r;

	if (size < 0)
		return nbd_err(err, n->name, "get its size");
	n->size = size;
	widen_socket(n);
	r = nbd_is_read_only(n->h);
	if (writable && r != 0) {
		aip_err_set(err, -EROFS, "%s is exported read-only", n->name);
		return aip_err_hint(err, "export it for writing, or choose another target");
	}
	if (writable && nbd_can_flush(n->h) != 1) {
		aip_err_set(err, -EOPNOTSUPP, "%s cannot make writes durable (no NBD flush)",
			    n->name);
		return aip_err_hint(err, "use a server with flush: a backup that may be lost with "
					 "its server's cache is none");
	}
	n->zero = nbd_can_zero(n->h) == 1;
	n->meta = nbd_can_meta_context(n->h, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1;
	return 0;
}

static int create(const char *name, struct aip_nbd **out, struct aip_err *err)
{
	struct aip_nbd *n = calloc(1, sizeof(*n));

	if (!n)
		return aip_err_errno(err, -ENOMEM, "cannot open %s", name);
	n->name = strdup(name);
	n->h = nbd_create();
	if (!n->name || !n->h || nbd_add_meta_context(n->h, LIBNBD_CONTEXT_BASE_ALLOCATION) < 0) {
		aip_nbd_close(n);
		return aip_err_errno(err, -ENOMEM, "cannot open %s", name);
	}
	*out = n;
	return 0;
}

char *aip_nbd_json_name(const char *path, bool alone)
{
	struct aip_buf b = AIP_BUF_INIT;
	struct aip_jsonw w;

	aip_buf_str(&b, "json:");
	aip_jsonw_init(&w, &b, false);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "driver", "qcow2");
	aip_jsonw_object(&w, "file");
	aip_jsonw_str(&w, "driver", "file");
	aip_jsonw_str(&w, "filename", path);
	aip_jsonw_end(&w);
	if (alone)
		aip_jsonw_null(&w, "backing");
	aip_jsonw_end(&w);
	return aip_buf_steal(&b);
}

/*
 * glibc gives each large buffer back to the kernel at once, so that qemu-nbd would take a page
 * fault for every 4 KiB it receives: a third of its CPU time (doc/performance.md).  These tell
 * it to keep what it had; a variable that the administrator set stays as it is.
 */
static const char *const keep_memory[KEPT][2] = {
	{ "MALLOC_MMAP_THRESHOLD_", "67108864" },
	{ "MALLOC_TRIM_THRESHOLD_", "134217728" },
};

/* Start the server, connected to @n. Return: as libnbd, -1 with its error. */
static int start_server(struct aip_nbd *n, char **argv)
{
	bool mine[KEPT];
	size_t i;
	int r;

	for (i = 0; i < KEPT; i++)
		mine[i] = !getenv(keep_memory[i][0]) &&
			  setenv(keep_memory[i][0], keep_memory[i][1], 0) == 0;
	r = nbd_connect_systemd_socket_activation(n->h, argv);
	for (i = 0; i < KEPT; i++)
		if (mine[i])
			unsetenv(keep_memory[i][0]);
	return r;
}

int aip_nbd_open_file(const char *dir, const char *file, enum aip_nbd_mode mode,
		      struct aip_nbd **out, struct aip_err *err)
{
	_cleanup_free_ char *path = NULL, *name = NULL;
	char *argv[] = { "qemu-nbd", "--discard=unmap", "--cache=writeback", NULL, NULL, NULL };
	_cleanup_nbd_ struct aip_nbd *n = NULL;
	int argc = 3, r;

	if (asprintf(&path, "%s/%s", dir, file) < 0 ||
	    !(name = aip_nbd_json_name(path, mode == AIP_NBD_READ_ALONE)))
		return aip_err_errno(err, -ENOMEM, "cannot open %s", file);
	r = create(path, &n, err);
	if (r < 0)
		return r;
	if (mode != AIP_NBD_WRITE)
		argv[argc++] = "-r";
	argv[argc] = name;
	if (start_server(n, argv) < 0) {
		nbd_err(err, path, "serve it with qemu-nbd");
		return aip_err_hint(err, "`qemu-img info --backing-chain %s` says more", path);
	}
	r = finish_open(n, mode == AIP_NBD_WRITE, err);
	if (r == 0)
		*out = TAKE_PTR(n);
	return r;
}

int aip_nbd_open_uri(const char *uri, bool writable, struct aip_nbd **out, struct aip_err *err)
{
	_cleanup_nbd_ struct aip_nbd *n = NULL;
	int r = create(uri, &n, err);

	if (r < 0 || !n)
		return r;
	/* the administrator wrote the URI: it may name certificate files */
	nbd_set_uri_allow_local_file(n->h, true);
	if (nbd_connect_uri(n->h, uri) < 0) {
		nbd_err(err, uri, "connect");
		return aip_err_hint(err, "`nbdinfo '%s'` tries the same connection", uri);
	}
	r = finish_open(n, writable, err);
	if (r == 0)
		*out = TAKE_PTR(n);
	return r;
}

uint64_t aip_nbd_size(const struct aip_nbd *n)
{
	return n->size;
}

int aip_nbd_read(struct aip_nbd *n, void *buf, size_t len, uint64_t offset, struct aip_err *err)
{
	if (nbd_pread(n->h, buf, len, offset, 0) < 0)
		return nbd_err(err, n->name, "read");
	return 0;
}

static int request_done(void *data, int *error)
{
	struct request *q = data;

	if (*error && !q->n->failed) {
		q->n->failed = *error;
		q->n->failed_at = q->offset;
	}
	if (q->users)
		--*q->users;
	return 1; /* retire it: nobody asks for it by its cookie */
}

static void request_free(void *data)
{
	free(data);
}

static int status_of(const struct aip_nbd *n, struct aip_err *err)
{
	if (!n->failed)
		return 0;
	return aip_err_errno(err, -n->failed, "%s: cannot write at byte %" PRIu64, n->name,
			     n->failed_at);
}

int aip_nbd_wait(struct aip_nbd *n, struct aip_err *err)
{
	int r = status_of(n, err);

	if (r < 0)
		return r;
	if (nbd_aio_in_flight(n->h) > 0 && nbd_poll(n->h, -1) < 0)
		return nbd_err(err, n->name, "write");
	return status_of(n, err);
}

static struct request *request_new(struct aip_nbd *n, uint64_t offset, unsigned *users)
{
	struct request *q = malloc(sizeof(*q));

	if (q)
		*q = (struct request){ n, users, offset };
	return q;
}

/* Wait until one more request may be started. */
static int make_room(struct aip_nbd *n, struct aip_err *err)
{
	int r = status_of(n, err);

	while (r == 0 && nbd_aio_in_flight(n->h) >= IN_FLIGHT)
		r = aip_nbd_wait(n, err);
	return r;
}

int aip_nbd_write(struct aip_nbd *n, const void *buf, size_t len, uint64_t offset, unsigned *users,
		  struct aip_err *err)
{
	int r = make_room(n, err);
	struct request *q;

	if (r < 0)
		return r;
	q = request_new(n, offset, users);
	if (!q)
		return aip_err_errno(err, -ENOMEM, "cannot write to %s", n->name);
	++*users;
	if (nbd_aio_pwrite(n->h, buf, len, offset,
			   (nbd_completion_callback){
				   .callback = request_done, .user_data = q, .free = request_free },
			   0) < 0) {
		--*users;
		return nbd_err(err, n->name, "write");
	}
	return 0;
}

/* For servers without write-zeroes. */
static int write_zeroes(struct aip_nbd *n, uint64_t len, uint64_t offset, struct aip_err *err)
{
	static const char zeroes[1 << 20];

	while (len) {
		size_t piece = len < sizeof(zeroes) ? len : sizeof(zeroes);
		static unsigned nobody; /* the buffer is never reused */
		int r = aip_nbd_write(n, zeroes, piece, offset, &nobody, err);

		if (r < 0)
			return r;
		len -= piece;
		offset += piece;
	}
	return 0;
}

int aip_nbd_zero(struct aip_nbd *n, uint64_t len, uint64_t offset, struct aip_err *err)
{
	if (!n->zero)
		return write_zeroes(n, len, offset, err);
	while (len) {
		uint64_t piece = len < ZERO_MAX ? len : ZERO_MAX;
		int r = make_room(n, err);
		struct request *q;

		if (r < 0)
			return r;
		q = request_new(n, offset, NULL);
		if (!q)
			return aip_err_errno(err, -ENOMEM, "cannot write to %s", n->name);
		if (nbd_aio_zero(n->h, piece, offset,
				 (nbd_completion_callback){ .callback = request_done,
							    .user_data = q,
							    .free = request_free },
				 0) < 0)
			return nbd_err(err, n->name, "write zeroes");
		len -= piece;
		offset += piece;
	}
	return 0;
}

int aip_nbd_flush(struct aip_nbd *n, struct aip_err *err)
{
	int r = status_of(n, err);

	while (r == 0 && nbd_aio_in_flight(n->h) > 0)
		r = aip_nbd_wait(n, err);
	if (r < 0)
		return r;
	if (nbd_flush(n->h, 0) < 0)
		return nbd_err(err, n->name, "make it durable");
	return 0;
}

/* What block status says of the range from the offset that was asked for. */
struct zero_run {
	uint64_t bytes;
	bool ended;
};

static int add_extents(void *data, const char *context, uint64_t offset, uint32_t *entries,
		       size_t n, int *error)
{
	struct zero_run *run = data;
	size_t i;

	if (strcmp(context, LIBNBD_CONTEXT_BASE_ALLOCATION) != 0)
		return 0;
	for (i = 0; i + 1 < n && !run->ended; i += 2) {
		if (entries[i + 1] & LIBNBD_STATE_ZERO)
			run->bytes += entries[i];
		else
			run->ended = true;
	}
	return 0;
}

int64_t aip_nbd_zeroes(struct aip_nbd *n, uint64_t offset, uint64_t len, struct aip_err *err)
{
	struct zero_run run = { 0, false };

	if (!n->meta)
		return 0;
	if (len > STATUS_MAX)
		len = STATUS_MAX;
	if (nbd_block_status(n->h, len, offset,
			     (nbd_extent_callback){ .callback = add_extents, .user_data = &run },
			     0) < 0)
		return nbd_err(err, n->name, "ask what is allocated");
	return run.bytes < len ? run.bytes : len;
}

void aip_nbd_abandon(struct aip_nbd *n)
{
	nbd_close(n->h);
	n->h = NULL;
}

void aip_nbd_close(struct aip_nbd *n)
{
	if (!n)
		return;
	if (n->h) {
		nbd_shutdown(n->h, 0);
		nbd_close(n->h);
	}
	free(n->name);
	free(n);
}
