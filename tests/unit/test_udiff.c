// SPDX-License-Identifier: GPL-2.0-or-later
/* src/patch/udiff: what is read, what is applied, and what is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "patch/udiff.h"

static void bad_n(const char *diff, size_t len, const char *why)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_udiff *d = NULL;
	int r = aip_udiff_parse(diff, len, &d, &err);

	if (r != -EBADMSG || !strstr(err.msg, why))
		print_error("%s\n-> %d %s\n", diff, r, err.msg);
	assert_int_equal(r, -EBADMSG);
	assert_null(d);
	assert_non_null(strstr(err.msg, why));
}

#define BAD(s, why) bad_n(s, sizeof(s) - 1, why)

static void refused(void **state)
{
	BAD("", "no hunk");
	BAD("\n", "not a hunk header");
	BAD("--- a\n+++ b\n", "no hunk");
	BAD("--- a\n@@ -1,0 +2 @@\n+x\n", "must follow");
	BAD("--- a\n+++ b", "must follow");
	BAD("junk\n@@ -1,0 +2 @@\n+x\n", "not a hunk header");
	BAD("@@ -1,0 +2 @@", "not a hunk header");
	BAD("@@ -1,0 +2 @@x\n+x\n", "not a hunk header");
	BAD("@@ -1,0 +2 @\n+x\n", "not a hunk header");
	BAD("@@ -a,0 +2 @@\n+x\n", "not a hunk header");
	BAD("@@ -01,0 +2 @@\n+x\n", "not a hunk header");
	BAD("@@ -1,0 +2,01 @@\n+x\n", "not a hunk header");
	BAD("@@ -1,0 + 2 @@\n+x\n", "not a hunk header");
	BAD("@@ --1,0 +2 @@\n+x\n", "not a hunk header");
	BAD("@@ -99999999999999999999,0 +2 @@\n+x\n", "not a hunk header");
	BAD("@@ -18446744073709551615,0 +0 @@\n+x\n", "not a hunk header");
	BAD("@@ -1,0 +2,0 @@\n", "without lines");
	BAD("@@ -0,1 +0,0 @@\n-x\n", "counted from 1");
	BAD("@@ -0,0 +0,1 @@\n+x\n", "counted from 1");
	BAD("@@ -1,0 +3 @@\n+x\n", "does not follow");
	BAD("@@ -1,0 +1 @@\n+x\n", "does not follow");
	BAD("@@ -1,0 +2,2 @@\n+x\n", "cut off");
	BAD("@@ -1,0 +2 @@\n", "cut off");
	BAD("@@ -1,0 +2 @@\n+x", "cut off");
	BAD("@@ -1,0 +2 @@\n+x\n+y\n", "not a hunk header");
	BAD("@@ -1,0 +2 @@\n x\n", "more lines");
	BAD("@@ -1,0 +2 @@\n-x\n", "more lines");
	BAD("@@ -1,1 +1,2 @@\n+x\n+y\n+z\n", "more lines");
	BAD("@@ -1,2 +1,2 @@\n\n x\n", "must begin with");
	BAD("@@ -1,2 +1,2 @@\n\tx\n x\n", "must begin with");
	BAD("@@ -1,0 +2 @@\n+x\n@@ -0,0 +1 @@\n+y\n", "overlap");
	BAD("@@ -3,2 +3 @@\n-x\n x\n@@ -4,1 +3 @@\n x\n", "overlap");
	BAD("@@ -1,0 +2 @@\n+x\n@@ -5,0 +6 @@\n+y\n", "does not follow");
	BAD("@@ -1,0 +2 @@\n+x\n\\ No newline\n", "remark");
	BAD("@@ -1,0 +2 @@\n+x\n\\ No newline at end of file", "remark");
	BAD("@@ -1,0 +2,2 @@\n+x\n\\ No newline at end of file\n+y\n", "after the last line");
	BAD("@@ -1,2 +1,1 @@\n-x\n\\ No newline at end of file\n x\n", "after the last line");
	BAD("@@ -1,0 +2 @@\n+\n\\ No newline at end of file\n", "is none");
	BAD("@@ -1,0 +2 @@\n+x\n\\ No newline at end of file\n\\ No newline at end of file\n",
	    "not a hunk header");
}

/* A name for the outcome, or the new text. */
static void apply_n(const char *diff, size_t dlen, const char *old, size_t olen, const char *want,
		    size_t wlen)
{
	_cleanup_(aip_udiff_freep) struct aip_udiff *d = NULL;
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	int r = aip_udiff_parse(diff, dlen, &d, &err);

	if (r)
		print_error("%s\n", err.msg);
	assert_int_equal(r, 0);
	aip_buf_str(&out, "kept:");
	r = aip_udiff_apply(d, old, olen, &out, &err);
	if (!want) {
		assert_int_equal(r, -ESTALE);
		assert_int_equal(out.len, 5);
		return;
	}
	if (r)
		print_error("%s\n", err.msg);
	assert_int_equal(r, 0);
	assert_int_equal(out.len, 5 + wlen);
	assert_memory_equal(out.data + 5, want, wlen);
}

#define APPLY(diff, old, want)                                                                     \
	apply_n(diff, sizeof(diff) - 1, old, sizeof(old) - 1, want, sizeof(want) - 1)
#define STALE(diff, old) apply_n(diff, sizeof(diff) - 1, old, sizeof(old) - 1, NULL, 0)

static void applied(void **state)
{
	APPLY("@@ -0,0 +1 @@\n+new\n", "", "new\n");
	APPLY("@@ -0,0 +1 @@\n+new\n", "a\n", "new\na\n");
	APPLY("@@ -1,0 +2 @@\n+new\n", "a\nb\n", "a\nnew\nb\n");
	APPLY("@@ -1,0 +2 @@\n+new\n", "a\nb", "a\nnew\nb");
	APPLY("@@ -2,0 +3,2 @@ heading\n+x\n+y\n", "a\nb\n", "a\nb\nx\ny\n");
	APPLY("@@ -2 +1,0 @@\n-b\n", "a\nb\nc\n", "a\nc\n");
	APPLY("@@ -1 +0,0 @@\n-a\n", "a\n", "");
	APPLY("--- a\tdate\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nb\nc\nd", "a\nB\nc\nd");
	APPLY("@@ -1 +1 @@\n-a\n+A\n@@ -3,0 +4 @@\n+x\n", "a\nb\nc\nd\n", "A\nb\nc\nx\nd\n");
	/* every byte value may occur */
	APPLY("@@ -1,0 +2 @@\n+\0\r\xff\x80\n", "\xe9\0\n\r\n", "\xe9\0\n\0\r\xff\x80\n\r\n");
	APPLY("@@ -1,0 +2 @@\n+\n", "a\n", "a\n\n");
	/* the final newline */
	APPLY("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", "a", "a\n");
	APPLY("@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n", "a\n", "a");
	APPLY("@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n\\ No newline at end of file\n",
	      "a\nb", "a\nb\nc");
	APPLY("@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n", "a\nb", "A\nb");
}

static void not_applied(void **state)
{
	STALE("@@ -2,0 +3 @@\n+new\n", "a\n");
	STALE("@@ -1,0 +2 @@\n+new\n", "");
	STALE("@@ -1,0 +2 @@\n+new\n", "a"); /* would be glued to a line without newline */
	STALE("@@ -1 +0,0 @@\n-a\n", "b\n");
	STALE("@@ -1 +0,0 @@\n-a\n", "a");
	STALE("@@ -1 +0,0 @@\n-a\n", "a \n");
	STALE("@@ -1 +0,0 @@\n-a\n", "a\r\n");
	STALE("@@ -1 +0,0 @@\n-a\n", "");
	STALE("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "a\n");
	STALE("@@ -1,2 +1 @@\n a\n-b\n", "x\na\nb\n"); /* one line further down: no offset */
	STALE("@@ -1,3 +1,4 @@\n a\n+n\n b\n c\n", "a\nb\nC\n"); /* one context line: no fuzz */
	/* the new text ends without newline, but the old one goes on */
	STALE("@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\nc\n");
	/* already applied */
	STALE("@@ -1,2 +1,3 @@\n a\n+n\n b\n", "a\nn\nb\n");
}

static void insertion_view(void **state)
{
	static const char diff[] = "@@ -1,4 +1,8 @@\n a\n+1\n+2\n b\n+3\n c\n d\n+4\n"
				   "@@ -9,0 +14 @@\n+5\n";
	_cleanup_(aip_udiff_freep) struct aip_udiff *d = NULL;
	const struct aip_insertion *ins;
	size_t n;

	assert_int_equal(aip_udiff_parse(diff, sizeof(diff) - 1, &d, NULL), 0);
	assert_int_equal(aip_udiff_insertions(d, &ins, &n, NULL), 0);
	assert_int_equal(n, 4);
	assert_int_equal(ins[0].after, 1);
	assert_int_equal(ins[0].lines, 2);
	assert_int_equal(ins[0].len, 4);
	assert_memory_equal(ins[0].text, "1\n2\n", 4);
	assert_int_equal(ins[1].after, 2);
	assert_memory_equal(ins[1].text, "3\n", 2);
	assert_int_equal(ins[2].after, 4);
	assert_int_equal(ins[3].after, 9);
	assert_int_equal(ins[3].lines, 1);
	assert_memory_equal(ins[3].text, "5\n", 2);
}

static void not_pure(void **state)
{
	static const char *const diffs[] = {
		"@@ -1 +1,2 @@\n-a\n+a\n+b\n",
		"@@ -2 +1,0 @@\n-b\n",
		"@@ -1,0 +2 @@\n+x\n\\ No newline at end of file\n",
		"@@ -1 +1,2 @@\n+x\n a\n\\ No newline at end of file\n",
	};
	const struct aip_insertion *ins;
	size_t i, n;

	for (i = 0; i < 4; i++) {
		_cleanup_(aip_udiff_freep) struct aip_udiff *d = NULL;

		assert_int_equal(aip_udiff_parse(diffs[i], strlen(diffs[i]), &d, NULL), 0);
		assert_int_equal(aip_udiff_insertions(d, &ins, &n, NULL), -EPERM);
	}
}

static void make(void **state)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;

	assert_int_equal(aip_udiff_make_insertion(222, "a\nb\n\n", 5, &out), 0);
	assert_string_equal(out.data, "@@ -222,0 +223,3 @@\n+a\n+b\n+\n");
	aip_buf_reset(&out);
	assert_int_equal(aip_udiff_make_insertion(0, "a\n", 2, &out), 0);
	assert_string_equal(out.data, "@@ -0,0 +1 @@\n+a\n");
	assert_int_equal(aip_udiff_make_insertion(1, "", 0, &out), -EINVAL);
	assert_int_equal(aip_udiff_make_insertion(1, "a", 1, &out), -EINVAL);
	assert_int_equal(aip_udiff_make_insertion(SIZE_MAX, "a\n", 2, &out), -EINVAL);
	assert_string_equal(out.data, "@@ -0,0 +1 @@\n+a\n");
}

static void insert(void **state)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;

	assert_int_equal(aip_udiff_insert("a\nb", 3, 1, "n\n", 2, &out, NULL), 0);
	assert_string_equal(out.data, "a\nn\nb");
	assert_int_equal(aip_udiff_insert("a\nb", 3, 2, "n\n", 2, &out, NULL), -ERANGE);
	assert_int_equal(aip_udiff_insert("a\n", 2, 2, "n\n", 2, &out, NULL), -ERANGE);
	assert_int_equal(aip_udiff_insert(NULL, 0, 1, "n\n", 2, &out, NULL), -ERANGE);
	assert_string_equal(out.data, "a\nn\nb");
	aip_buf_reset(&out);
	assert_int_equal(aip_udiff_insert(NULL, 0, 0, "n\n", 2, &out, NULL), 0);
	assert_string_equal(out.data, "n\n");
}

/* What make writes, parse reads and apply does, for every place of a text. */
static void round_trip(void **state)
{
	static const char text[] = "one\n\ntwo\xff\n\r\nlast without newline";
	size_t after;

	for (after = 0; after <= 4; after++) {
		_cleanup_buf_ struct aip_buf diff = AIP_BUF_INIT, by_diff = AIP_BUF_INIT;
		_cleanup_buf_ struct aip_buf direct = AIP_BUF_INIT;
		_cleanup_(aip_udiff_freep) struct aip_udiff *d = NULL;
		const struct aip_insertion *ins;
		size_t n;

		assert_int_equal(aip_udiff_make_insertion(after, "x\n\ny\n", 5, &diff), 0);
		assert_int_equal(aip_udiff_parse(diff.data, diff.len, &d, NULL), 0);
		assert_int_equal(aip_udiff_insertions(d, &ins, &n, NULL), 0);
		assert_int_equal(n, 1);
		assert_int_equal(ins[0].after, after);
		assert_int_equal(ins[0].len, 5);
		assert_memory_equal(ins[0].text, "x\n\ny\n", 5);
		assert_int_equal(aip_udiff_apply(d, text, sizeof(text) - 1, &by_diff, NULL), 0);
		assert_int_equal(aip_udiff_insert(text, sizeof(text) - 1, after, "x\n\ny\n", 5,
						  &direct, NULL),
				 0);
		assert_int_equal(by_diff.len, direct.len);
		assert_memory_equal(by_diff.data, direct.data, direct.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),     cmocka_unit_test(applied),
		cmocka_unit_test(not_applied), cmocka_unit_test(insertion_view),
		cmocka_unit_test(not_pure),    cmocka_unit_test(make),
		cmocka_unit_test(insert),      cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests_name("udiff", tests, NULL, NULL);
}
