// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/fs.h"
#include "common/jsonw.h"
#include "mkindex/cmd.h"
#include "mkindex/proof.h"

struct options {
	int kind; /* -1: by the file's name */
	bool json, explain;
};

static const struct option long_options[] = {
	{ "kind", required_argument, NULL, 'k' },
	{ "json", no_argument, NULL, 'j' },
	{ "explain", no_argument, NULL, 'e' },
	{ NULL, 0, NULL, 0 },
};

static int kind_of(const struct options *o, const char *path, enum aip_kind *kind,
		   struct aip_err *err)
{
	if (o->kind >= 0) {
		*kind = o->kind;
		return 0;
	}
	if (aip_anchor_kind_parse(path, kind) == 0)
		return 0;
	aip_err_set(err, -EINVAL, "%s: is it an rc.sysinit or a halt?", path);
	aip_err_hint(err, "say --kind rc.sysinit or --kind halt");
	aip_err_exit(err, EXIT_USAGE);
	return -EINVAL;
}

static int prove(const struct options *o, const char *path, enum aip_kind *kind,
		 struct proof *proof, char pre[AIP_SHA256_HEX], struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf script = AIP_BUF_INIT;
	int r = kind_of(o, path, kind, err);

	if (r == 0)
		r = aip_read_file(AT_FDCWD, path, AIP_SCRIPT_MAX, &script, err);
	if (r == 0)
		r = aip_sha256_hex(script.data, script.len, pre);
	if (r == 0)
		r = proof_make(path, script.data, script.len, *kind, proof, err);
	return r;
}

static void print_text(const struct options *o, const char *path, struct proof *p)
{
	tame(p->text, strlen(p->text));
	tame(p->reason, strlen(p->reason));
	if (o->explain)
		fputs(p->text, stdout);
	else if (p->verdict == AIP_ANCHOR_PROVED)
		printf("%s: proved, after line %zu\n", path, p->after);
	else
		printf("%s: %s: %s%s%s\n", path, aip_anchor_verdict_name(p->verdict), p->failed,
		       p->failed[0] ? ": " : "", p->reason);
}

/* The engine's object with the file's name and digests before its members. */
static void add_json(struct aip_jsonw *w, const char *path, const char *pre, const struct proof *p)
{
	aip_jsonw_object(w, NULL);
	aip_jsonw_str(w, "file", path);
	aip_jsonw_str(w, "pre", pre);
	if (p->post[0])
		aip_jsonw_str(w, "post", p->post);
	aip_buf_chr(w->out, ',');
	aip_buf_str(w->out, p->json + 1);
	w->out->len--;
	aip_jsonw_end(w);
}

static int parse(int argc, char **argv, struct options *o)
{
	int c;

	o->kind = -1;
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == 'k') {
			o->kind = aip_kind_by_name(optarg);
			if (o->kind < 0)
				return bad_usage("prove", "--kind is rc.sysinit or halt");
		} else if (c == 'j') {
			o->json = true;
		} else if (c == 'e') {
			o->explain = true;
		} else {
			return bad_usage("prove", "see the message above");
		}
	}
	if (optind == argc)
		return bad_usage("prove", "no script given");
	return 0;
}

int cmd_prove(int argc, char **argv)
{
	_cleanup_buf_ struct aip_buf json = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct options o = { 0 };
	struct aip_jsonw w;
	int code = parse(argc, argv, &o), i;

	if (code)
		return code;
	aip_jsonw_init(&w, &json, false);
	aip_jsonw_array(&w, NULL);
	for (i = optind; i < argc; i++) {
		struct proof p = { 0 };
		char pre[AIP_SHA256_HEX];
		enum aip_kind kind;

		if (prove(&o, argv[i], &kind, &p, pre, &err) < 0) {
			proof_free(&p);
			return complain(&err);
		}
		if (o.json)
			add_json(&w, argv[i], pre, &p);
		else
			print_text(&o, argv[i], &p);
		if (p.verdict != AIP_ANCHOR_PROVED)
			code = EXIT_UNPROVED;
		proof_free(&p);
	}
	aip_jsonw_end(&w);
	if (o.json)
		printf("%s\n", json.data ? json.data : "");
	return aip_buf_status(&json) < 0 ? EXIT_ERROR : code;
}
