// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "aipmng/adapt.h"
#include "aipmng/log.h"
#include "common/bashn.h"
#include "common/cleanup.h"
#include "patch/anchor.h"
#include "patch/udiff.h"

int adapt_bash_n(const struct ctx *ctx, const void *script, size_t len, struct aip_err *err)
{
	int r = aip_bash_n(ctx->real_root ? NULL : ctx->root, script, len, 0, err);

	if (r == -ENOENT && !ctx->real_root)
		r = aip_bash_n(NULL, script, len, 0, err);
	if (r == 0)
		aip_err_clear(err);
	return r;
}

static int syntax(void *arg, const void *script, size_t len, struct aip_err *err)
{
	return adapt_bash_n(arg, script, len, err);
}

/* Proved: our hook goes after line proof->after. */
static int proved(const struct survey *s, const struct aip_anchor_proof *proof, struct step *st,
		  struct aip_err *err)
{
	struct target *t = st->t;
	const struct aip_hook_text *text = &t->hook->texts[0];
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	int r = aip_udiff_insert(t->now.buf.data, t->now.buf.len, proof->after, text->text,
				 text->len, &b, err);

	if (r < 0)
		return aip_err_prefix(err, "%s", t->hook->path);
	st->action = STEP_ADAPT;
	r = blob_set(&st->next, b.data, b.len);
	if (r == 0)
		r = blob_set(&st->pristine, t->now.buf.data, t->now.buf.len);
	st->rec = step_record(s, t, RECORD_APPLY, RECORD_BY_ADAPTING);
	if (r < 0 || !st->rec)
		goto nomem;
	strcpy(st->rec->pre, t->now.sha);
	strcpy(st->rec->post, st->next.sha);
	strcpy(st->rec->result, st->next.sha);
	st->rec->after = proof->after;
	st->rec->text = 0;
	st->rec->proof = strdup(st->proof);
	if (st->rec->proof)
		return 0;
nomem:
	return aip_err_errno(err, -ENOMEM, "cannot adapt %s", t->hook->path);
}

static void refused(const struct aip_anchor_proof *proof, struct step *st)
{
	const struct aip_hook *hook = st->t->hook;

	if (proof->verdict == AIP_ANCHOR_PRESENT)
		aip_err_set(&st->why, -EPERM, "%s cannot be adapted: line %u: %s", hook->path,
			    proof->line, proof->reason);
	else if (proof->line)
		aip_err_set(&st->why, -EPERM, "%s cannot be adapted: %s: line %u: %s", hook->path,
			    proof->failed, proof->line, proof->reason);
	else
		aip_err_set(&st->why, -EPERM, "%s cannot be adapted: %s: %s", hook->path,
			    proof->failed, proof->reason);
	aip_printable(st->why.msg);
	aip_err_hint(&st->why, "follow the sample %s/%s by hand", AIP_SAMPLES_DIR, hook->sample);
	aip_err_exit(&st->why, AIP_EXIT_CUSTOMISED);
}

int adapt_step(const struct ctx *ctx, const struct survey *s, struct step *st, struct aip_err *err)
{
	_cleanup_(aip_anchor_proof_free) struct aip_anchor_proof proof = { 0 };
	_cleanup_buf_ struct aip_buf words = AIP_BUF_INIT;
	struct target *t = st->t;
	int r = aip_anchor_prove(t->now.buf.data, t->now.buf.len, t->kind, syntax, (void *)ctx,
				 &proof, err);

	if (r < 0)
		return aip_err_prefix(err, "%s cannot be judged", t->hook->path);
	aip_anchor_explain_text(&proof, t->hook->path, &words);
	st->proof = aip_buf_steal(&words);
	if (!st->proof)
		return aip_err_errno(err, -ENOMEM, "cannot adapt %s", t->hook->path);
	aip_printable(st->proof); /* it quotes the script */
	if (proof.verdict == AIP_ANCHOR_PROVED)
		return proved(s, &proof, st, err);
	/* somebody has put the lines where they belong already: as good as patched */
	if (proof.verdict != AIP_ANCHOR_PRESENT || !proof.lawful || proof.copies != 1)
		refused(&proof, st);
	return 0;
}
