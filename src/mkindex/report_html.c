// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_html.c: one page without anything from elsewhere: of each build the lines around
 * the place, the proof, or the refusal.
 */
#include <inttypes.h>
#include <string.h>

#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "mkindex/report.h"

#define AROUND 6 /* lines shown on either side of the place */

static const char style[] =
	":root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#cf222e;--in:#2da44e33}\n"
	"body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\n"
	"h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
	"table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem "
	".3rem 0;border-bottom:1px solid var(--line);vertical-align:top}\n"
	"pre{overflow-x:auto;font:13px/1.45 ui-monospace,monospace;border:1px solid "
	"var(--line);border-radius:6px;padding:.6rem;margin:.5rem 0}\n"
	"code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\n"
	".proved{color:var(--good)}.refused,.present,.failed{color:var(--bad)}\n"
	".in{background:var(--in);display:inline-block;width:100%}.no{opacity:.6}\n"
	"summary{cursor:pointer}\n";

/* Text into HTML; what is not UTF-8 or a control character becomes a visible mark. */
static void text(struct aip_buf *out, const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = aip_utf8_len(s + i, len - i);
		if (!n || ((unsigned char)s[i] < 0x20 && s[i] != '\t' && s[i] != '\n')) {
			aip_buf_str(out, "&#xfffd;");
			n = 1;
		} else if (s[i] == '<') {
			aip_buf_str(out, "&lt;");
		} else if (s[i] == '>') {
			aip_buf_str(out, "&gt;");
		} else if (s[i] == '&') {
			aip_buf_str(out, "&amp;");
		} else if (s[i] == '"') {
			aip_buf_str(out, "&quot;");
		} else {
			aip_buf_add(out, s + i, n);
		}
	}
}

static void str(struct aip_buf *out, const char *s)
{
	text(out, s, strlen(s));
}

/* ---- the place ---------------------------------------------------------------------- */

static const char *next_line(const char *p, const char *end)
{
	const char *nl = p < end ? memchr(p, '\n', end - p) : NULL;

	return nl ? nl + 1 : end;
}

static void shown_line(struct aip_buf *out, size_t number, const char *p, const char *end)
{
	aip_buf_fmt(out, "<span class=\"no\">%5zu </span> ", number);
	text(out, p, end - p);
	if (end == p || end[-1] != '\n')
		aip_buf_chr(out, '\n');
}

static void inserted(struct aip_buf *out, enum aip_kind kind)
{
	const struct aip_hook_text *t = &aip_hook(kind)->texts[0];
	const char *p = t->text, *end = p + t->len, *next;

	for (; p < end; p = next) {
		next = next_line(p, end);
		aip_buf_str(out, "<span class=\"in\"><span class=\"no\">    + </span> ");
		text(out, p, next - p - 1);
		aip_buf_str(out, "</span>\n");
	}
}

/* The lines around @at (after it when the script is proved, it and its neighbours when not). */
static void place(struct aip_buf *out, const struct script *s)
{
	bool proved = s->proof.verdict == AIP_ANCHOR_PROVED;
	size_t at = proved ? s->proof.after : s->proof.line, number = 0;
	const char *p = s->content, *end = p + s->len, *next;

	if (!at && !proved)
		return;
	aip_buf_str(out, "<pre>");
	if (proved && at == 0)
		inserted(out, s->kind);
	for (; p < end && number < at + AROUND; p = next) {
		next = next_line(p, end);
		if (++number + AROUND > at)
			shown_line(out, number, p, next);
		if (proved && number == at)
			inserted(out, s->kind);
	}
	aip_buf_str(out, "</pre>\n");
}

static void script(struct aip_buf *out, const struct script *s)
{
	const char *verdict = aip_anchor_verdict_name(s->proof.verdict);

	aip_buf_fmt(out, "<h3 class=\"%s\">%s: %s", verdict, aip_hook(s->kind)->name, verdict);
	if (s->proof.verdict == AIP_ANCHOR_PROVED)
		aip_buf_fmt(out, ", after line %zu", s->proof.after);
	aip_buf_str(out, "</h3>\n");
	if (s->proof.verdict != AIP_ANCHOR_PROVED) {
		aip_buf_str(out, "<p>");
		str(out, s->proof.failed);
		aip_buf_str(out, s->proof.failed[0] ? ": " : "");
		str(out, s->proof.reason);
		aip_buf_str(out, "</p>\n");
	}
	place(out, s);
	aip_buf_str(out, "<details><summary>Proof</summary><pre>");
	str(out, s->proof.text);
	aip_buf_fmt(out, "</pre></details>\n<p>before <code>%s</code>", s->pre);
	if (s->proof.post[0])
		aip_buf_fmt(out, "<br>after <code>%s</code>", s->proof.post);
	aip_buf_str(out, "</p>\n");
}

/* ---- packages ----------------------------------------------------------------------- */

static void row(struct aip_buf *out, const struct harvest *h, const struct package *p, size_t n)
{
	size_t i;

	aip_buf_fmt(out, "<tr><td><a href=\"#p%zu\">", n);
	if (p->name) {
		str(out, p->name);
		aip_buf_chr(out, '-');
		str(out, p->evr);
		aip_buf_chr(out, '.');
		str(out, p->arch);
	} else {
		str(out, p->path);
	}
	aip_buf_str(out, "</a></td><td>");
	if (p->state == PKG_FAILED)
		aip_buf_str(out, "<span class=\"failed\">not readable</span>");
	for (i = 0; i < p->n_files; i++) {
		const struct script *s = harvest_script(h, p->files[i].pre);
		const char *verdict = aip_anchor_verdict_name(s->proof.verdict);

		aip_buf_fmt(out, "%s%s <span class=\"%s\">%s</span>", i ? "<br>" : "",
			    aip_hook(s->kind)->name, verdict, verdict);
	}
	aip_buf_str(out, "</td></tr>\n");
}

static void section(struct aip_buf *out, const struct harvest *h, const struct package *p, size_t n)
{
	size_t i;

	aip_buf_fmt(out, "<section id=\"p%zu\"><h2>", n);
	str(out, p->name ? p->name : p->path);
	if (p->name) {
		aip_buf_chr(out, ' ');
		str(out, p->evr);
		aip_buf_chr(out, ' ');
		str(out, p->arch);
	}
	aip_buf_str(out, "</h2>\n<p><code>");
	str(out, p->path);
	aip_buf_str(out, "</code></p>\n");
	if (p->state == PKG_FAILED) {
		aip_buf_str(out, "<p class=\"failed\">");
		str(out, p->why.msg);
		aip_buf_str(out, "</p>\n");
	}
	for (i = 0; i < p->n_files; i++)
		script(out, harvest_script(h, p->files[i].pre));
	aip_buf_str(out, "</section>\n");
}

int report_html(const struct report *r, struct aip_buf *out)
{
	const struct aip_index *idx = r->index;
	char when[AIP_RFC3339_LEN];
	size_t i;

	aip_buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	aip_buf_fmt(out, "%s %" PRId64 "</title>\n<style>\n%s</style></head><body>\n", idx->stream,
		    idx->serial, style);
	aip_buf_fmt(out, "<h1>Index %s, serial %" PRId64 "</h1>\n<p>Issued %s, ", idx->stream,
		    idx->serial, aip_rfc3339(idx->issued, when));
	aip_buf_fmt(out, "expires %s; %zu patches, %zu packages, %zu signature%s.</p>\n",
		    aip_rfc3339(idx->expires, when), idx->n_files, idx->n_packages, r->n_signed,
		    r->n_signed == 1 ? "" : "s");
	aip_buf_str(out, "<table><tr><th>Package</th><th>Scripts</th></tr>\n");
	for (i = 0; i < r->harvest->n; i++)
		if (r->harvest->packages[i].state >= PKG_READ)
			row(out, r->harvest, &r->harvest->packages[i], i);
	aip_buf_str(out, "</table>\n");
	for (i = 0; i < r->harvest->n; i++)
		if (r->harvest->packages[i].state >= PKG_READ)
			section(out, r->harvest, &r->harvest->packages[i], i);
	aip_buf_str(out, "</body></html>\n");
	return aip_buf_status(out);
}
