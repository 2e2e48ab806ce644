// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * modes.c: the modes that only look: --status, --list, --diff; and --reset-serial.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aipmng/history.h"
#include "aipmng/log.h"
#include "aipmng/status.h"
#include "aipmng/textdiff.h"
#include "aipmng/work.h"
#include "common/cleanup.h"

static int print_json(const struct ctx *ctx, struct aip_buf *text)
{
	struct aip_err err = AIP_ERR_INIT;

	if (aip_buf_status(text) == 0) {
		fwrite(text->data, 1, text->len, stdout);
		return AIP_EXIT_OK;
	}
	aip_err_errno(&err, -ENOMEM, "cannot make the output");
	return ctx_fail(ctx, &err);
}

/* What the machine has, without the network; that there is no index is no fault here. */
static int look(struct ctx *ctx, struct work *w, enum aip_load_mode mode, struct aip_err *err)
{
	int r = work_open(ctx, w, err);

	if (r < 0)
		return r;
	r = work_indexes(w, mode, err);
	if (r == -ENOMEM)
		return r;
	aip_err_clear(err);
	return 0;
}

int mode_status(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_jsonw j;
	struct outcome last;
	struct status s;
	int r = AIP_EXIT_OK;

	if (look(ctx, &w, AIP_OFFLINE, &err) < 0)
		return ctx_fail(ctx, &err);
	status_last(ctx, &last);
	if (status_make(&w, &last, &s) < 0) {
		aip_err_errno(&err, -ENOMEM, "cannot make the status");
		return ctx_fail(ctx, &err);
	}
	driver_advise_key(ctx, &s.driver);
	if (ctx->opt.json) {
		aip_jsonw_init(&j, &text, true);
		aip_jsonw_object(&j, NULL);
		status_json(&s, &j);
		aip_jsonw_end(&j);
		r = print_json(ctx, &text);
	} else {
		status_text(&s, stdout);
	}
	status_free(&s);
	return r;
}

/* How many of a package's scripts have a patch in its index. */
static size_t patches_of(const struct aip_index *idx, const struct aip_index_package *pkg)
{
	size_t i, n = 0;

	for (i = 0; i < pkg->n_files; i++)
		n += aip_index_by_pre(idx, pkg->files[i]) != NULL;
	return n;
}

/* Does the package have one of the scripts that are there, patched or not? */
static bool has_ours(const struct survey *s, const struct aip_index_package *pkg)
{
	size_t i;
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		for (i = 0; i < pkg->n_files; i++)
			if (strcmp(pkg->files[i], s->t[k].now.sha) == 0 ||
			    strcmp(pkg->files[i], s->t[k].pristine.sha) == 0)
				return true;
	return false;
}

/* A package "any" stands for all of its version, rebuilt ones too: there the scripts decide. */
static bool is_installed(const struct survey *s, const struct aip_index_package *pkg)
{
	if (!s->package || strcmp(s->package->name, pkg->name) != 0 ||
	    strcmp(s->package->evr, pkg->evr) != 0)
		return false;
	return strcmp(s->package->arch, pkg->arch) == 0 ||
	       (strcmp(pkg->arch, "any") == 0 && has_ours(s, pkg));
}

static void list_json(const struct work *w, struct aip_buf *text)
{
	struct aip_jsonw j;
	size_t i, k;

	aip_jsonw_init(&j, text, true);
	aip_jsonw_array(&j, NULL);
	for (i = 0; i < w->idx.n; i++) {
		const struct aip_index *idx = w->idx.v[i].index;

		for (k = 0; k < idx->n_packages; k++) {
			const struct aip_index_package *p = &idx->packages[k];

			aip_jsonw_object(&j, NULL);
			aip_jsonw_str(&j, "stream", idx->stream);
			aip_jsonw_int(&j, "serial", idx->serial);
			aip_jsonw_str(&j, "name", p->name);
			aip_jsonw_str(&j, "evr", p->evr);
			aip_jsonw_str(&j, "arch", p->arch);
			aip_jsonw_uint(&j, "files", p->n_files);
			aip_jsonw_uint(&j, "patches", patches_of(idx, p));
			aip_jsonw_bool(&j, "installed", is_installed(&w->survey, p));
			aip_jsonw_end(&j);
		}
	}
	aip_jsonw_end(&j);
}

static void list_text(const struct work *w)
{
	size_t i, k;

	for (i = 0; i < w->idx.n; i++) {
		const struct aip_index *idx = w->idx.v[i].index;

		printf("Index %s serial %lld, %zu packages, %zu patches, from %s\n", idx->stream,
		       (long long)idx->serial, idx->n_packages, idx->n_files, w->idx.v[i].origin);
		for (k = 0; k < idx->n_packages; k++) {
			const struct aip_index_package *p = &idx->packages[k];
			size_t n = patches_of(idx, p);

			printf("%c %s-%s.%s  %s\n", is_installed(&w->survey, p) ? '*' : ' ',
			       p->name, p->evr, p->arch,
			       n == AIP_KIND_N ? "has its patches"
			       : n	       ? "incomplete"
					       : "no lawful place");
		}
	}
}

int mode_list(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	int r;

	r = work_open(ctx, &w, &err);
	if (r == 0)
		r = work_indexes(&w, ctx->opt.index ? AIP_REFRESH : AIP_OFFLINE, &err);
	if (r < 0)
		return ctx_fail(ctx, &err);
	if (ctx->opt.json) {
		list_json(&w, &text);
		return print_json(ctx, &text);
	}
	list_text(&w);
	return AIP_EXIT_OK;
}

static int diff_of(const struct step *st, struct aip_buf *out)
{
	_cleanup_free_ char *to = NULL;

	if (asprintf(&to, "%s (%s)", st->t->hook->path, step_name(st->action)) < 0) {
		to = NULL;
		return -ENOMEM;
	}
	return textdiff(st->t->hook->path, &st->t->now.buf, to, &st->next.buf, out);
}

static int diff_json(const struct plan *p, struct aip_buf *text)
{
	struct aip_jsonw j;
	int k, r = 0;

	aip_jsonw_init(&j, text, true);
	aip_jsonw_object(&j, NULL);
	aip_jsonw_array(&j, "files");
	for (k = 0; r == 0 && k < AIP_KIND_N; k++) {
		const struct step *st = &p->s[k];
		_cleanup_buf_ struct aip_buf d = AIP_BUF_INIT;

		aip_jsonw_object(&j, NULL);
		aip_jsonw_str(&j, "path", st->t->hook->path);
		aip_jsonw_str(&j, "state", target_state_name(st->t->state));
		aip_jsonw_str(&j, "action", step_name(st->action));
		if (step_changes(st)) {
			r = diff_of(st, &d);
			aip_jsonw_strn(&j, "diff", d.data ? d.data : "", d.len);
		}
		if (st->why.code)
			aip_jsonw_str(&j, "why", st->why.msg);
		if (st->proof)
			aip_jsonw_str(&j, "proof", st->proof);
		aip_jsonw_end(&j);
	}
	aip_jsonw_end(&j);
	aip_jsonw_end(&j);
	return r;
}

static int diff_text(const struct plan *p)
{
	int k, r = 0;

	for (k = 0; r == 0 && k < AIP_KIND_N; k++) {
		const struct step *st = &p->s[k];
		_cleanup_buf_ struct aip_buf d = AIP_BUF_INIT;

		if (st->proof)
			fputs(st->proof, stdout);
		if (!step_changes(st))
			continue;
		r = diff_of(st, &d);
		if (d.data)
			fwrite(d.data, 1, d.len, stdout);
	}
	return r;
}

int mode_diff(struct ctx *ctx)
{
	_cleanup_work_ struct work w = { 0 };
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct plan plan = { 0 };
	int r = look(ctx, &w, ctx->opt.index ? AIP_REFRESH : AIP_OFFLINE, &err);

	if (r == 0 && w.survey.no_package.code) {
		err = w.survey.no_package;
		aip_err_exit(&err, AIP_EXIT_NO_PATCH);
		r = err.code;
	}
	if (r == 0)
		r = plan_apply(ctx, &w.survey, &w.idx, &plan, &err);
	if (r < 0)
		return ctx_fail(ctx, &err);
	r = ctx->opt.json ? diff_json(&plan, &text) : diff_text(&plan);
	err = plan.verdict;
	plan_free(&plan);
	if (r < 0) {
		aip_err_clear(&err);
		aip_err_errno(&err, r, "cannot make the diff");
		return ctx_fail(ctx, &err);
	}
	if (ctx->opt.json && print_json(ctx, &text) != AIP_EXIT_OK)
		return AIP_EXIT_ERROR;
	return err.code ? ctx_fail(ctx, &err) : AIP_EXIT_OK;
}

int mode_reset_serial(struct ctx *ctx)
{
	struct aip_err err = AIP_ERR_INIT;
	const char *stream = ctx->opt.reset_serial;

	if (geteuid() != 0)
		aip_err_set(&err, -EPERM, "only root may reset a serial");
	else
		aip_reset_serial(ctx, stream, &err);
	if (err.code)
		return ctx_fail(ctx, &err);
	history_note(ctx, "serial-reset", stream);
	aip_log(ctx, LOG_NOTICE, "the serial of the index stream %s was reset", stream);
	if (ctx->opt.verbose >= 0)
		printf("The next good index of %s is accepted whatever its serial.\n", stream);
	return AIP_EXIT_OK;
}
