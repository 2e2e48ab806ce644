// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "mkindex/report.h"

/* ---- table -------------------------------------------------------------------------- */

static void script_line(const struct script *s, struct aip_buf *out)
{
	aip_buf_fmt(out, "  %-11s %-9s", aip_hook(s->kind)->name,
		    aip_anchor_verdict_name(s->proof.verdict));
	if (s->proof.verdict == AIP_ANCHOR_PROVED)
		aip_buf_fmt(out, "after line %zu", s->proof.after);
	else
		aip_buf_fmt(out, "%s%s%s", s->proof.failed, s->proof.failed[0] ? ": " : "",
			    s->proof.reason);
	aip_buf_chr(out, '\n');
}

static void package_lines(const struct harvest *h, const struct package *p, struct aip_buf *out)
{
	size_t i;

	if (p->state == PKG_FAILED)
		aip_buf_fmt(out, "%s\n  not read    %s\n", p->path, p->why.msg);
	if (p->state != PKG_READ)
		return;
	aip_buf_fmt(out, "%s-%s.%s\n", p->name, p->evr, p->arch);
	for (i = 0; i < p->n_files; i++) {
		const struct script *s = harvest_script(h, p->files[i].pre);

		if (s)
			script_line(s, out);
	}
}

struct totals {
	size_t read, known, none, failed, proved, refused;
};

static struct totals count(const struct harvest *h)
{
	struct totals t = { 0 };
	size_t i;

	for (i = 0; i < h->n; i++) {
		t.read += h->packages[i].state == PKG_READ;
		t.known += h->packages[i].state == PKG_KNOWN;
		t.none += h->packages[i].state == PKG_NONE;
		t.failed += h->packages[i].state == PKG_FAILED;
	}
	for (i = 0; i < h->n_scripts; i++) {
		t.proved += h->scripts[i].proof.verdict == AIP_ANCHOR_PROVED;
		t.refused += h->scripts[i].proof.verdict != AIP_ANCHOR_PROVED;
	}
	return t;
}

int report_table(const struct report *r, struct aip_buf *out)
{
	const struct aip_index *idx = r->index;
	struct totals t = count(r->harvest);
	char when[AIP_RFC3339_LEN];
	size_t i;

	for (i = 0; i < r->harvest->n; i++)
		package_lines(r->harvest, &r->harvest->packages[i], out);
	aip_buf_fmt(out, "%zu packages read, %zu known, %zu without scripts, %zu not readable\n",
		    t.read, t.known, t.none, t.failed);
	aip_buf_fmt(out, "%zu scripts proved, %zu refused\n", t.proved, t.refused);
	aip_buf_fmt(out, "stream %s, serial %" PRId64 ", expires %s: %zu patches, %zu packages, ",
		    idx->stream, idx->serial, aip_rfc3339(idx->expires, when), idx->n_files,
		    idx->n_packages);
	if (r->n_signed)
		aip_buf_fmt(out, "%zu signature%s\n", r->n_signed, r->n_signed == 1 ? "" : "s");
	else
		aip_buf_str(out, "not signed\n");
	if (r->output)
		aip_buf_fmt(out, "written to %s\n", r->output);
	return aip_buf_status(out);
}

/* ---- JSON --------------------------------------------------------------------------- */

static void raw_member(struct aip_jsonw *w, const char *name, const char *json)
{
	/* written by our own writer, so it is JSON */
	aip_jsonw_null(w, name);
	w->out->len -= strlen("null");
	aip_buf_str(w->out, json);
}

static void json_script(const struct script *s, struct aip_jsonw *w)
{
	aip_jsonw_object(w, NULL);
	aip_jsonw_str(w, "path", aip_hook(s->kind)->path);
	aip_jsonw_str(w, "pre", s->pre);
	if (s->proof.verdict == AIP_ANCHOR_PROVED)
		aip_jsonw_str(w, "post", s->proof.post);
	raw_member(w, "proof", s->proof.json);
	aip_jsonw_end(w);
}

static void json_package(const struct harvest *h, const struct package *p, struct aip_jsonw *w)
{
	static const char *const states[] = { "none", "known", "read", "failed" };
	size_t i;

	aip_jsonw_object(w, NULL);
	aip_jsonw_str(w, "file", p->path);
	aip_jsonw_str(w, "state", states[p->state]);
	if (p->state == PKG_FAILED)
		aip_jsonw_str(w, "error", p->why.msg);
	if (p->name) {
		aip_jsonw_str(w, "name", p->name);
		aip_jsonw_str(w, "evr", p->evr);
		aip_jsonw_str(w, "arch", p->arch);
	}
	if (p->state == PKG_READ) {
		aip_jsonw_array(w, "scripts");
		for (i = 0; i < p->n_files; i++)
			json_script(harvest_script(h, p->files[i].pre), w);
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
}

int report_json(const struct report *r, struct aip_buf *out)
{
	const struct aip_index *idx = r->index;
	char when[AIP_RFC3339_LEN];
	struct aip_jsonw w;
	size_t i;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_int(&w, "report", 1);
	aip_jsonw_str(&w, "stream", idx->stream);
	aip_jsonw_int(&w, "serial", idx->serial);
	aip_jsonw_str(&w, "issued", aip_rfc3339(idx->issued, when));
	aip_jsonw_str(&w, "expires", aip_rfc3339(idx->expires, when));
	aip_jsonw_uint(&w, "patches", idx->n_files);
	aip_jsonw_uint(&w, "packages_in_index", idx->n_packages);
	aip_jsonw_uint(&w, "signatures", r->n_signed);
	aip_jsonw_str(&w, "output", r->output);
	aip_jsonw_array(&w, "packages");
	for (i = 0; i < r->harvest->n; i++)
		json_package(r->harvest, &r->harvest->packages[i], &w);
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	return aip_buf_status(out);
}
