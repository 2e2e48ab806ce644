// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_anchor: the engine's verdict on every case of tests/data/anchor, and what its
 * interface promises.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "common/bashn.h"
#include "common/buf.h"
#include "common/fs.h"
#include "patch/anchor.h"

#define HERE "@@HERE"

struct fragment {
	char name[32];
	struct aip_buf text;
};

struct cases {
	char *text; /* the file, cut into lines */
	struct fragment fragments[32];
	size_t n;
};

static int bash_ok(void *ctx, const void *script, size_t len, struct aip_err *err)
{
	unsigned int *calls = ctx;

	if (calls)
		++*calls;
	return aip_bash_n(NULL, script, len, 0, err);
}

static char *slurp(const char *path)
{
	static char buf[256 * 1024];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		fail_msg("cannot open %s", path);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	return strdup(buf);
}

static struct aip_buf *fragment(struct cases *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->fragments[i].name, name))
			return &c->fragments[i].text;
	return NULL;
}

/* Appends a line of a case or fragment, fragments in it expanded. */
static void add_line(struct cases *c, struct aip_buf *out, const char *line)
{
	const char *name = line + strspn(line, " \t");
	struct aip_buf *text = *name == '%' ? fragment(c, name + 1) : NULL;

	if (text) {
		aip_buf_add(out, text->data, text->len);
		return;
	}
	aip_buf_str(out, line);
	aip_buf_chr(out, '\n');
}

static void apply_flags(const char *flags, struct aip_buf *s)
{
	struct aip_buf in = *s;
	size_t i, line = 0;

	*s = (struct aip_buf)AIP_BUF_INIT;
	if (strstr(flags, "bom"))
		aip_buf_str(s, "\xef\xbb\xbf");
	for (i = 0; i < in.len; i++) {
		bool comment = in.data[line] == '#' && line;

		if (in.data[i] == '\n' &&
		    (!strcmp(flags, "dos") || (!strcmp(flags, "dos-comments") && comment)))
			aip_buf_chr(s, '\r');
		if (!strcmp(flags, "latin1") && in.data[i] == '~')
			aip_buf_chr(s, '\xe4');
		else
			aip_buf_chr(s, in.data[i]);
		if (!strcmp(flags, "nul") && i == in.len / 2)
			aip_buf_chr(s, '\0');
		if (in.data[i] == '\n')
			line = i + 1;
	}
	if (!strcmp(flags, "no-newline"))
		s->len--;
	aip_buf_free(&in);
}

/* Takes the mark out.  Return: the line it followed, 0 when there is none. */
static unsigned int take_mark(struct aip_buf *s)
{
	char *at = memmem(s->data, s->len, HERE "\n", strlen(HERE) + 1);
	unsigned int line = 0;
	const char *p;

	if (!at)
		return 0;
	for (p = s->data; p < at; p++)
		line += *p == '\n';
	memmove(at, at + strlen(HERE) + 1, s->len - (size_t)(at - s->data) - strlen(HERE) - 1);
	s->len -= strlen(HERE) + 1;
	return line;
}

static int check(enum aip_kind kind, const char *title, const char *verdict, unsigned int mark,
		 const struct aip_buf *script)
{
	_cleanup_buf_ struct aip_buf why = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;
	unsigned int calls = 0;
	char got[128];

	assert_int_equal(
		aip_anchor_prove(script->data, script->len, kind, bash_ok, &calls, &p, &err), 0);
	if (p.verdict == AIP_ANCHOR_PROVED)
		snprintf(got, sizeof(got), "proved");
	else if (p.verdict == AIP_ANCHOR_REFUSED)
		snprintf(got, sizeof(got), "refused %s", p.failed);
	else
		snprintf(got, sizeof(got), "present %s %u", p.lawful ? "lawful" : "unlawful",
			 p.line);
	aip_anchor_explain_text(&p, title, &why);
	if (strcmp(got, verdict) ||
	    (p.verdict == AIP_ANCHOR_PROVED && (p.after != mark || calls != 2))) {
		fprintf(stderr, "%s: expected %s after %u, got %s after %u\n%s%.*s\n", title,
			verdict, mark, got, p.after, why.data, (int)script->len, script->data);
		aip_anchor_proof_free(&p);
		return 1;
	}
	aip_anchor_proof_free(&p);
	return 0;
}

static int run_case(enum aip_kind kind, char *head, struct aip_buf *body)
{
	char *verdict = strchr(head, '|'), *flags;
	unsigned int mark;

	assert_non_null(verdict);
	verdict[-1] = '\0';
	verdict += 2;
	flags = strchr(verdict, '|');
	if (flags) {
		flags[-1] = '\0';
		flags += 2;
	}
	mark = take_mark(body);
	if (flags)
		apply_flags(flags, body);
	assert_int_equal(!strcmp(verdict, "proved"), mark != 0);
	return check(kind, head, verdict, mark, body);
}

static void run_file(enum aip_kind kind, const char *path, size_t least)
{
	struct cases c = { .text = slurp(path) };
	struct aip_buf body = AIP_BUF_INIT, *out = NULL;
	char *line, *next, *head = NULL;
	size_t ran = 0;
	int bad = 0;

	for (line = c.text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strncmp(line, "== ", 3) && strncmp(line, "%% ", 3)) {
			if (out && (next || *line))
				add_line(&c, out, line);
			continue;
		}
		if (head) {
			/* the empty line before the next head is not the script's */
			body.len -= body.len > 1 && body.data[body.len - 2] == '\n';
			bad += run_case(kind, head, &body);
			ran++;
		}
		head = *line == '=' ? line + 3 : NULL;
		aip_buf_reset(&body);
		out = &body;
		if (!head) {
			assert_in_range(c.n, 0, 31);
			snprintf(c.fragments[c.n].name, sizeof(c.fragments[0].name), "%s",
				 line + 3);
			out = &c.fragments[c.n++].text;
		}
	}
	if (head) {
		bad += run_case(kind, head, &body);
		ran++;
	}
	aip_buf_free(&body);
	while (c.n)
		aip_buf_free(&c.fragments[--c.n].text);
	free(c.text);
	assert_int_equal(bad, 0);
	assert_true(ran >= least);
}

static const char *data(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/tests/data/anchor/%s",
		 getenv("AIP_TOP") ? getenv("AIP_TOP") : ".", name);
	return path;
}

static void test_boot_cases(void **state)
{
	run_file(AIP_KIND_RC_SYSINIT, data("boot.cases"), 120);
}

static void test_halt_cases(void **state)
{
	run_file(AIP_KIND_HALT, data("halt.cases"), 50);
}

static const char boot[] = "#!/bin/bash\n"
			   "/sbin/start_udev\n"
			   "vgchange -ay\n"
			   "if [ -f /fastboot ]; then f=1; fi\n"
			   "fsck -A\n"
			   "mount -a\n";

static int no_shell(void *ctx, const void *script, size_t len, struct aip_err *err)
{
	return aip_err_set(err, -ENOENT, "no bash");
}

/* refuses the text that has @ctx in it */
static int picky(void *ctx, const void *script, size_t len, struct aip_err *err)
{
	if (memmem(script, len, ctx, strlen(ctx)))
		return aip_err_set(err, -EBADMSG, "bash: no %s please", (const char *)ctx);
	return 0;
}

static void test_syntax_callback(void **state)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;

	assert_int_equal(
		aip_anchor_prove(boot, strlen(boot), AIP_KIND_RC_SYSINIT, no_shell, NULL, &p, &err),
		-ENOENT);
	assert_string_equal(err.msg, "no bash");
	assert_null(p.marks);

	assert_int_equal(aip_anchor_prove(boot, strlen(boot), AIP_KIND_RC_SYSINIT, picky,
					  "start_udev", &p, &err),
			 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	assert_string_equal(p.failed, "syntax above");
	assert_int_equal(p.after, 0);
	aip_anchor_proof_free(&p);

	/* only the whole has our lines */
	assert_int_equal(aip_anchor_prove(boot, strlen(boot), AIP_KIND_RC_SYSINIT, picky,
					  "--tracking", &p, &err),
			 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	assert_string_equal(p.failed, "syntax");
	aip_anchor_proof_free(&p);
}

static void test_proof_object(void **state)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;
	size_t i;

	assert_int_equal(
		aip_anchor_prove(boot, strlen(boot), AIP_KIND_RC_SYSINIT, NULL, NULL, &p, &err), 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_PROVED);
	assert_int_equal(p.after, 3);
	assert_int_equal(p.nmarks, 5);
	assert_string_equal(p.marks[1].name, "lvm");
	assert_int_equal(p.marks[1].line, 3);
	assert_true(p.marks[1].before);
	assert_false(p.marks[2].before);
	assert_string_equal(p.marks[3].text, "fsck -A");
	for (i = 0; i < p.nchecks; i++)
		assert_true(p.checks[i].passed);
	aip_anchor_proof_free(&p);
	aip_anchor_proof_free(&p);
}

static void test_explain(void **state)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT, json = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;
	struct aip_jsonw w;

	assert_int_equal(
		aip_anchor_prove(boot, strlen(boot), AIP_KIND_RC_SYSINIT, NULL, NULL, &p, &err), 0);
	aip_anchor_explain_text(&p, "x/rc.sysinit", &text);
	assert_non_null(strstr(text.data, "x/rc.sysinit: proved, insert after line 3\n"));
	assert_non_null(strstr(text.data, "---- here ----"));
	aip_jsonw_init(&w, &json, false);
	aip_jsonw_object(&w, NULL);
	aip_anchor_explain_json(&p, &w);
	aip_jsonw_end(&w);
	assert_non_null(strstr(json.data, "\"insert_after\":3"));
	assert_non_null(strstr(json.data, "\"verdict\":\"proved\""));
	aip_anchor_proof_free(&p);
}

static void test_kind_parse(void **state)
{
	enum aip_kind kind;

	assert_int_equal(aip_anchor_kind_parse("/etc/rc.d/rc.sysinit", &kind), 0);
	assert_int_equal(kind, AIP_KIND_RC_SYSINIT);
	assert_int_equal(aip_anchor_kind_parse("halt.rpmnew", &kind), 0);
	assert_int_equal(kind, AIP_KIND_HALT);
	assert_int_equal(aip_anchor_kind_parse("halt-sample", &kind), 0);
	assert_int_equal(aip_anchor_kind_parse("halted", &kind), -EINVAL);
	assert_int_equal(aip_anchor_kind_parse("/halt/other", &kind), -EINVAL);
}

/* Hostile sizes end in a refusal, soon. */
static void test_limits(void **state)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;
	struct aip_buf b = AIP_BUF_INIT;
	size_t i;

	for (i = 0; i < 100000; i++)
		aip_buf_str(&b, "((");
	assert_int_equal(aip_anchor_prove(b.data, b.len, AIP_KIND_HALT, NULL, NULL, &p, &err), 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	aip_anchor_proof_free(&p);
	aip_buf_reset(&b);

	/* each function calls the next one twice: 2^40 commands */
	for (i = 0; i < 40; i++)
		aip_buf_fmt(&b, "f%zu() { f%zu; f%zu; }\n", i, i + 1, i + 1);
	aip_buf_str(&b, "f0\n");
	aip_buf_str(&b, boot + 12);
	assert_int_equal(aip_anchor_prove(b.data, b.len, AIP_KIND_RC_SYSINIT, NULL, NULL, &p, &err),
			 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	assert_string_equal(p.failed, "shell");
	aip_anchor_proof_free(&p);

	/* the same where the list of mounts is looked for */
	aip_buf_reset(&b);
	for (i = 0; i < 10 * 60; i++) {
		if (i % 60 == 0)
			aip_buf_fmt(&b, "f%zu() {", i / 60);
		aip_buf_fmt(&b, " f%zu;%s", i / 60 + 1, i % 60 == 59 ? " }\n" : "");
	}
	aip_buf_str(&b, "f0 | while read d; do mount -o remount,ro $d; done\nexec halt\n");
	assert_int_equal(aip_anchor_prove(b.data, b.len, AIP_KIND_HALT, NULL, NULL, &p, &err), 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	assert_non_null(strstr(p.reason, "too tangled"));
	aip_anchor_proof_free(&p);

	/* more commands than a script of this size should have */
	aip_buf_reset(&b);
	for (i = 0; i < 300000; i++)
		aip_buf_str(&b, "a\n");
	assert_int_equal(aip_anchor_prove(b.data, b.len, AIP_KIND_HALT, NULL, NULL, &p, &err), 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	assert_string_equal(p.failed, "shell");
	aip_anchor_proof_free(&p);

	aip_buf_reset(&b);
	aip_buf_reserve(&b, 2 * 1024 * 1024);
	while (b.len < 1024 * 1024 + 1)
		aip_buf_str(&b, "# 0123456789abcdef0123456789abcdef0123456789abcdef0123456789\n");
	assert_int_equal(aip_anchor_prove(b.data, b.len, AIP_KIND_HALT, NULL, NULL, &p, &err), 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	aip_anchor_proof_free(&p);
	aip_buf_free(&b);

	assert_int_equal(aip_anchor_prove("", 0, AIP_KIND_HALT, NULL, NULL, &p, &err), 0);
	assert_int_equal(p.verdict, AIP_ANCHOR_REFUSED);
	aip_anchor_proof_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_cases),	cmocka_unit_test(test_halt_cases),
		cmocka_unit_test(test_syntax_callback), cmocka_unit_test(test_proof_object),
		cmocka_unit_test(test_explain),		cmocka_unit_test(test_kind_parse),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("anchor", tests, NULL, NULL);
}
