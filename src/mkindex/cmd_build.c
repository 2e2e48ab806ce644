// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mkindex/cmd.h"
#include "mkindex/harvest.h"
#include "mkindex/input.h"
#include "mkindex/report.h"

struct options {
	struct heading head;
	struct list reports, scripts;
	char **paths;
	int n_paths;
	const char *output, *previous;
	bool reread, keep_going;
	int jobs;
};

enum {
	OPT_PREVIOUS = 256,
	OPT_REREAD,
	OPT_KEEP_GOING,
	OPT_REPORT,
	OPT_SCRIPTS,
};

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "previous", required_argument, NULL, OPT_PREVIOUS },
	{ "reread", no_argument, NULL, OPT_REREAD },
	{ "keep-going", no_argument, NULL, OPT_KEEP_GOING },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "scripts", required_argument, NULL, OPT_SCRIPTS },
	{ "jobs", required_argument, NULL, 'j' },
	HEADING_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

/* ---- the index ------------------------------------------------------------------------ */

/* A patch of the previous index, unless the script was looked at again. */
static int add_old_file(const struct harvest *h, const struct aip_index_file *f,
			struct aip_index *idx, struct aip_err *err)
{
	const struct script *s = harvest_script(h, f->pre);

	return s && h->reread ? 0 : aip_index_add_file(idx, f, err);
}

static int add_previous(const struct harvest *h, struct aip_index *idx, struct aip_err *err)
{
	const struct aip_index *old = h->previous;
	size_t i;
	int r = 0;

	for (i = 0; old && i < old->n_files && r == 0; i++)
		r = add_old_file(h, &old->files[i], idx, err);
	for (i = 0; old && i < old->n_packages && r == 0; i++)
		r = aip_index_add_package(idx, &old->packages[i], err);
	return r;
}

/* What the previous index says of a script stays, whatever the engine would say today. */
static bool settled(const struct harvest *h, const struct script *s)
{
	return h->previous && !h->reread && aip_index_by_pre(h->previous, s->pre);
}

static int add_harvest(const struct harvest *h, struct aip_index *idx, struct aip_err *err)
{
	size_t i, k;
	int r = 0;

	for (i = 0; i < h->n_scripts && r == 0; i++) {
		const struct script *s = &h->scripts[i];
		const struct aip_index_file f = { .pre = s->pre,
						  .post = s->proof.post,
						  .kind = s->kind,
						  .after = s->proof.after };

		if (s->proof.verdict == AIP_ANCHOR_PROVED && !settled(h, s))
			r = aip_index_add_file(idx, &f, err);
	}
	for (i = 0; i < h->n && r == 0; i++) {
		const struct package *p = &h->packages[i];
		const char *pres[AIP_KIND_N];
		const struct aip_index_package pkg = { p->name, p->evr, p->arch, p->n_files, pres };

		if (p->state != PKG_READ)
			continue;
		for (k = 0; k < p->n_files; k++)
			pres[k] = p->files[k].pre;
		r = aip_index_add_package(idx, &pkg, err);
		if (r < 0)
			aip_err_prefix(err, "%s", p->path);
	}
	return r;
}

/* ---- reports ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*make)(const struct report *r, struct aip_buf *out);
} formats[] = {
	{ "table", report_table },
	{ "json", report_json },
	{ "html", report_html },
};

/* "FORMAT" or "FORMAT=FILE". Return: index into formats, -1 for none, -2 for nonsense. */
static int format_of(const char *spec, const char **file)
{
	size_t n = strcspn(spec, "="), i;

	*file = spec[n] ? spec + n + 1 : NULL;
	if (strcmp(spec, "none") == 0)
		return -1;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strlen(formats[i].name) == n && strncmp(formats[i].name, spec, n) == 0)
			return i;
	return -2;
}

/* Whether a report shows proofs. */
static bool explains(const struct options *o)
{
	const char *file;
	size_t i;

	for (i = 0; i < o->reports.n; i++) {
		int f = format_of(o->reports.v[i], &file);

		if (f >= 0 && formats[f].make != report_table)
			return true;
	}
	return false;
}

static int write_reports(const struct options *o, const struct report *rep, struct aip_err *err)
{
	const char *file;
	size_t i;
	int r = 0;

	for (i = 0; i < o->reports.n && r == 0; i++) {
		_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
		int f = format_of(o->reports.v[i], &file);

		if (f < 0)
			continue;
		if (formats[f].make(rep, &out) < 0)
			return aip_err_errno(err, -ENOMEM, "cannot write a report");
		if (formats[f].make == report_table)
			tame(out.data, out.len);
		r = output_write(file, out.data, out.len, err);
	}
	return r;
}

/* ---- the command ---------------------------------------------------------------------- */

static int parse(int argc, char **argv, struct options *o)
{
	const char *file;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "o:j:", long_options, NULL)) != -1) {
		if (heading_option(&o->head, c, optarg))
			continue;
		if (c == 'o')
			o->output = optarg;
		else if (c == OPT_PREVIOUS)
			o->previous = optarg;
		else if (c == OPT_REREAD)
			o->reread = true;
		else if (c == OPT_KEEP_GOING)
			o->keep_going = true;
		else if (c == OPT_SCRIPTS && list_add(&o->scripts, optarg) == 0)
			continue;
		else if (c == OPT_REPORT && list_add(&o->reports, optarg) == 0)
			continue;
		else if (c == 'j' && (o->jobs = atoi(optarg)) > 0)
			continue;
		else
			return bad_usage("build", "see the message above, or -j is not a number");
	}
	o->paths = argv + optind;
	o->n_paths = argc - optind;
	if (!o->output)
		return bad_usage("build", "-o INDEX is missing");
	if (!o->n_paths && !o->scripts.n)
		return bad_usage("build", "no packages given");
	if (!o->reports.n)
		list_add(&o->reports, strcmp(o->output, "-") == 0 ? "none" : "table");
	for (i = 0; i < o->reports.n; i++)
		if (format_of(o->reports.v[i], &file) == -2)
			return bad_usage("build", "--report %s: not table, json, html or none",
					 o->reports.v[i]);
	return 0;
}

static int read_packages(const struct options *o, struct sources *s, struct harvest *h,
			 struct aip_err *err)
{
	size_t i;
	int r = 0, k;

	for (k = 0; k < o->n_paths && r == 0; k++)
		r = sources_add(s, o->paths[k], err);
	if (r < 0)
		return r;
	sources_sort(s);
	r = harvest_read(h, s, err);
	for (i = 0; i < o->scripts.n && r == 0; i++)
		r = harvest_manifest(h, o->scripts.v[i], err);
	for (i = 0; i < h->n && r == 0; i++)
		if (h->packages[i].state == PKG_FAILED)
			complain(&h->packages[i].why);
	if (r == 0 && h->failed && !o->keep_going) {
		r = aip_err_set(err, -EIO,
				"%zu of %zu packages cannot be read; nothing was written",
				h->failed, h->n);
		aip_err_hint(err, "repair them, or leave them out with --keep-going");
	}
	if (r == 0 && !h->n && !h->previous) {
		r = aip_err_set(err, -ENOENT,
				"no package of initscripts is there; nothing was written");
		aip_err_hint(err, "name its packages, a folder that holds them, or a repository");
	}
	return r < 0 ? r : harvest_prove(h, err);
}

static int build(const struct options *o, const struct aip_index *previous, struct aip_err *err)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();
	_cleanup_(sources_free) struct sources s = { 0 };
	_cleanup_(harvest_free) struct harvest h = {
		.previous = previous, .reread = o->reread, .explain = explains(o), .jobs = o->jobs
	};
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	const struct report rep = { idx, &h, o->output, o->head.sign.n };
	int r = idx ? heading_apply(&o->head, previous, idx, err) : -ENOMEM;

	if (r == 0)
		r = read_packages(o, &s, &h, err);
	if (r == 0)
		r = add_previous(&h, idx, err);
	if (r == 0)
		r = add_harvest(&h, idx, err);
	if (r == 0)
		r = aip_index_finish(idx, err);
	if (r == 0)
		r = seal_index(idx, &o->head.sign, &out, err);
	if (r == 0)
		r = output_write(o->output, out.data, out.len, err);
	return r < 0 ? r : write_reports(o, &rep, err);
}

int cmd_build(int argc, char **argv)
{
	_cleanup_(input_free) struct input old = { 0 };
	struct options o = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	int r = parse(argc, argv, &o);

	if (r)
		return r;
	if (o.previous && input_read(o.previous, &old, &err) < 0) {
		aip_err_exit(&err, EXIT_ERROR);
		return complain(&err);
	}
	return build(&o, old.index, &err) < 0 ? complain(&err) : EXIT_DONE;
}
