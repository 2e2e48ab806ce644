// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * aip-indexes: what aip_indexes_load() finds, as JSON, for tests.
 *
 *	aip-indexes ROOT cache-first|refresh|offline [--index URL] [--need STREAM:SERIAL]
 *	aip-indexes ROOT reset STREAM
 *
 * --need: cache-first asks the network until this stream has at least this serial.
 * AIP_TEST_TIME in the environment: what time(2) says, in seconds since 1970.
 * Exit status: the documented one of the error, 0 without.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aipmng/conf.h"
#include "aipmng/source.h"
#include "common/cleanup.h"
#include "common/jsonw.h"

/* The linker puts this in place of time(). */
time_t __wrap_time(time_t *out);
time_t __real_time(time_t *out);

time_t __wrap_time(time_t *out)
{
	const char *fake = getenv("AIP_TEST_TIME");
	time_t now = fake ? (time_t)atoll(fake) : __real_time(NULL);

	if (out)
		*out = now;
	return now;
}

struct need {
	char stream[65];
	long long serial;
};

static bool enough(void *arg, const struct aip_indexes *have)
{
	const struct need *need = arg;
	size_t i;

	for (i = 0; i < have->n; i++)
		if (strcmp(have->v[i].index->stream, need->stream) == 0)
			return have->v[i].index->serial >= need->serial;
	return false;
}

static void print_error(struct aip_jsonw *w, const char *name, const struct aip_err *err)
{
	aip_jsonw_object(w, name);
	aip_jsonw_int(w, "code", err->code);
	aip_jsonw_int(w, "exit", err->exit);
	aip_jsonw_str(w, "message", err->msg);
	aip_jsonw_str(w, "hint", err->hint);
	aip_jsonw_end(w);
}

static void print_indexes(struct aip_jsonw *w, const struct aip_indexes *x)
{
	static const char *const from[] = { "network", "cache", "package" };
	size_t i;

	aip_jsonw_array(w, "indexes");
	for (i = 0; i < x->n; i++) {
		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "stream", x->v[i].index->stream);
		aip_jsonw_int(w, "serial", x->v[i].index->serial);
		aip_jsonw_str(w, "from", from[x->v[i].from]);
		aip_jsonw_str(w, "origin", x->v[i].origin);
		aip_jsonw_bool(w, "stale", x->v[i].stale);
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
}

static void print(const struct ctx *ctx, const struct aip_indexes *x, const struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	struct aip_err e = AIP_ERR_INIT;
	struct aip_jsonw w;
	size_t i;

	aip_jsonw_init(&w, &out, true);
	aip_jsonw_object(&w, NULL);
	print_error(&w, "error", err);
	print_indexes(&w, x);
	aip_jsonw_array(&w, "warnings");
	for (i = 0; i < x->n_warnings; i++)
		aip_jsonw_str(&w, NULL, x->warnings[i]);
	for (i = 0; i < ctx->conf->n_warnings; i++)
		aip_jsonw_str(&w, NULL, ctx->conf->warnings[i]);
	aip_jsonw_end(&w);
	aip_jsonw_uint(&w, "asked", x->n_asked);
	aip_jsonw_uint(&w, "answered", x->n_answered);
	aip_indexes_outcome(x, &e);
	print_error(&w, "outcome", &e);
	aip_indexes_no_patch(x, &e);
	print_error(&w, "no_patch", &e);
	aip_jsonw_end(&w);
	fwrite(out.data, 1, out.len, stdout);
}

static int fail(const struct aip_err *err)
{
	fprintf(stderr, "%s\n%s\n", err->msg, err->hint);
	return err->exit ? err->exit : 1;
}

static int run(struct ctx *ctx, const char *mode, struct need *need, struct aip_err *err)
{
	struct aip_indexes x = AIP_INDEXES_INIT;
	enum aip_load_mode m = strcmp(mode, "refresh") == 0   ? AIP_REFRESH
			       : strcmp(mode, "offline") == 0 ? AIP_OFFLINE
							      : AIP_CACHE_FIRST;
	int r = aip_indexes_load_until(ctx, m, need ? enough : NULL, need, &x, err);

	print(ctx, &x, err);
	aip_indexes_free(&x);
	return r < 0 ? (err->exit ? err->exit : 1) : 0;
}

int main(int argc, char **argv)
{
	struct ctx ctx = { .opt = { .verbose = -1 }, .rootfd = -1 };
	struct need need = { "", 0 };
	struct aip_err err = AIP_ERR_INIT;
	bool needs = false;
	int i, r;

	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	ctx.root = realpath(argv[1], NULL);
	ctx.rootfd = ctx.root ? open(ctx.root, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (ctx.rootfd < 0)
		return 2;
	if (conf_load(&ctx, &err) < 0) {
		r = fail(&err);
		goto out;
	}
	for (i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--index") == 0)
			ctx.opt.index = argv[i + 1];
		if (strcmp(argv[i], "--need") == 0)
			needs = sscanf(argv[i + 1], "%64[^:]:%lld", need.stream, &need.serial) == 2;
	}
	if (strcmp(argv[2], "reset") == 0)
		r = argc > 3 && aip_reset_serial(&ctx, argv[3], &err) < 0 ? fail(&err) : 0;
	else
		r = run(&ctx, argv[2], needs ? &need : NULL, &err);
out:
	conf_free(ctx.conf);
	free((char *)ctx.root);
	close(ctx.rootfd);
	return r;
}
