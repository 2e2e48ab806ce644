// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * aip-fetch: fetches one index for aipmng, which runs it with bounded time and
 * output (see wire.h for what they say to each other).  It alone loads libcurl,
 * librepo and what they load; nothing that it yields is believed before
 * aipmng has verified it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aipmng/aipmng.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "fetch/gunzip.h"
#include "fetch/http.h"
#include "fetch/repo.h"
#include "fetch/wire.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define NO_ADDRESS_LIMIT 1
#endif

static void limit(int what, rlim_t soft)
{
	struct rlimit r;

	if (getrlimit(what, &r) == 0 && (r.rlim_max == RLIM_INFINITY || soft < r.rlim_max))
		setrlimit(what, &(struct rlimit){ soft, soft });
}

/* What a hostile server could make of us has these bounds, whatever the libraries do. */
static void set_limits(long total_ms)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 64u << 20);
	limit(RLIMIT_NOFILE, 256);
	limit(RLIMIT_CPU, 30 + total_ms / 1000);
#ifndef NO_ADDRESS_LIMIT
	limit(RLIMIT_AS, 1024ul << 20);
#endif
	alarm(total_ms / 1000 + 30); /* should the parent be gone without having killed us */
}

static void get_how(const struct wire *req, struct http_how *how)
{
	*how = (struct http_how){
		.proxy = wire_get(req, "proxy"),
		.proxy_username = wire_get(req, "proxy_username"),
		.proxy_password = wire_get(req, "proxy_password"),
		.sslcacert = wire_get(req, "sslcacert"),
		.sslclientcert = wire_get(req, "sslclientcert"),
		.sslclientkey = wire_get(req, "sslclientkey"),
		.connect_ms = wire_num(req, "connect_ms", 10000),
		.total_ms = wire_num(req, "total_ms", 60000),
	};
}

static void get_tags(const struct wire *req, struct http_tags *tags)
{
	const char *etag = wire_get(req, "etag"), *modified = wire_get(req, "modified");

	memset(tags, 0, sizeof(*tags));
	if (etag && strlen(etag) < sizeof(tags->etag))
		strcpy(tags->etag, etag);
	if (modified && strlen(modified) < sizeof(tags->modified))
		strcpy(tags->modified, modified);
}

static void put_notes(struct aip_buf *head, const struct aip_buf *notes)
{
	size_t at, n = 0;

	for (at = 0; at < notes->len && n < 40; at += strlen(notes->data + at) + 1, n++)
		wire_putf(head, "note", "%.500s", notes->data + at);
}

/* Put the unpacked form into @body if it is packed. */
static int unpack(size_t max, const char *name, struct aip_buf *body, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf plain = AIP_BUF_INIT;
	int r;

	if (!is_gzip(body->data, body->len))
		return 0;
	r = gunzip(body->data, body->len, max, name, &plain, err);
	if (r < 0)
		return r;
	aip_buf_free(body);
	*body = plain;
	plain = (struct aip_buf)AIP_BUF_INIT;
	return 0;
}

/* Ask the source that @req names. Return: enum http_verdict, REPO_NONE or -errno; @head is begun. */
static int ask(const struct wire *req, size_t max, struct aip_buf *head, struct aip_buf *body,
	       struct aip_err *err)
{
	const char *url = wire_get(req, "url"), *repo = wire_get(req, "repo");
	struct repo_answer ans = { .notes = AIP_BUF_INIT };
	_cleanup_free_ char *public = NULL;
	struct http_tags tags;
	struct http_how how;
	int r;

	get_how(req, &how);
	get_tags(req, &tags);
	wire_begin(head);
	if (!url && !repo)
		return aip_err_set(err, -EINVAL, "aip-fetch: the request names no source");
	if (url) {
		public = wire_public_url(url);
		wire_put(head, "origin", public);
		r = http_get(&how, url, max, &tags, body, err);
	} else {
		r = repo_get(req, &how, max, &tags, &ans, body, err);
		tags = ans.tags;
		public = ans.mirror ? wire_public_url(ans.mirror) : NULL;
		wire_putf(head, "origin", "repository %s%s%s", repo, public ? " at " : "",
			  public ? public : "");
		wire_put(head, "mirror", ans.mirror);
		put_notes(head, &ans.notes);
	}
	if (r == HTTP_BODY) {
		int u = unpack(max, public ? public : "the index", body, err);

		r = u < 0 ? u : r;
	}
	if (r == HTTP_BODY) {
		wire_put(head, "etag", tags.etag[0] ? tags.etag : NULL);
		wire_put(head, "modified", tags.modified[0] ? tags.modified : NULL);
	}
	repo_answer_free(&ans);
	return r;
}

static int answer(int verdict, struct aip_buf *head, const struct aip_buf *body,
		  const struct aip_err *err)
{
	static const char *const names[] = { "ok", "unchanged", "none" };
	int r;

	wire_put(head, "status", verdict < 0 ? "error" : names[verdict]);
	if (verdict < 0) {
		wire_putf(head, "exit", "%d", err->exit);
		wire_putf(head, "code", "%d", -verdict);
		wire_put(head, "message", err->msg);
		wire_put(head, "hint", err->hint[0] ? err->hint : NULL);
	}
	wire_putf(head, "length", "%zu", verdict == HTTP_BODY ? body->len : (size_t)0);
	wire_end(head);
	r = aip_buf_status(head);
	if (r == 0)
		r = aip_write_all(STDOUT_FILENO, head->data, head->len);
	if (r == 0 && verdict == HTTP_BODY)
		r = aip_write_all(STDOUT_FILENO, body->data, body->len);
	return r;
}

static int run(void)
{
	_cleanup_buf_ struct aip_buf in = AIP_BUF_INIT, head = AIP_BUF_INIT, body = AIP_BUF_INIT;
	_cleanup_(wire_free) struct wire req = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	size_t max;
	int r;

	r = aip_read_fd(STDIN_FILENO, WIRE_HEAD_MAX, "the request", &in, &err);
	if (r == 0)
		r = wire_parse(in.data ? in.data : "", in.len, &req);
	if (r < 0) {
		fprintf(stderr, "aip-fetch: no request on standard input: it is run by aipmng\n");
		return 2;
	}
	max = wire_num(&req, "max", 16 << 20);
	set_limits(wire_num(&req, "total_ms", 60000));
	r = http_setup();
	if (r == 0)
		r = ask(&req, max, &head, &body, &err);
	return answer(r, &head, &body, &err) < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("aip-fetch %s\n%s\n%s\n", AIP_VERSION, http_version(),
		       repo_version() ? repo_version() : "without librepo");
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "Usage: aip-fetch [--version]\nIt is run by aipmng and reads its "
				"request from standard input.\n");
		return 2;
	}
	return run();
}
