// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anchor_explain.c: a proof in words and as JSON.
 */
#include <errno.h>
#include <string.h>

#include "patch/anchor.h"

const char *aip_anchor_verdict_name(enum aip_anchor_verdict verdict)
{
	static const char *const names[] = {
		[AIP_ANCHOR_REFUSED] = "refused",
		[AIP_ANCHOR_PROVED] = "proved",
		[AIP_ANCHOR_PRESENT] = "present",
	};

	return names[verdict];
}

int aip_anchor_kind_parse(const char *name, enum aip_kind *kind)
{
	const char *base = strrchr(name, '/'), *want;
	size_t n;
	int k;

	base = base ? base + 1 : name;
	for (k = 0; k < AIP_KIND_N; k++) {
		want = aip_hook((enum aip_kind)k)->name;
		n = strlen(want);
		if (!strncmp(base, want, n) && (!base[n] || base[n] == '.' || base[n] == '-')) {
			*kind = (enum aip_kind)k;
			return 0;
		}
	}
	return -EINVAL;
}

static void verdict_text(const struct aip_anchor_proof *p, const char *name, struct aip_buf *out)
{
	switch (p->verdict) {
	case AIP_ANCHOR_PROVED:
		aip_buf_fmt(out, "%s: proved, insert after line %u\n", name, p->after);
		break;
	case AIP_ANCHOR_PRESENT:
		aip_buf_fmt(out, "%s: %s\n", name, p->reason);
		break;
	case AIP_ANCHOR_REFUSED:
		aip_buf_fmt(out, "%s: refused (%s)", name, p->failed);
		if (p->line)
			aip_buf_fmt(out, ", line %u", p->line);
		aip_buf_fmt(out, ": %s\n", p->reason);
		break;
	}
}

void aip_anchor_explain_text(const struct aip_anchor_proof *p, const char *name,
			     struct aip_buf *out)
{
	bool here = p->verdict != AIP_ANCHOR_PROVED;
	size_t i;

	verdict_text(p, name ? name : aip_hook(p->kind)->name, out);
	for (i = 0; i < p->nmarks; i++) {
		const struct aip_anchor_mark *m = &p->marks[i];

		if (!here && !m->before) {
			aip_buf_fmt(out, "  %5s  ---- here ----\n", "");
			here = true;
		}
		aip_buf_fmt(out, "  %5u  %-18s %s", m->line, m->name, m->text);
		if (m->unit != m->line && p->marks[i].line < m->unit)
			aip_buf_fmt(out, "  (run from line %u)", m->unit);
		aip_buf_chr(out, '\n');
	}
	for (i = 0; i < p->nchecks; i++)
		aip_buf_fmt(out, "  %-5s  %s: %s\n", p->checks[i].passed ? "ok" : "FAILED",
			    p->checks[i].name, p->checks[i].note);
}

void aip_anchor_explain_json(const struct aip_anchor_proof *p, struct aip_jsonw *w)
{
	size_t i;

	aip_jsonw_str(w, "kind", aip_hook(p->kind)->name);
	aip_jsonw_str(w, "verdict", aip_anchor_verdict_name(p->verdict));
	if (p->verdict == AIP_ANCHOR_PROVED)
		aip_jsonw_uint(w, "insert_after", p->after);
	if (p->line)
		aip_jsonw_uint(w, "line", p->line);
	if (p->failed)
		aip_jsonw_str(w, "failed", p->failed);
	if (p->reason[0])
		aip_jsonw_str(w, "reason", p->reason);
	if (p->verdict == AIP_ANCHOR_PRESENT) {
		aip_jsonw_bool(w, "lawful", p->lawful);
		aip_jsonw_uint(w, "copies", p->copies);
	}
	aip_jsonw_array(w, "landmarks");
	for (i = 0; i < p->nmarks; i++) {
		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "name", p->marks[i].name);
		aip_jsonw_uint(w, "line", p->marks[i].line);
		aip_jsonw_uint(w, "run_from", p->marks[i].unit);
		if (p->verdict == AIP_ANCHOR_PROVED)
			aip_jsonw_bool(w, "before", p->marks[i].before);
		aip_jsonw_str(w, "text", p->marks[i].text);
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
	aip_jsonw_array(w, "checks");
	for (i = 0; i < p->nchecks; i++) {
		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "name", p->checks[i].name);
		aip_jsonw_bool(w, "passed", p->checks[i].passed);
		aip_jsonw_str(w, "note", p->checks[i].note);
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
}
