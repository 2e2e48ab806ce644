// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anchor-prove: the anchor engine alone, for tests.
 *
 *   anchor-prove [-v] KIND FILE...
 *   anchor-prove -p FILE...
 *
 * -p only reads: "FILE<tab>read", or "FILE<tab>unreadable<tab>LINE<tab>WHY".
 * One line a file, fields separated by tabs: the file, the verdict, the line (insert after, or
 * what it is about), what failed, the reason.  -v: the whole proof instead.
 */
#include <stdio.h>
#include <string.h>

#include "common/bashn.h"
#include "common/fs.h"
#include "patch/anchor.h"
#include "patch/shparse.h"

static int bash_ok(void *ctx, const void *script, size_t len, struct aip_err *err)
{
	return aip_bash_n(NULL, script, len, 0, err);
}

static int load(const char *path, struct aip_buf *text)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char buf[65536];
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		aip_buf_add(text, buf, n);
	return 0;
}

static int only_read(const char *path)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct sh_arena arena = { 0 };
	struct sh_script script;

	if (load(path, &text))
		return 1;
	if (sh_parse(&arena, text.data ? text.data : "", text.len, 1, false, &script))
		printf("%s\tunreadable\t%u\t%s\n", path, script.bad_line, script.bad);
	else
		printf("%s\tread\n", path);
	sh_arena_free(&arena);
	return 0;
}

static int prove(const char *path, enum aip_kind kind, bool verbose)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT, out = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;

	if (load(path, &text))
		return 1;
	if (aip_anchor_prove(text.data ? text.data : "", text.len, kind, bash_ok, NULL, &p, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		return 1;
	}
	if (verbose) {
		aip_anchor_explain_text(&p, path, &out);
		printf("%s", out.data);
	} else {
		printf("%s\t%s\t%u\t%s\t%s\n", path, aip_anchor_verdict_name(p.verdict),
		       p.verdict == AIP_ANCHOR_PROVED ? p.after : p.line, p.failed ? p.failed : "",
		       p.reason);
	}
	aip_anchor_proof_free(&p);
	return 0;
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	int i = 1 + verbose, bad = 0;
	enum aip_kind kind;

	if (argc > 2 && !strcmp(argv[1], "-p")) {
		for (i = 2; i < argc; i++)
			bad |= only_read(argv[i]);
		return bad;
	}
	if (argc <= i + 1 || aip_anchor_kind_parse(argv[i], &kind)) {
		fprintf(stderr, "usage: anchor-prove [-v] rc.sysinit|halt FILE...\n");
		return 2;
	}
	while (++i < argc)
		bad |= prove(argv[i], kind, verbose);
	return bad;
}
