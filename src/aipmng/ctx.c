// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aipmng/aipmng.h"
#include "aipmng/conf.h"
#include "aipmng/log.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/root.h"

/* Make @path one component at a time: each may be a link that the root resolves. */
static int make_dirs(const struct ctx *ctx, const char *path, int mode, struct aip_err *err)
{
	_cleanup_free_ char *upto = strdup(path);
	char *s;

	if (!upto)
		return aip_err_errno(err, -ENOMEM, "cannot create %s", path);
	for (s = upto + 1; *upto; s++) {
		_cleanup_free_ char *rel = NULL;
		char c = *s;
		int r;

		if (c != '/' && c)
			continue;
		*s = 0;
		r = aip_root_resolve(ctx->rootfd, upto, 1, &rel, err);
		if (r < 0)
			return r;
		if (mkdirat(ctx->rootfd, rel, c ? 0755 : mode) < 0 && errno != EEXIST)
			return aip_err_errno(err, -errno, "cannot create folder %s", upto);
		*s = c;
		if (!c)
			break;
	}
	return 0;
}

int ctx_dir(const struct ctx *ctx, const char *path, int create, struct aip_err *err)
{
	_cleanup_free_ char *rel = NULL;
	int r, fd;

	r = aip_root_resolve(ctx->rootfd, path, 1, &rel, err);
	if (r == 0) {
		fd = openat(ctx->rootfd, rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		r = aip_err_errno(err, -errno, "cannot open folder %s", path);
	}
	if (r != -ENOENT || !create)
		return r;
	aip_err_clear(err);
	r = make_dirs(ctx, path, create, err);
	return r < 0 ? r : ctx_dir(ctx, path, 0, err);
}

char *ctx_path(const struct ctx *ctx, const char *path, struct aip_err *err)
{
	_cleanup_free_ char *rel = NULL;
	char *full;

	if (aip_root_resolve(ctx->rootfd, path, 1, &rel, err) < 0)
		return NULL;
	if (asprintf(&full, "%s/%s", strcmp(ctx->root, "/") == 0 ? "" : ctx->root, rel) < 0) {
		aip_err_errno(err, -ENOMEM, "cannot resolve %s", path);
		return NULL;
	}
	return full;
}

bool ctx_adapt(const struct ctx *ctx)
{
	return ctx->opt.adapt || (ctx->conf && conf_adapt(ctx->conf));
}

int ctx_fail(const struct ctx *ctx, const struct aip_err *err)
{
	struct ctx quiet = *ctx;

	fprintf(stderr, "aipmng: %s\n", err->msg[0] ? err->msg : strerror(-err->code));
	if (err->hint[0])
		fprintf(stderr, "aipmng: %s\n", err->hint);
	quiet.opt.verbose = -1;
	aip_log(&quiet, LOG_ERR, "%s%s%s", err->msg, err->hint[0] ? "; " : "", err->hint);
	return err->exit ? err->exit : AIP_EXIT_ERROR;
}
