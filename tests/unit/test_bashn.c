// SPDX-License-Identifier: GPL-2.0-or-later
/* src/common/bashn: what bash -n says, and what it must not do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/bashn.h"
#include "common/buf.h"

static int ask(const char *script, struct aip_err *err)
{
	return aip_bash_n(NULL, script, strlen(script), 0, err);
}

static void good(void **state)
{
	assert_int_equal(ask("", NULL), 0);
	assert_int_equal(ask("#!/bin/bash\nif true; then\n\techo yes\nfi\n", NULL), 0);
	assert_int_equal(ask("echo 'no newline at the end'", NULL), 0);
	assert_int_equal(ask("echo \xe9\xff # not UTF-8\n", NULL), 0);
}

static void bad(void **state)
{
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(ask("if true; then\n", &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "bash -n complains"));
	assert_non_null(strstr(err.msg, "line 2"));
	assert_int_equal(ask("if true; then then echo; fi\n", &err), -EBADMSG);
	/* exit status 0, but it warns */
	assert_int_equal(ask("cat <<X\ntext\n", &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "here-document"));
}

/* A message is one line without control characters. */
static void words_are_harmless(void **state)
{
	struct aip_err err = AIP_ERR_INIT;
	const char *p;

	assert_int_equal(ask("\x1b[31m)\n\x07)\n", &err), -EBADMSG);
	for (p = err.msg; *p; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void nothing_runs(void **state)
{
	_cleanup_buf_ struct aip_buf script = AIP_BUF_INIT;
	const char *dir = getenv("AIP_TMP");
	_cleanup_free_ char *mark = NULL;

	assert_true(asprintf(&mark, "%s/mark", dir ? dir : "/tmp") > 0);
	setenv("BASH_ENV", "/nonexistent/\"", 1);
	aip_buf_fmt(&script, "touch %s\n: $(touch %s)\n: `touch %s`\n", mark, mark, mark);
	assert_int_equal(ask(script.data, NULL), 0);
	unsetenv("BASH_ENV");
	assert_int_not_equal(access(mark, F_OK), 0);
}

static void no_bash(void **state)
{
	struct aip_err err = AIP_ERR_INIT;
	const char *dir = getenv("AIP_TMP");

	if (geteuid() != 0)
		skip();
	assert_int_equal(aip_bash_n(dir, "true\n", 5, 0, &err), -ENOENT);
	assert_int_equal(aip_bash_n("/", "true\n", 5, 0, &err), 0);
}

/* Megabytes of nested parentheses: bounded, whatever bash makes of them. */
static void time_limit(void **state)
{
	size_t len = 8 << 20;
	_cleanup_free_ char *script = malloc(len);
	struct aip_err err = AIP_ERR_INIT;

	assert_non_null(script);
	memset(script, '\n', len);
	assert_int_equal(aip_bash_n(NULL, script, len, 1, &err), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(words_are_harmless),
		cmocka_unit_test(nothing_runs),
		cmocka_unit_test(no_bash),
		cmocka_unit_test(time_limit),
	};

	return cmocka_run_group_tests_name("bashn", tests, NULL, NULL);
}
