// SPDX-License-Identifier: GPL-2.0-or-later
/* src/mkindex/pool: whatever a job does, it ends, and only its own entry suffers. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mkindex/pool.h"

enum { FINE, FAILS, CRASHES, LOOPS, SLEEPS, TALKS, QUITS, N };

struct seen {
	int code[N];
	char msg[N][128];
	size_t len[N];
	int stop_at; /* done() fails at this job; -1: never */
	int calls;
};

static int work(void *ctx, size_t i, struct aip_buf *result, struct aip_err *err)
{
	volatile unsigned long spin = 0;
	size_t k;

	put_str(result, "result");
	switch (i % N) {
	case FAILS:
		return aip_err_set(err, -ENOENT, "job %zu is sad", i);
	case CRASHES:
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		break;
	case LOOPS:
		for (;;)
			spin++;
	case SLEEPS:
		sleep(1000);
		break;
	case TALKS:
		for (k = 0; k < 10000; k++)
			put_str(result, "much too much");
		break;
	case QUITS:
		_exit(0);
	}
	return 0;
}

static int done(void *ctx, size_t i, int code, const struct aip_buf *result,
		const struct aip_err *why, struct aip_err *err)
{
	struct seen *s = ctx;

	s->calls++;
	s->code[i % N] = code;
	s->len[i % N] = result->len;
	snprintf(s->msg[i % N], sizeof(s->msg[0]), "%s", why->msg);
	return s->stop_at == (int)i ? aip_err_set(err, -ECANCELED, "enough") : 0;
}

static const char *name(void *ctx, size_t i)
{
	static char text[32];

	snprintf(text, sizeof(text), "job %zu", i);
	return text;
}

static int run(struct seen *s, size_t n, int jobs, struct aip_err *err)
{
	const struct pool p = { .jobs = jobs,
				.n = n,
				.memory = 1UL << 30,
				.seconds = 1,
				.result_max = 4096,
				.ctx = s,
				.work = work,
				.done = done,
				.name = name };

	return pool_run(&p, err);
}

static void every_end(void **state)
{
	struct seen s = { .stop_at = -1 };
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(run(&s, N, 3, &err), 0);
	assert_int_equal(s.calls, N);
	assert_int_equal(s.code[FINE], 0);
	assert_int_equal(s.len[FINE], 8 + 6);
	assert_int_equal(s.code[FAILS], -ENOENT);
	assert_string_equal(s.msg[FAILS], "job 1 is sad");
	assert_int_equal(s.code[CRASHES], -EIO);
	assert_non_null(strstr(s.msg[CRASHES], "job 2: reading it crashed with signal 11"));
	assert_int_equal(s.code[LOOPS], -ETIMEDOUT);
	assert_int_equal(s.code[SLEEPS], -ETIMEDOUT);
	assert_int_equal(s.code[TALKS], -EFBIG);
	assert_int_equal(s.code[QUITS], -EIO);
	assert_non_null(strstr(s.msg[QUITS], "without a result"));
}

static void stopped(void **state)
{
	struct seen s = { .stop_at = FINE };
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(run(&s, 100 * N, 1, &err), -ECANCELED);
	assert_string_equal(err.msg, "enough");
	assert_int_equal(s.calls, 1);
}

static void none(void **state)
{
	struct seen s = { .stop_at = -1 };

	assert_int_equal(run(&s, 0, 0, NULL), 0);
	assert_int_equal(s.calls, 0);
}

static void values(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	_cleanup_free_ char *str = NULL, *bytes = NULL;
	struct take t;
	size_t len, cut;

	put_u64(&b, 7);
	put_str(&b, "text");
	put_bytes(&b, "a\0b", 3);
	t = (struct take){ b.data, b.data + b.len, false };
	assert_int_equal(take_u64(&t), 7);
	str = take_str(&t);
	assert_string_equal(str, "text");
	bytes = take_bytes(&t, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "a\0b", 3);
	assert_false(t.bad);
	assert_null(take_str(&t));
	assert_true(t.bad);
	/* a string with a NUL in it is none; what is cut off is noticed */
	t = (struct take){ b.data + 8 + 8 + 4, b.data + b.len, false };
	assert_null(take_str(&t));
	for (cut = 0; cut < b.len; cut++) {
		char *x, *y = NULL;

		t = (struct take){ b.data, b.data + cut, false };
		take_u64(&t);
		x = take_str(&t);
		if (x)
			y = take_bytes(&t, &len);
		assert_true(t.bad);
		free(x);
		free(y);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_end),
		cmocka_unit_test(stopped),
		cmocka_unit_test(none),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
