// SPDX-License-Identifier: GPL-2.0-or-later
/* src/json: what is refused, what is read, and how an error names its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "json/json.h"

static int parse_n(const char *text, size_t len, struct aip_json **doc, struct aip_err *err)
{
	/* behind the end lies memory that a sanitizer guards */
	char *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = aip_json_parse(copy, len, "doc", NULL, doc, err);
	free(copy);
	return r;
}

static void expect(const char *text, size_t len, int code)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_json *doc = NULL;
	int r = parse_n(text, len, &doc, &err);

	if (r != code)
		print_error("%.*s: %d, %s\n", (int)len, text, r, err.msg);
	assert_int_equal(r, code);
	assert_int_equal(doc != NULL, code == 0);
	if (code) {
		assert_int_equal(err.code, code);
		assert_ptr_equal(strstr(err.msg, "doc"), err.msg);
	}
	aip_json_free(doc);
}

#define GOOD(s)	    expect(s, sizeof(s) - 1, 0)
#define BAD(s)	    expect(s, sizeof(s) - 1, -EBADMSG)
#define TOO_MUCH(s) expect(s, sizeof(s) - 1, -EFBIG)

static void strict_frame(void **state)
{
	GOOD("{}");
	GOOD(" \t\r\n[ ] \n");
	GOOD("\"x\"");
	GOOD("null");
	BAD("");
	BAD(" ");
	BAD("{} {}");
	BAD("{}x");
	BAD("{}\0");
	BAD("\xef\xbb\xbf{}");
	BAD("\v{}");
	BAD("{}\f");
	BAD("{} // comment");
	BAD("[1,]");
	BAD("[,1]");
	BAD("[1 2]");
	BAD("[1");
	BAD("{\"a\":1,}");
	BAD("{\"a\" 1}");
	BAD("{a:1}");
	BAD("{\"a\":}");
	BAD("{'a':1}");
	BAD("{\"a\":1]");
	BAD("True");
	BAD("nul");
	BAD("NaN");
	BAD("[nullx]");
}

static void strict_numbers(void **state)
{
	GOOD("0");
	GOOD("[0,1,-1,10,9007199254740991,-9007199254740991]");
	BAD("9007199254740992");
	BAD("-9007199254740992");
	BAD("99999999999999999999999999999999999999");
	BAD("01");
	BAD("-01");
	BAD("-0");
	BAD("+1");
	BAD("-");
	BAD(".5");
	BAD("1.");
	BAD("1.0");
	BAD("1e3");
	BAD("1E3");
	BAD("0x10");
	BAD("1_000");
}

static void strict_strings(void **state)
{
	GOOD("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\"");
	GOOD("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"");
	BAD("\"");
	BAD("\"abc");
	BAD("\"\\");
	BAD("\"\\\"");
	BAD("\"\\x41\"");
	BAD("\"\\u12\"");
	BAD("\"\\u12g4\"");
	BAD("\"\\u0000\"");
	BAD("\"a\\u0000b\"");
	BAD("{\"a\\u0000b\":1}");
	BAD("\"\\ud83d\"");
	BAD("\"\\ud83dx\"");
	BAD("\"\\ud83d\\n\"");
	BAD("\"\\ud83d\\u0041\"");
	BAD("\"\\ude00\\ud83d\"");
	BAD("\"\\ud83d\\u\"");
	BAD("\"a\0b\"");
	BAD("\"a\nb\"");
	BAD("\"a\tb\"");
	BAD("\"\x1f\"");
	/* bytes that are not UTF-8: stray, cut off, overlong, surrogate, too high */
	BAD("\"\x80\"");
	BAD("\"\xc3\"");
	BAD("\"\xc3");
	BAD("\"\xe2\x82\"");
	BAD("\"\xc0\x80\"");
	BAD("\"\xc1\xbf\"");
	BAD("\"\xe0\x80\x80\"");
	BAD("\"\xed\xa0\x80\"");
	BAD("\"\xf0\x80\x80\x80\"");
	BAD("\"\xf4\x90\x80\x80\"");
	BAD("\"\xf8\x88\x80\x80\x80\"");
	BAD("\"\xff\"");
}

/* Wherever in a long string it stands, what is not allowed is seen. */
static void long_strings(void **state)
{
	static const char *const wrong[] = {
		"\\x", "\\u0000", "\x1f", "\x01", "\x80", "\xff", "\n"
	};
	char text[64];
	size_t at, i, n;

	for (at = 0; at < 30; at++) {
		n = snprintf(text, sizeof(text), "\"%.*s\\\"%.*s\"", (int)at,
			     "abcdefghijklmnopqrstuvwxyz~!#$%", (int)(30 - at),
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ~!#$%");
		expect(text, n, 0);
		for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			n = snprintf(text, sizeof(text), "\"%.*s%s%.*s\"", (int)at,
				     "abcdefghijklmnopqrstuvwxyz~!#$%", wrong[i], (int)(30 - at),
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ~!#$%");
			expect(text, n, -EBADMSG);
		}
	}
}

static void repeated_names(void **state)
{
	GOOD("{\"a\":1,\"A\":2}");
	GOOD("{\"b\":{\"a\":1},\"a\":{\"a\":1}}");
	BAD("{\"a\":1,\"a\":1}");
	BAD("{\"a\":1,\"b\":2,\"a\":3}");
	BAD("{\"c\":0,\"a\":1,\"b\":2,\"\\u0061\":3}");
	BAD("[[{\"x\":{\"\":1,\"\":2}}]]");
	BAD("{\"x\":[{\"q\":1},{\"q\":1,\"q\":1}]}");
}

static void limits(void **state)
{
	struct aip_json_limits lim = { .bytes = 10, .values = 3, .depth = 2 };
	struct aip_json *doc = NULL;
	_cleanup_buf_ struct aip_buf deep = AIP_BUF_INIT;
	int i;

	assert_int_equal(aip_json_parse("[[1]]", 5, "doc", &lim, &doc, NULL), 0);
	aip_json_free(doc);
	doc = NULL;
	assert_int_equal(aip_json_parse("[[[]]]", 6, "doc", &lim, &doc, NULL), -EFBIG);
	assert_int_equal(aip_json_parse("[1,2,3]", 7, "doc", &lim, &doc, NULL), -EFBIG);
	assert_int_equal(aip_json_parse("[1,2]", 5, "doc", &lim, &doc, NULL), 0);
	aip_json_free(doc);
	doc = NULL;
	assert_int_equal(aip_json_parse("[       1,2]", 11, "doc", &lim, &doc, NULL), -EFBIG);
	assert_null(doc);

	for (i = 0; i < 32; i++)
		aip_buf_chr(&deep, '[');
	for (i = 0; i < 32; i++)
		aip_buf_chr(&deep, ']');
	expect(deep.data, deep.len, 0);
	aip_buf_reset(&deep);
	for (i = 0; i < 1000000; i++)
		aip_buf_chr(&deep, '[');
	expect(deep.data, deep.len, -EFBIG);
	TOO_MUCH("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
}

static const char sample[] = "{\n"
			     "  \"s\": \"text \\u00e9\\n\",\n"
			     "  \"n\": 9007199254740991,\n"
			     "  \"m\": -5,\n"
			     "  \"yes\": true, \"no\": false, \"nothing\": null,\n"
			     "  \"list\": [ 1, \"two\", { \"deep\\u0007er\": { \"x\": [] } } ]\n"
			     "}\n";

static void access_values(void **state)
{
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	struct aip_json_val root, list, e;
	const char *s;
	int64_t n;
	bool b;

	assert_int_equal(parse_n(sample, sizeof(sample) - 1, &doc, NULL), 0);
	root = aip_json_root(doc);
	assert_int_equal(aip_json_size(root), 7);
	assert_int_equal(aip_json_str(root, "s", &s, NULL), 0);
	assert_string_equal(s, "text \xc3\xa9\n");
	assert_int_equal(aip_json_int(root, "n", 0, AIP_JSON_INT_MAX, &n, NULL), 0);
	assert_true(n == AIP_JSON_INT_MAX);
	assert_int_equal(aip_json_int(root, "m", -5, -5, &n, NULL), 0);
	assert_int_equal(n, -5);
	assert_int_equal(aip_json_bool(root, "yes", &b, NULL), 0);
	assert_true(b);
	assert_int_equal(aip_json_bool(root, "no", &b, NULL), 0);
	assert_false(b);
	assert_true(aip_json_has(root, "list"));
	assert_false(aip_json_has(root, "nothing"));
	assert_false(aip_json_has(root, "List"));
	assert_int_equal(aip_json_array(root, "list", &list, NULL), 0);
	assert_int_equal(aip_json_size(list), 3);
	assert_true(aip_json_first(list, &e));
	assert_string_equal(aip_json_name(e), "");
	assert_int_equal(aip_json_int(e, NULL, 1, 1, &n, NULL), 0);
	assert_true(aip_json_next(&e));
	assert_int_equal(aip_json_str(e, NULL, &s, NULL), 0);
	assert_string_equal(s, "two");
	assert_int_equal(aip_json_size(e), 0);
	assert_false(aip_json_first(e, &root));
	assert_true(aip_json_next(&e));
	assert_true(aip_json_first(e, &e));
	assert_string_equal(aip_json_name(e), "deep\a"
					      "er");
	assert_false(aip_json_next(&e));
}

static void error_places(void **state)
{
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_json_val root, e;
	const char *s;
	int64_t n;
	bool b;

	assert_int_equal(parse_n(sample, sizeof(sample) - 1, &doc, NULL), 0);
	root = aip_json_root(doc);
	assert_int_equal(aip_json_str(root, "n", &s, &err), -EBADMSG);
	assert_string_equal(err.msg, "doc: n: not a string");
	assert_int_equal(aip_json_str(root, "S", &s, &err), -ENOENT);
	assert_string_equal(err.msg, "doc: S: missing");
	assert_int_equal(aip_json_int(root, "m", 0, 9, &n, &err), -ERANGE);
	assert_string_equal(err.msg, "doc: m: -5 is not between 0 and 9");
	assert_int_equal(aip_json_bool(root, "m", &b, &err), -EBADMSG);
	assert_int_equal(aip_json_int(root, "s", 0, 9, &n, &err), -EBADMSG);
	assert_int_equal(aip_json_object(root, "list", &e, &err), -EBADMSG);
	assert_string_equal(err.msg, "doc: list: not an object");
	assert_int_equal(aip_json_array(root, NULL, &e, &err), -EBADMSG);
	assert_string_equal(err.msg, "doc: not an array");
	assert_int_equal(aip_json_array(root, "list", &e, NULL), 0);
	assert_int_equal(aip_json_str(e, "x", &s, &err), -EBADMSG);
	assert_string_equal(err.msg, "doc: list: not an object");
	assert_true(aip_json_first(e, &e) && aip_json_next(&e) && aip_json_next(&e));
	assert_true(aip_json_first(e, &e));
	assert_int_equal(aip_json_str(e, "x", &s, &err), -EBADMSG);
	/* a control character in a name does not reach the terminal */
	assert_string_equal(err.msg, "doc: list[2].deep?er.x: not a string");

	assert_int_equal(aip_json_parse("{\n \"a\": tru }", 13, "doc", NULL, &doc, &err), -EBADMSG);
	assert_string_equal(err.msg, "doc: line 2, column 7: not a JSON value");
}

/* Whatever is cut off from a document, the rest is refused. */
static void truncated(void **state)
{
	size_t len = sizeof(sample) - 2; /* without the last newline */

	expect(sample, len, 0);
	while (len--)
		expect(sample, len, -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_frame),	  cmocka_unit_test(strict_numbers),
		cmocka_unit_test(strict_strings), cmocka_unit_test(repeated_names),
		cmocka_unit_test(long_strings),	  cmocka_unit_test(limits),
		cmocka_unit_test(access_values),  cmocka_unit_test(error_places),
		cmocka_unit_test(truncated),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
