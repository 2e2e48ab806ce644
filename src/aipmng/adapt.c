// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "aipmng/adapt.h"
#include "common/bashn.h"
#include "common/cleanup.h"

int adapt_bash_n(const struct ctx *ctx, const void *script, size_t len, struct aip_err *err)
{
	int r = aip_bash_n(ctx->real_root ? NULL : ctx->root, script, len, 0, err);

	if (r == -ENOENT && !ctx->real_root)
		r = aip_bash_n(NULL, script, len, 0, err);
	if (r == 0)
		aip_err_clear(err);
	return r;
}

int adapt_step(const struct ctx *ctx, const struct survey *s, struct step *st, struct aip_err *err)
{
	aip_err_set(&st->why, -EPERM, "%s: adapting is not available", st->t->hook->path);
	aip_err_hint(&st->why, "follow %s/%s by hand", AIP_SAMPLES_DIR, st->t->hook->sample);
	aip_err_exit(&st->why, AIP_EXIT_CUSTOMISED);
	return 0;
}
