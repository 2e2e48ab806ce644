// SPDX-License-Identifier: GPL-2.0-or-later
/* Only the shipped index, until source.c is there. */
#include <errno.h>
#include <string.h>

#include "aipmng/source.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define THIN __attribute__((weak))

THIN int aip_indexes_load(struct ctx *ctx, enum aip_load_mode mode, struct aip_indexes *out,
			  struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	_cleanup_free_ char *path = ctx_path(ctx, AIP_SHIPPED, err);
	int r;

	memset(out, 0, sizeof(*out));
	r = path ? aip_read_file(-1, path, AIP_INDEX_MAX_BYTES, &b, err) : -ENOMEM;
	if (r < 0) {
		aip_err_exit(err, AIP_EXIT_NO_INDEX);
		return r;
	}
	out->v = calloc(1, sizeof(*out->v));
	r = aip_index_parse(b.data, b.len, path, &out->v[0].index, err);
	if (r < 0)
		return r;
	out->v[0].from = AIP_FROM_PACKAGE;
	out->v[0].origin = strdup(AIP_SHIPPED);
	out->n = 1;
	return 0;
}

THIN int aip_indexes_load_until(struct ctx *ctx, enum aip_load_mode mode, aip_enough_fn enough,
				void *arg, struct aip_indexes *out, struct aip_err *err)
{
	return aip_indexes_load(ctx, mode, out, err);
}

THIN void aip_indexes_free(struct aip_indexes *x)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		aip_index_free(x->v[i].index);
		free(x->v[i].origin);
	}
	free(x->v);
	memset(x, 0, sizeof(*x));
}

THIN const struct aip_index_file *aip_indexes_by_pre(const struct aip_indexes *x,
						     const char *sha256,
						     const struct aip_loaded **from)
{
	const struct aip_index_file *f = x->n ? aip_index_by_pre(x->v[0].index, sha256) : NULL;

	if (f && aip_index_is_withdrawn(x->v[0].index, f->post))
		f = NULL;
	if (f && from)
		*from = &x->v[0];
	return f;
}

THIN const struct aip_index_file *aip_indexes_by_post(const struct aip_indexes *x,
						      const char *sha256,
						      const struct aip_loaded **from)
{
	const struct aip_index_file *f = x->n ? aip_index_by_post(x->v[0].index, sha256) : NULL;

	if (f && from)
		*from = &x->v[0];
	return f;
}

THIN bool aip_indexes_is_withdrawn(const struct aip_indexes *x, const char *post)
{
	return x->n && aip_index_is_withdrawn(x->v[0].index, post);
}

THIN int aip_indexes_no_patch(const struct aip_indexes *x, struct aip_err *err)
{
	aip_err_set(err, -ENOENT, "No patch files found for this system.");
	return aip_err_exit(err, AIP_EXIT_NO_PATCH);
}

THIN int aip_reset_serial(struct ctx *ctx, const char *stream, struct aip_err *err)
{
	return aip_err_set(err, -ENOENT, "nothing is known of the stream %s", stream);
}
