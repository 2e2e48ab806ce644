// SPDX-License-Identifier: GPL-2.0-or-later
/* src/common: buffers, encodings, times, files, paths inside a root, JSON writing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/fs.h"
#include "common/hex.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "common/root.h"
#include "common/spawn.h"

static void buffers(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	int i;

	for (i = 0; i < 1000; i++)
		aip_buf_fmt(&b, "%03d", i);
	assert_int_equal(b.len, 3000);
	assert_int_equal(strlen(b.data), 3000);
	assert_memory_equal(b.data + 2997, "999", 3);
	assert_int_equal(aip_buf_reserve(&b, SIZE_MAX / 2), -ENOMEM);
	aip_buf_str(&b, "lost");
	assert_int_equal(b.len, 3000);
	assert_int_equal(aip_buf_status(&b), -ENOMEM);
	assert_null(aip_buf_steal(&b));
}

static void errors(void **state)
{
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(aip_err_errno(&err, -ENOENT, "cannot open %s", "x"), -ENOENT);
	assert_string_equal(err.msg, "cannot open x: No such file or directory");
	assert_int_equal(aip_err_prefix(&err, "conf"), -ENOENT);
	assert_string_equal(err.msg, "conf: cannot open x: No such file or directory");
	assert_int_equal(aip_err_hint(&err, "create %s", "x"), -ENOENT);
	assert_int_equal(aip_err_exit(&err, 4), -ENOENT);
	assert_int_equal(err.exit, 4);
	assert_int_equal(aip_err_set(&err, -EINVAL, "other"), -EINVAL);
	assert_string_equal(err.hint, "");
	assert_int_equal(err.exit, 0);
	assert_int_equal(aip_err_set(NULL, -EIO, "nobody listens"), -EIO);
	assert_int_equal(aip_err_set(&err, 0, "a failure is never 0"), -EINVAL);
}

static void hex(void **state)
{
	unsigned char back[3];
	char out[7];

	aip_hex("\x00\xab\xff", 3, out);
	assert_string_equal(out, "00abff");
	assert_int_equal(aip_unhex("00ABff", back, 3), 0);
	assert_memory_equal(back, "\x00\xab\xff", 3);
	assert_int_equal(aip_unhex("00abf", back, 3), -EINVAL);
	assert_int_equal(aip_unhex("00abfg", back, 3), -EINVAL);
	assert_true(aip_is_hex("0af", 3));
	assert_false(aip_is_hex("0aF", 3));
	assert_false(aip_is_hex("0af0", 3));
	assert_false(aip_is_hex("0a", 3));
}

static void base64(void **state)
{
	static const char *const bad[] = { "A",	   "AA",   "AAA",      "A===",	"====", "AB==",
					   "AAB=", "AA=A", "AA==AAAA", "AAA\n", "AA A", "AA-_" };
	static const char *const rfc[][2] = { { "", "" },
					      { "f", "Zg==" },
					      { "fo", "Zm8=" },
					      { "foo", "Zm9v" },
					      { "foob", "Zm9vYg==" },
					      { "fooba", "Zm9vYmE=" },
					      { "foobar", "Zm9vYmFy" } };
	unsigned char all[256];
	size_t i;

	for (i = 0; i < sizeof(rfc) / sizeof(*rfc); i++) {
		_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT, c = AIP_BUF_INIT;

		aip_base64(&b, rfc[i][0], strlen(rfc[i][0]));
		assert_string_equal(b.data, rfc[i][1]);
		assert_int_equal(aip_unbase64(&c, b.data, b.len), 0);
		assert_string_equal(c.data, rfc[i][0]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		_cleanup_buf_ struct aip_buf c = AIP_BUF_INIT;

		assert_int_equal(aip_unbase64(&c, bad[i], strlen(bad[i])), -EINVAL);
		assert_int_equal(c.len, 0);
	}
	for (i = 0; i < 256; i++)
		all[i] = i;
	for (i = 0; i <= 256; i++) {
		_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT, c = AIP_BUF_INIT;

		aip_base64(&b, all, i);
		assert_int_equal(aip_unbase64(&c, b.data, b.len), 0);
		assert_int_equal(c.len, i);
		assert_memory_equal(c.data, all, i);
	}
}

static void times(void **state)
{
	static const char *const bad[] = { "",
					   "2026-11-22T09:15:00",
					   "2026-11-22T09:15:00z",
					   "2026-11-22 09:15:00Z",
					   "2026-02-30T00:00:00Z",
					   "2026-13-01T00:00:00Z",
					   "2026-00-01T00:00:00Z",
					   "2026-01-01T24:00:00Z",
					   "2026-01-01T00:00:60Z",
					   "2026-01-01T00:00:00ZZ",
					   "+026-01-01T00:00:00Z" };
	char out[AIP_RFC3339_LEN];
	time_t t;
	size_t i;

	assert_int_equal(aip_rfc3339_parse("2024-02-29T23:59:59Z", &t), 0);
	assert_int_equal(t, 1709251199);
	assert_string_equal(aip_rfc3339(t, out), "2024-02-29T23:59:59Z");
	assert_int_equal(aip_rfc3339_parse("1970-01-01T00:00:00Z", &t), 0);
	assert_int_equal(t, 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(aip_rfc3339_parse(bad[i], &t), -EINVAL);
}

static void json(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_jsonw w;
	int i;

	aip_jsonw_init(&w, &b, false);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "s", "a\"\\\n\x01\x7f\xc3\xa4");
	aip_jsonw_str(&w, "bad", "x\xff\xc0\x80\xed\xa0\x80y");
	aip_jsonw_str(&w, "none", NULL);
	aip_jsonw_array(&w, "list");
	aip_jsonw_int(&w, NULL, -1);
	aip_jsonw_uint(&w, NULL, UINT64_MAX);
	aip_jsonw_bool(&w, NULL, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	assert_string_equal(b.data, "{\"s\":\"a\\\"\\\\\\n\\u0001\\u007f\xc3\xa4\","
				    "\"bad\":\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
				    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\",\"none\":null,"
				    "\"list\":[-1,18446744073709551615,true,{}]}");
	aip_buf_reset(&b);
	aip_jsonw_init(&w, &b, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_array(&w, "a");
	aip_jsonw_int(&w, NULL, 1);
	aip_jsonw_int(&w, NULL, 2);
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	assert_string_equal(b.data, "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n");
	aip_buf_reset(&b);
	aip_jsonw_init(&w, &b, false);
	for (i = 0; i < AIP_JSONW_DEPTH + 3; i++)
		aip_jsonw_array(&w, NULL);
	assert_true(aip_buf_status(&b) < 0);
}

/* A folder of the test's own, below AIP_TMP */
static int tmpdir(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/common.XXXXXX", getenv("AIP_TMP") ?: "/tmp");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void files(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	_cleanup_close_ int dir = tmpdir();
	struct aip_err err = AIP_ERR_INIT;
	struct stat st;

	assert_int_equal(aip_mkdirs(dir, "a/b/c", 0755, &err), 0);
	assert_int_equal(aip_mkdirs(dir, "a/b/c", 0755, &err), 0);
	assert_int_equal(aip_write_file(dir, "a/b/c/f", "one\0two", 7, 0640, &err), 0);
	assert_int_equal(fstatat(dir, "a/b/c/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(aip_read_file(dir, "a/b/c/f", 7, &b, &err), 0);
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.data, "one\0two", 8);
	assert_int_equal(aip_read_file(dir, "a/b/c/f", 6, &b, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "a/b/c/f"));
	assert_int_equal(aip_read_file(dir, "a/b/c", 99, &b, &err), -EINVAL);
	assert_int_equal(aip_read_file(dir, "none", 99, &b, &err), -ENOENT);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(aip_read_file(dir, "fifo", 99, &b, &err), -EINVAL);
	/* a failed write leaves the folder as it was */
	assert_int_equal(mkdirat(dir, "a/b/c/d", 0700), 0);
	assert_true(aip_write_file(dir, "a/b/c/d", "x", 1, 0600, &err) < 0);
	assert_int_equal(unlinkat(dir, "a/b/c/f", 0), 0);
	assert_int_equal(unlinkat(dir, "a/b/c/d", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(dir, "a/b/c", AT_REMOVEDIR), 0);
}

static void resolves(int root, const char *path, const char *expected)
{
	_cleanup_free_ char *out = NULL;
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(aip_root_resolve(root, path, 1, &out, &err), 0);
	assert_string_equal(out, expected);
}

static void roots(void **state)
{
	_cleanup_close_ int root = tmpdir();
	struct aip_err err = AIP_ERR_INIT;
	_cleanup_free_ char *out = NULL;
	char deep[5000];

	assert_int_equal(aip_mkdirs(root, "etc/rc.d/init.d", 0755, &err), 0);
	assert_int_equal(symlinkat("rc.d/init.d", root, "etc/init.d"), 0);
	assert_int_equal(symlinkat("/etc/rc.d", root, "abs"), 0);
	assert_int_equal(symlinkat("../../../../../etc/rc.d", root, "etc/out"), 0);
	assert_int_equal(symlinkat("loop2", root, "loop1"), 0);
	assert_int_equal(symlinkat("loop1", root, "loop2"), 0);
	resolves(root, "/etc/init.d/halt", "etc/rc.d/init.d/halt");
	resolves(root, "/abs/x", "etc/rc.d/x");
	resolves(root, "/etc/out/x", "etc/rc.d/x");
	resolves(root, "/../../..", ".");
	resolves(root, "//etc/./rc.d//", "etc/rc.d");
	assert_int_equal(aip_root_resolve(root, "/loop1", 1, &out, &err), -ELOOP);
	assert_int_equal(aip_root_resolve(root, "/none/x", 1, &out, &err), -ENOENT);
	memset(deep, 'a', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = 0;
	assert_int_equal(aip_root_resolve(root, deep, 1, &out, &err), -ENAMETOOLONG);
	assert_int_equal(aip_root_resolve(root, "/etc/init.d", 0, &out, &err), 0);
	assert_string_equal(out, "etc/init.d");
}

/* Run `sh -c script`. */
static int sh(const char *script, const char *input, int timeout_ms, struct aip_spawn_result *res)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct aip_spawn s = { .argv = argv,
				     .input = input,
				     .input_len = input ? strlen(input) : 0,
				     .output_max = 100000,
				     .timeout_ms = timeout_ms };
	struct aip_err err;

	aip_spawn_result_free(res);
	return aip_spawn(&s, res, &err);
}

static void never_ready(void *ctx)
{
	for (;;)
		pause();
}

static void spawning(void **state)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *const yes[] = { "true", NULL };
	const struct aip_spawn stuck = {
		.argv = yes, .output_max = 10, .timeout_ms = 50, .prepare = never_ready
	};
	const char *const none[] = { "/no/such/program", NULL };
	const struct aip_spawn missing = { .argv = none, .output_max = 10, .timeout_ms = 1000 };
	_cleanup_free_ char *big = calloc(1, 300001);
	int saved[2], fd;
	struct aip_err err;

	assert_int_equal(sh("cat; echo e >&2; exit 3", "hello", 5000, &res), 0);
	assert_int_equal(res.status, 3);
	assert_string_equal(res.out.data, "hello");
	assert_string_equal(res.err.data, "e\n");
	assert_int_equal(sh("kill -TERM $$", NULL, 5000, &res), 0);
	assert_int_equal(res.status, 128 + 15);
	assert_int_equal(sh("sleep 60", NULL, 50, &res), -ETIMEDOUT);
	assert_int_equal(sh("sleep 60 & exec >/dev/null 2>&1; wait", NULL, 50, &res), -ETIMEDOUT);
	/* one that never comes to run the program */
	assert_int_equal(aip_spawn(&stuck, &res, &err), -ETIMEDOUT);
	assert_int_equal(sh("yes", NULL, 5000, &res), -EFBIG);
	assert_int_equal(aip_spawn(&missing, &res, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/no/such/program"));
	/* a child that does not read its input does not kill or hang the caller */
	memset(big, 'x', 300000);
	assert_int_equal(sh("exec <&-; echo gone", big, 5000, &res), 0);
	assert_string_equal(res.out.data, "gone\n");
	/* nothing but 0, 1, 2 is inherited */
	fd = dup(1);
	assert_int_equal(sh("ls /proc/self/fd | wc -l", NULL, 5000, &res), 0);
	assert_int_equal(atoi(res.out.data), 4); /* and the one that ls reads the folder with */
	close(fd);
	/* in an rpm scriptlet standard input is closed */
	saved[0] = dup(0);
	saved[1] = dup(2);
	close(0);
	close(2);
	assert_int_equal(sh("cat; echo done; echo e >&2", "in", 5000, &res), 0);
	dup2(saved[0], 0);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	assert_string_equal(res.out.data, "indone\n");
	assert_string_equal(res.err.data, "e\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers), cmocka_unit_test(errors), cmocka_unit_test(hex),
		cmocka_unit_test(base64),  cmocka_unit_test(times),  cmocka_unit_test(json),
		cmocka_unit_test(files),   cmocka_unit_test(roots),  cmocka_unit_test(spawning),
	};

	return cmocka_run_group_tests_name("common", tests, NULL, NULL);
}
