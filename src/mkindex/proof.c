// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/bashn.h"
#include "mkindex/pool.h"
#include "mkindex/proof.h"
#include "patch/udiff.h"

#define MEMORY	   (1UL << 30)
#define SECONDS	   60
#define RESULT_MAX (4u << 20)

static int syntax_ok(void *ctx, const void *script, size_t len, struct aip_err *err)
{
	return aip_bash_n(NULL, script, len, 0, err);
}

static int digest_of_result(const void *script, size_t len, enum aip_kind kind, struct proof *p,
			    struct aip_err *err)
{
	const struct aip_hook_text *t = &aip_hook(kind)->texts[0];
	_cleanup_buf_ struct aip_buf made = AIP_BUF_INIT;
	int r = aip_udiff_insert(script, len, p->after, t->text, t->len, &made, err);

	if (r == 0)
		r = aip_sha256_hex(made.data, made.len, p->post);
	return r;
}

static int explain(const struct aip_anchor_proof *a, const char *name, struct proof *p)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT, json = AIP_BUF_INIT;
	struct aip_jsonw w;

	aip_anchor_explain_text(a, name, &text);
	aip_jsonw_init(&w, &json, false);
	aip_jsonw_object(&w, NULL);
	aip_anchor_explain_json(a, &w);
	aip_jsonw_end(&w);
	p->failed = strdup(a->failed ? a->failed : "");
	p->reason = strdup(a->verdict == AIP_ANCHOR_PROVED ? "" : a->reason);
	p->text = aip_buf_steal(&text);
	p->json = aip_buf_steal(&json);
	return p->failed && p->reason && p->text && p->json ? 0 : -ENOMEM;
}

int proof_make(const char *name, const void *script, size_t len, enum aip_kind kind,
	       struct proof *out, struct aip_err *err)
{
	struct aip_anchor_proof a = { 0 };
	int r = aip_anchor_prove(script, len, kind, syntax_ok, NULL, &a, err);

	if (r < 0)
		return aip_err_prefix(err, "%s", name), r;
	out->verdict = a.verdict;
	out->after = a.after;
	out->line = a.line;
	r = explain(&a, name, out);
	aip_anchor_proof_free(&a);
	if (r < 0)
		return aip_err_errno(err, r, "%s", name);
	return out->verdict == AIP_ANCHOR_PROVED ? digest_of_result(script, len, kind, out, err)
						 : 0;
}

void proof_free(struct proof *p)
{
	free(p->failed);
	free(p->reason);
	free(p->text);
	free(p->json);
	memset(p, 0, sizeof(*p));
}

void proof_put(const struct proof *p, struct aip_buf *out)
{
	put_u64(out, p->verdict);
	put_u64(out, p->after);
	put_u64(out, p->line);
	put_str(out, p->post);
	put_str(out, p->failed);
	put_str(out, p->reason);
	put_str(out, p->text);
	put_str(out, p->json);
}

int proof_take(struct take *t, struct proof *p)
{
	_cleanup_free_ char *post = NULL;

	p->verdict = take_u64(t);
	p->after = take_u64(t);
	p->line = take_u64(t);
	post = take_str(t);
	p->failed = take_str(t);
	p->reason = take_str(t);
	p->text = take_str(t);
	p->json = take_str(t);
	if (t->bad || !post || strlen(post) >= sizeof(p->post))
		return -EBADMSG;
	memcpy(p->post, post, strlen(post) + 1);
	return 0;
}

/* ---- many ------------------------------------------------------------------------- */

struct many {
	struct script *scripts;
	bool explain;
};

static int work(void *ctx, size_t i, struct aip_buf *result, struct aip_err *err)
{
	const struct many *m = ctx;
	struct script *s = &m->scripts[i];
	struct proof p = { 0 };
	int r = proof_make(s->name, s->content, s->len, s->kind, &p, err);

	if (r == 0 && !m->explain)
		p.text[0] = p.json[0] = 0;
	if (r == 0)
		proof_put(&p, result);
	proof_free(&p);
	return r;
}

static int done(void *ctx, size_t i, int code, const struct aip_buf *result,
		const struct aip_err *why, struct aip_err *err)
{
	struct script *s = &((struct many *)ctx)->scripts[i];
	struct take t = { result->data, result->data + result->len, false };

	if (code < 0) {
		*err = *why;
		return code;
	}
	if (proof_take(&t, &s->proof) < 0)
		return aip_err_set(err, -EBADMSG, "%s: the proof got lost", s->name);
	return 0;
}

static const char *name(void *ctx, size_t i)
{
	return ((struct many *)ctx)->scripts[i].name;
}

int proof_make_all(struct script *scripts, size_t n, int jobs, bool explain, struct aip_err *err)
{
	struct many m = { scripts, explain };
	const struct pool p = { .jobs = jobs,
				.n = n,
				.memory = MEMORY,
				.seconds = SECONDS,
				.result_max = RESULT_MAX,
				.ctx = &m,
				.work = work,
				.done = done,
				.name = name };

	return pool_run(&p, err);
}
