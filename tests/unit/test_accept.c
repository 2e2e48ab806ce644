// SPDX-License-Identifier: GPL-2.0-or-later
/* src/aipmng/accept: what is remembered of streams, and what follows from it; the formats around it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "aipmng/accept.h"
#include "aipmng/cache.h"
#include "aipmng/yumrepo.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "fetch/gunzip.h"
#include "fetch/wire.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FPR   "cccccccccccccccccccccccccccccccccccccccc"

#define STREAM                                                                                     \
	"{\"stream\":\"s\",\"serial\":5,\"sha256\":\"" SHA_A                                       \
	"\",\"issued\":\"2026-01-01T00:00:00Z\"}"
#define STATE(streams, revoked)                                                                    \
	"{\"version\":1,\"lost\":false,\"streams\":[" streams "],\"revoked_keys\":[" revoked "]}"

static int parse(const char *text, struct accept_state *st, struct aip_err *err)
{
	return accept_parse(text, strlen(text), st, err);
}

static void bad(const char *text)
{
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;
	struct aip_err err = AIP_ERR_INIT;

	if (parse(text, &st, &err) != -EBADMSG)
		fail_msg("accepted: %s", text);
	assert_true(err.msg[0]);
}

static void state_format(void **state)
{
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT,
						   again = ACCEPT_STATE_INIT,
						   newer = ACCEPT_STATE_INIT;
	_cleanup_buf_ struct aip_buf one = AIP_BUF_INIT, two = AIP_BUF_INIT;

	assert_int_equal(
		parse(STATE(STREAM, "{\"fingerprint\":\"" FPR "\",\"stream\":\"s\"}"), &st, NULL),
		0);
	assert_int_equal(st.n_streams, 1);
	assert_string_equal(st.streams[0].name, "s");
	assert_int_equal(st.streams[0].serial, 5);
	assert_string_equal(st.revoked[0].fingerprint, FPR);
	assert_int_equal(accept_write(&st, &one), 0);
	assert_int_equal(accept_parse(one.data, one.len, &again, NULL), 0);
	assert_int_equal(accept_write(&again, &two), 0);
	assert_string_equal(one.data, two.data);
	assert_int_equal(parse("{\"version\":2,\"anything\":1}", &newer, NULL), -EPROTONOSUPPORT);
}

static void state_damage(void **state)
{
	bad("");
	bad("{}");
	bad("[]");
	bad("{\"version\":0,\"lost\":false,\"streams\":[],\"revoked_keys\":[]}");
	bad("{\"version\":\"1\",\"lost\":false,\"streams\":[],\"revoked_keys\":[]}");
	bad("{\"version\":1,\"streams\":[],\"revoked_keys\":[]}");
	bad("{\"version\":1,\"lost\":false,\"streams\":{},\"revoked_keys\":[]}");
	bad("{\"version\":1,\"lost\":false,\"streams\":[]}");
	bad(STATE(STREAM "," STREAM, ""));
	bad(STATE("{\"stream\":\"../s\",\"serial\":5,\"sha256\":\"" SHA_A
		  "\",\"issued\":\"2026-01-01T00:00:00Z\"}",
		  ""));
	bad(STATE("{\"stream\":\"s\",\"serial\":-1,\"sha256\":\"" SHA_A
		  "\",\"issued\":\"2026-01-01T00:00:00Z\"}",
		  ""));
	bad(STATE("{\"stream\":\"s\",\"serial\":9007199254740992,\"sha256\":\"" SHA_A
		  "\",\"issued\":\"2026-01-01T00:00:00Z\"}",
		  ""));
	bad(STATE(
		"{\"stream\":\"s\",\"serial\":5,\"sha256\":\"\",\"issued\":\"2026-01-01T00:00:00Z\"}",
		""));
	bad(STATE("{\"stream\":\"s\",\"serial\":5,\"sha256\":\"" SHA_A
		  "\",\"issued\":\"yesterday\"}",
		  ""));
	bad(STATE("", "{\"fingerprint\":\"abc\",\"stream\":\"s\"}"));
	bad(STATE("", "{\"fingerprint\":\"" FPR "\",\"stream\":\"\"}"));
	bad(STATE("", "") "x");
}

/* Every prefix of a state file is damaged, none is taken for another state. */
static void state_cut(void **state)
{
	static const char text[] = STATE(STREAM, "{\"fingerprint\":\"" FPR "\",\"stream\":\"s\"}");
	size_t n;

	for (n = 0; n < sizeof(text) - 1; n++) {
		_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;

		assert_int_equal(accept_parse(text, n, &st, NULL), -EBADMSG);
	}
}

static struct aip_index *make(const char *stream, int64_t serial, const char *sha256, time_t issued)
{
	struct aip_index *idx = aip_index_new();

	assert_non_null(idx);
	assert_int_equal(aip_index_set_stream(idx, stream, NULL), 0);
	idx->serial = serial;
	idx->issued = issued;
	idx->expires = issued + 1000;
	strcpy(idx->sha256, sha256);
	return idx;
}

#define CLOCK		time(NULL)
#define _cleanup_index_ _cleanup_(aip_index_freep)

static int judge(const struct accept_state *st, const struct aip_index *idx, bool network,
		 time_t now)
{
	struct aip_err err = AIP_ERR_INIT;
	int r = accept_judge(st, idx, network, now, "here", &err);

	if (r < 0) {
		assert_int_equal(err.exit, AIP_EXIT_REFUSED);
		assert_int_equal(strncmp(err.msg, "here: ", 6), 0);
		assert_true(err.hint[0]);
	}
	return r;
}

static void serials(void **state)
{
	_cleanup_index_ struct aip_index *four = make("s", 4, SHA_A, 100);
	_cleanup_index_ struct aip_index *five = make("s", 5, SHA_A, 100);
	_cleanup_index_ struct aip_index *other = make("s", 5, SHA_B, 100);
	_cleanup_index_ struct aip_index *six = make("s", 6, SHA_B, 100);
	_cleanup_index_ struct aip_index *another = make("t", 1, SHA_B, 100);
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;

	assert_int_equal(judge(&st, five, true, 200), 0);
	assert_int_equal(accept_note(&st, five, CLOCK), 1);
	assert_int_equal(accept_note(&st, five, CLOCK), 0);
	assert_int_equal(accept_note(&st, four, CLOCK), 0);
	assert_int_equal(accept_find(&st, "s")->serial, 5);
	assert_int_equal(judge(&st, five, true, 200), 1);
	assert_int_equal(judge(&st, five, true, 5000), 1); /* expired, but accepted before */
	assert_int_equal(judge(&st, four, true, 200), -ESTALE);
	assert_int_equal(judge(&st, four, false, 200), -ESTALE);
	assert_int_equal(judge(&st, other, true, 200), -EBADMSG);
	assert_int_equal(judge(&st, other, false, 200), -EBADMSG);
	assert_int_equal(judge(&st, six, true, 200), 0);
	assert_int_equal(judge(&st, six, true, 1101), -ETIME);
	assert_int_equal(judge(&st, six, true, 1100), 0);
	assert_int_equal(judge(&st, six, false, 5000), 0);
	assert_int_equal(judge(&st, another, true, 200), 0);
	assert_int_equal(accept_forget(&st, "t"), -ENOENT);
	assert_int_equal(accept_forget(&st, "s"), 0);
	assert_int_equal(judge(&st, four, true, 200), 0);
}

static void lost_state(void **state)
{
	_cleanup_index_ struct aip_index *s = make("s", 5, SHA_A, 100);
	_cleanup_index_ struct aip_index *s6 = make("s", 6, SHA_A, 100);
	_cleanup_index_ struct aip_index *t = make("t", 1, SHA_A, 100);
	_cleanup_(accept_free) struct accept_state st = { .lost = true };

	assert_int_equal(judge(&st, s, true, 200), -EPERM);
	assert_int_equal(judge(&st, s, false, 200), 0); /* the cache says where it stands */
	assert_int_equal(accept_note(&st, s, CLOCK), 1);
	assert_int_equal(judge(&st, s6, true, 200), 0);
	assert_int_equal(judge(&st, t, true, 200), -EPERM);
	assert_int_equal(accept_forget(&st, "t"), 0);
	assert_int_equal(judge(&st, t, true, 200), 0);
	st.frozen = true;
	assert_int_equal(judge(&st, s6, true, 200), -EPERM);
	assert_int_equal(judge(&st, s, true, 200), 1);
}

static void revocations(void **state)
{
	_cleanup_index_ struct aip_index *s = make("s", 5, SHA_A, 100);
	_cleanup_index_ struct aip_index *s6 = make("s", 6, SHA_A, 100);
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;

	assert_int_equal(aip_index_add_revoked(s, FPR, NULL), 0);
	assert_int_equal(accept_note(&st, s, CLOCK), 1);
	assert_int_equal(accept_note(&st, s, CLOCK), 0);
	assert_int_equal(accept_note(&st, s6, CLOCK), 1);
	assert_int_equal(st.n_revoked, 1);
	assert_string_equal(st.revoked[0].stream, "s");
	/* a serial that starts anew makes no revoked key good again */
	assert_int_equal(accept_forget(&st, "s"), 0);
	assert_int_equal(accept_find(&st, "s")->serial, 0);
	assert_int_equal(st.n_revoked, 1);
	assert_string_equal(st.revoked[0].fingerprint, FPR);
}

/* The linker puts this in place of time(). */
time_t __wrap_time(time_t *out);
time_t __real_time(time_t *out);
static time_t fake_time;

time_t __wrap_time(time_t *out)
{
	return fake_time ? fake_time : __real_time(out);
}

static void dead_clock(void **state)
{
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;
	time_t built;

	fake_time = 1000; /* 1970 */
	built = accept_clock(&st);
	fake_time = built + 1;
	assert_true(built > 1577836800); /* 2020: not before this package was built */
	assert_int_equal(accept_clock(&st), built + 1);
	fake_time = 0;
	assert_true(built <= time(NULL));
}

static void clocks(void **state)
{
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;
	time_t now = time(NULL), late = now + 80000;
	_cleanup_index_ struct aip_index *past = make("s", 5, SHA_A, 1000);
	_cleanup_index_ struct aip_index *future = make("t", 5, SHA_A, late);

	assert_int_equal(accept_note(&st, past, CLOCK), 1);
	assert_in_range(accept_clock(&st), now, now + 100);
	assert_int_equal(accept_note(&st, future, CLOCK), 1);
	assert_int_equal(accept_clock(&st), late);
	assert_int_equal(accept_forget(&st, "t"), 0);
	assert_in_range(accept_clock(&st), now, now + 100);
}

#define DAY 86400

/* What would make all later indexes look expired is refused, and never believed for more than a day. */
static void issued_ahead(void **state)
{
	time_t now = fake_time = time(NULL);
	_cleanup_index_ struct aip_index *edge = make("s", 5, SHA_A, now + DAY);
	_cleanup_index_ struct aip_index *ahead = make("t", 5, SHA_A, now + DAY + 1);
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;

	assert_int_equal(judge(&st, edge, true, now), 0);
	assert_int_equal(judge(&st, ahead, true, now), -ETIME);
	assert_int_equal(judge(&st, ahead, false, now), 0);
	/* nor does what was believed already let the next one be a day further ahead */
	assert_int_equal(accept_note(&st, edge, now), 1);
	assert_int_equal(accept_clock(&st), now + DAY);
	assert_int_equal(judge(&st, ahead, true, accept_clock(&st)), -ETIME);
	/* what came from the cache, say */
	assert_int_equal(accept_note(&st, ahead, now), 1);
	assert_int_equal(judge(&st, ahead, true, now), 1);
	assert_int_equal(accept_clock(&st), now + DAY);
	fake_time = 0;
}

/* Without a clock that can be right, nothing can be said to be ahead of it. */
static void issued_ahead_of_dead_clock(void **state)
{
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;
	_cleanup_index_ struct aip_index *far = NULL, *next = NULL, *old = NULL;
	time_t built;

	fake_time = 1000; /* 1970 */
	built = accept_clock(&st);
	far = make("s", 5, SHA_A, built + 20000 * (time_t)DAY);
	assert_int_equal(judge(&st, far, true, built), 0);
	assert_int_equal(accept_note(&st, far, built), 1);
	assert_int_equal(accept_clock(&st), built + DAY);
	/* the others are not expired because of it, neither now nor when the clock is set */
	next = make("t", 5, SHA_A, built + 40 * DAY);
	assert_int_equal(judge(&st, next, true, accept_clock(&st)), 0);
	fake_time = built + 40 * DAY;
	assert_int_equal(accept_clock(&st), fake_time);
	assert_int_equal(judge(&st, next, true, accept_clock(&st)), 0);
	/* a clock that was set back does not bring the past back */
	assert_int_equal(accept_note(&st, next, accept_clock(&st)), 1);
	old = make("u", 5, SHA_A, built + DAY);
	fake_time = built + DAY;
	assert_int_equal(judge(&st, old, true, accept_clock(&st)), -ETIME);
	fake_time = 0;
}

static void too_many(void **state)
{
	_cleanup_(accept_free) struct accept_state st = ACCEPT_STATE_INIT;
	char name[16];
	int i;

	for (i = 0; i <= ACCEPT_MAX_STREAMS; i++) {
		_cleanup_index_ struct aip_index *idx = NULL;

		snprintf(name, sizeof(name), "s%d", i);
		idx = make(name, 1, SHA_A, 100);
		assert_int_equal(accept_note(&st, idx, CLOCK), i < ACCEPT_MAX_STREAMS ? 1 : -EFBIG);
	}
}

static void stream_names(void **state)
{
	assert_true(accept_is_stream("example-el6"));
	assert_true(accept_is_stream("0.a_B"));
	assert_false(accept_is_stream(""));
	assert_false(accept_is_stream("."));
	assert_false(accept_is_stream("../x"));
	assert_false(accept_is_stream("a/b"));
	assert_false(accept_is_stream("-x"));
	assert_false(accept_is_stream(
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void sources(void **state)
{
	static struct cache_sources s;
	struct cache_source src = { .etag = "\"x\"", .stream = "s", .serial = 5 };
	int i;

	for (i = 0; i < CACHE_MAX_SOURCES + 1; i++) {
		snprintf(src.id, sizeof(src.id), "%064d", i);
		cache_source_put(&s, &src);
	}
	assert_int_equal(s.n, CACHE_MAX_SOURCES);
	snprintf(src.id, sizeof(src.id), "%064d", 0);
	assert_null(cache_source_find(&s, src.id)); /* the oldest made room */
	snprintf(src.id, sizeof(src.id), "%064d", 1);
	assert_non_null(cache_source_find(&s, src.id));
	src.serial = 6;
	cache_source_put(&s, &src);
	assert_int_equal(s.n, CACHE_MAX_SOURCES);
	assert_int_equal(cache_source_find(&s, src.id)->serial, 6);
	src.etag[0] = 0;
	cache_source_put(&s, &src);
	assert_null(cache_source_find(&s, src.id));
	assert_int_equal(cache_sources_parse("{", 1, &s, NULL), -EBADMSG);
	assert_int_equal(s.n, 0);
}

/* ---- what aipmng and aip-fetch say to each other ------------------------------- */

static void messages(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct wire w;

	wire_begin(&b);
	wire_put(&b, "url", "http://a/\nstatus ok\r\x1b");
	wire_put(&b, "none", NULL);
	wire_put(&b, "empty", "");
	wire_putf(&b, "n", "%d", 42);
	wire_put(&b, "n", "second");
	wire_end(&b);
	aip_buf_str(&b, "body\n\n");
	assert_int_equal(wire_parse(b.data, b.len, &w), 0);
	assert_string_equal(wire_get(&w, "url"), "http://a/ status ok  ");
	assert_null(wire_get(&w, "none"));
	assert_string_equal(wire_get(&w, "empty"), "");
	assert_null(wire_get(&w, "status"));
	assert_int_equal(wire_num(&w, "n", 7), 42);
	assert_int_equal(wire_num(&w, "url", 7), 7);
	assert_int_equal(wire_num(&w, "empty", 7), 7);
	assert_string_equal(b.data + w.body, "body\n\n");
	wire_free(&w);
}

static void no_messages(void **state)
{
	static const char *const texts[] = { "",
					     "x",
					     "aip-fetch 1",
					     "aip-fetch 1\n",
					     "aip-fetch 2\n\n",
					     "aip-fetch 1\nkey\n\n",
					     "aip-fetch 1\n value\n\n",
					     "aip-fetch 1\nkey value\n" };
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct wire w;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(wire_parse(texts[i], strlen(texts[i]), &w), -EBADMSG);
	assert_int_equal(wire_parse("aip-fetch 1\nk a\0b\n\n", 20, &w), -EBADMSG);
	wire_begin(&b);
	for (i = 0; i <= WIRE_ITEMS_MAX; i++)
		wire_put(&b, "k", "v");
	wire_end(&b);
	assert_int_equal(wire_parse(b.data, b.len, &w), -EFBIG);
	aip_buf_reset(&b);
	wire_begin(&b);
	for (i = 0; i < WIRE_HEAD_MAX; i++)
		aip_buf_chr(&b, 'x');
	wire_end(&b);
	assert_int_equal(wire_parse(b.data, b.len, &w), -EFBIG);
}

static void public_urls(void **state)
{
	static const char *const pairs[][2] = {
		{ "https://a/b", "https://a/b" },
		{ "https://u:p@a:1/b?token=x#y", "https://a:1/b" },
		{ "http://u:p@ss@a/b@c", "http://a/b@c" },
		{ "http://u:p@a", "http://a" },
		{ "file:///srv/x@y", "file:///srv/x@y" },
		{ "u:p@proxy:3128", "proxy:3128" },
		{ "http://a?u:p@b", "http://a" },
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		_cleanup_free_ char *s = wire_public_url(pairs[i][0]);

		assert_string_equal(s, pairs[i][1]);
	}
}

/* "hello" and "world" */
#define GZ_HELLO                                                                                   \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00"
#define GZ_WORLD                                                                                   \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xcf\x2f\xca\x49\x01\x00\x43\x11\x77\x3a\x05\x00\x00\x00"

static int unpack(const char *data, size_t len, size_t max, struct aip_buf *out)
{
	aip_buf_reset(out);
	return gunzip(data, len, max, "x", out, NULL);
}

static void unpacking(void **state)
{
	static const char two[] = GZ_HELLO GZ_WORLD, one[] = GZ_HELLO;
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	size_t n;

	assert_true(is_gzip(one, sizeof(one) - 1));
	assert_false(is_gzip("{}", 2));
	assert_int_equal(unpack(one, sizeof(one) - 1, 5, &out), 0);
	assert_string_equal(out.data, "hello");
	assert_int_equal(unpack(one, sizeof(one) - 1, 4, &out), -EFBIG);
	assert_int_equal(unpack(two, sizeof(two) - 1, 10, &out), 0);
	assert_string_equal(out.data, "helloworld");
	assert_int_equal(unpack(two, sizeof(two) - 1, 9, &out), -EFBIG);
	for (n = 3; n < sizeof(one) - 1; n++)
		assert_int_equal(unpack(one, n, 100, &out), -EBADMSG);
	assert_int_equal(unpack(GZ_HELLO "junk", sizeof(one) + 3, 100, &out), -EBADMSG);
}

static int scan(const char *text)
{
	return yumrepo_scan(text, strlen(text), "aip");
}

static void repo_sections(void **state)
{
	assert_int_equal(scan(""), -ENOENT);
	assert_int_equal(scan("[other]\nenabled=1\n"), -ENOENT);
	assert_int_equal(scan("[aip]\n"), 1);
	assert_int_equal(scan(" [aip] \r\nenabled = 0\r\n"), 0);
	assert_int_equal(scan("[aip]\nenabled=1\n[other]\nenabled=0\n"), 1);
	assert_int_equal(scan("[other]\nenabled=1\n[aip]\nname=x\nenabled=false"), 0);
	assert_int_equal(scan("[aip]\n#enabled=0\n"), 1);
	assert_int_equal(scan("[aip]\nenabled=0\n[aip]\nenabled=1\n"), 0);
	assert_int_equal(scan("[aip-source]\n"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_format), cmocka_unit_test(state_damage),
		cmocka_unit_test(state_cut),	cmocka_unit_test(serials),
		cmocka_unit_test(lost_state),	cmocka_unit_test(revocations),
		cmocka_unit_test(clocks),	cmocka_unit_test(dead_clock),
		cmocka_unit_test(issued_ahead), cmocka_unit_test(issued_ahead_of_dead_clock),
		cmocka_unit_test(too_many),	cmocka_unit_test(stream_names),
		cmocka_unit_test(sources),	cmocka_unit_test(messages),
		cmocka_unit_test(no_messages),	cmocka_unit_test(public_urls),
		cmocka_unit_test(unpacking),	cmocka_unit_test(repo_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
