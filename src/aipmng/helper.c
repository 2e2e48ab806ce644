// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aipmng/conf.h"
#include "aipmng/helper.h"
#include "aipmng/strlist.h"
#include "aipmng/yumrepo.h"
#include "common/cleanup.h"
#include "common/spawn.h"
#include "fetch/wire.h"
#include "patch/envelope.h"

#define GRACE_MS 2000 /* the helper keeps the time itself; after this it is killed */

/* Environment that the helper gets: a way to run gpg, and the proxies. */
static const char *const passed[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
				      "ALL_PROXY",  "no_proxy",	   "NO_PROXY" };
#define N_PASSED (sizeof(passed) / sizeof(passed[0]))

static int make_env(char ***env, size_t *n)
{
	size_t i;

	if (strlist_add(env, n, "PATH=/usr/bin:/bin:/usr/sbin:/sbin") < 0 ||
	    strlist_add(env, n, "LC_ALL=C") < 0)
		return -ENOMEM;
	for (i = 0; i < N_PASSED; i++) {
		const char *value = getenv(passed[i]);

		if (value && strlist_add(env, n, "%s=%s", passed[i], value) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Where the helper is: beside the other programs, or where tests say. */
static char *helper_path(void)
{
	const char *dir = getenv("AIP_LIBEXECDIR");
	char *path;

	return asprintf(&path, "%s/aip-fetch", dir ? dir : AIP_LIBEXECDIR) < 0 ? NULL : path;
}

/* A file that the configuration names: inside the root. */
static void put_path(const struct ctx *ctx, struct aip_buf *b, const char *key, const char *path)
{
	_cleanup_free_ char *full = path ? ctx_path(ctx, path, NULL) : NULL;

	/* one that is not there is left to the library, which says so */
	wire_put(b, key, full ? full : path);
}

static void put_conf(const struct ctx *ctx, struct aip_buf *b, long ms)
{
	const struct conf *c = ctx->conf;
	long connect = c->connect_timeout * 1000L;

	wire_put(b, "proxy", c->proxy);
	wire_put(b, "proxy_username", c->proxy_username);
	wire_put(b, "proxy_password", c->proxy_password);
	put_path(ctx, b, "sslcacert", c->sslcacert);
	put_path(ctx, b, "sslclientcert", c->sslclientcert);
	put_path(ctx, b, "sslclientkey", c->sslclientkey);
	wire_putf(b, "connect_ms", "%ld", connect < ms ? connect : ms);
	wire_putf(b, "total_ms", "%ld", ms);
	wire_putf(b, "max", "%u", AIP_ENVELOPE_MAX);
}

static int make_request(const struct ctx *ctx, const struct helper_source *src,
			const struct cache_source *known, char *const *skip, size_t n_skip, long ms,
			const char *scratch, struct aip_buf *b)
{
	size_t i;

	wire_begin(b);
	if (src->url) {
		wire_put(b, "url", src->url);
	} else {
		wire_put(b, "repo", src->repo);
		wire_put(b, "root", ctx->root);
		wire_put(b, "scratch", scratch);
		yumrepo_variables(ctx, b);
		for (i = 0; i < n_skip; i++)
			wire_put(b, "skip", skip[i]);
	}
	if (known) {
		wire_put(b, "etag", known->etag[0] ? known->etag : NULL);
		wire_put(b, "modified", known->modified[0] ? known->modified : NULL);
	}
	put_conf(ctx, b, ms);
	wire_end(b);
	return aip_buf_status(b);
}

static void take_tag(const struct wire *w, const char *key, char out[CACHE_TAG_MAX])
{
	const char *s = wire_get(w, key);

	if (s && strlen(s) < CACHE_TAG_MAX)
		strcpy(out, s);
}

static int replace(char **field, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	if (value) {
		free(*field);
		*field = copy;
	}
	return 0;
}

static int take_head(const struct wire *w, struct helper_reply *re)
{
	size_t i;

	take_tag(w, "etag", re->etag);
	take_tag(w, "modified", re->modified);
	if (replace(&re->origin, wire_get(w, "origin")) < 0 ||
	    replace(&re->mirror, wire_get(w, "mirror")) < 0)
		return -ENOMEM;
	for (i = 0; i < w->n; i++)
		if (strcmp(w->item[i].key, "note") == 0 &&
		    strlist_add(&re->notes, &re->n_notes, "%s", w->item[i].value) < 0)
			return -ENOMEM;
	return 0;
}

static int take_error(const struct wire *w, struct aip_err *err)
{
	long exit_code = wire_num(w, "exit", AIP_EXIT_NO_INDEX), code = wire_num(w, "code", EIO);
	const char *msg = wire_get(w, "message"), *hint = wire_get(w, "hint");

	aip_err_set(err, code > 0 && code < 4096 ? -code : -EIO, "%s",
		    msg && *msg ? msg : "failed");
	if (hint)
		aip_err_hint(err, "%s", hint);
	return aip_err_exit(err,
			    exit_code == AIP_EXIT_REFUSED ? AIP_EXIT_REFUSED : AIP_EXIT_NO_INDEX);
}

/* Read what the helper said. */
static int take_answer(struct aip_buf *out, struct helper_reply *re, struct aip_err *err)
{
	_cleanup_(wire_free) struct wire w = { 0 };
	const char *status;
	size_t len;

	if (wire_parse(out->data ? out->data : "", out->len, &w) < 0)
		return aip_err_set(err, -EPROTO, "its answer makes no sense");
	if (take_head(&w, re) < 0)
		return aip_err_errno(err, -ENOMEM, "its answer");
	status = wire_get(&w, "status");
	len = wire_num(&w, "length", -1);
	if (!status || len != out->len - w.body)
		return aip_err_set(err, -EPROTO, "its answer is cut short");
	if (strcmp(status, "error") == 0)
		return take_error(&w, err);
	if (strcmp(status, "unchanged") == 0)
		return HELPER_UNCHANGED;
	if (strcmp(status, "none") == 0)
		return HELPER_NONE;
	aip_buf_add(&re->body, out->data + w.body, len);
	return aip_buf_status(&re->body) < 0 ? aip_err_errno(err, -ENOMEM, "its answer")
					     : HELPER_BODY;
}

static int run(const char *path, char *const *env, const struct aip_buf *request, long ms,
	       struct helper_reply *re, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *const argv[] = { path, NULL };
	const struct aip_spawn s = {
		.argv = argv,
		.envp = (const char *const *)env,
		.input = request->data,
		.input_len = request->len,
		.output_max = AIP_ENVELOPE_MAX + WIRE_HEAD_MAX,
		.timeout_ms = ms + GRACE_MS,
	};
	int r = aip_spawn(&s, &res, err);

	if (r < 0) {
		aip_err_exit(err, AIP_EXIT_NO_INDEX);
		return aip_err_hint(err, r == -ENOENT ? "install the package aip again"
						      : "check the server; it was given up");
	}
	if (res.status != 0) {
		size_t n = res.err.data ? strcspn(res.err.data, "\n") : 0;

		aip_err_set(err, -EIO, "%s failed (status %d)%s%.*s", path, res.status,
			    n ? ": " : "", (int)(n < 200 ? n : 200), n ? res.err.data : "");
		return aip_err_exit(err, AIP_EXIT_NO_INDEX);
	}
	r = take_answer(&res.out, re, err);
	if (r == -EPROTO) {
		aip_err_prefix(err, "%s", path);
		return aip_err_exit(err, AIP_EXIT_NO_INDEX);
	}
	return r;
}

int helper_ask(const struct ctx *ctx, const struct helper_source *src,
	       const struct cache_source *known, char *const *skip, size_t n_skip, long ms,
	       struct helper_reply *re, struct aip_err *err)
{
	_cleanup_(cache_scratch_free) char *scratch = src->repo ? cache_scratch(ctx) : NULL;
	_cleanup_buf_ struct aip_buf request = AIP_BUF_INIT;
	_cleanup_free_ char *path = helper_path();
	char **env = NULL;
	size_t n_env = 0;
	int r;

	if (src->url)
		re->origin = wire_public_url(src->url);
	else if (asprintf(&re->origin, "repository %s", src->repo) < 0)
		re->origin = NULL;
	r = path && re->origin ? make_env(&env, &n_env) : -ENOMEM;
	if (r == 0) /* the list ends in a NULL */
		r = strlist_add(&env, &n_env, "%s", "");
	if (r == 0) {
		free(env[--n_env]);
		env[n_env] = NULL;
		r = make_request(ctx, src, known, skip, n_skip, ms, scratch, &request);
	}
	if (r == 0)
		r = run(path, env, &request, ms, re, err);
	else
		aip_err_errno(err, r, "cannot ask a source");
	strlist_free(&env, &n_env);
	return r;
}

void helper_reply_free(struct helper_reply *re)
{
	aip_buf_free(&re->body);
	free(re->origin);
	free(re->mirror);
	strlist_free(&re->notes, &re->n_notes);
	*re = (struct helper_reply)HELPER_REPLY_INIT;
}

int helper_source_id(const struct helper_source *src, char id[65])
{
	_cleanup_free_ char *name = NULL;

	if (src->url)
		return cache_source_id(src->url, id);
	if (asprintf(&name, "repo:%s", src->repo) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	return cache_source_id(name, id);
}
