// SPDX-License-Identifier: GPL-2.0-or-later
/* src/aipmng/conf: what is read, what is refused and with which words, which files count. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "aipmng/conf.h"
#include "common/cleanup.h"
#include "common/fs.h"

static struct conf *parsed(const char *text)
{
	struct aip_err err = AIP_ERR_INIT;
	struct conf *c = conf_new();

	assert_non_null(c);
	if (conf_parse(c, text, strlen(text), "x.conf", &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return c;
}

static void bad_n(const char *text, size_t len, const char *why)
{
	_cleanup_(conf_freep) struct conf *c = conf_new();
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(conf_parse(c, text, len, "x.conf", &err), -EINVAL);
	if (!strstr(err.msg, why))
		fail_msg("'%s' is not in: %s", why, err.msg);
	assert_true(err.hint[0]);
}

#define BAD(text, why) bad_n(text, sizeof(text) - 1, why)

static void defaults(void **state)
{
	_cleanup_(conf_freep) struct conf *c = parsed("");

	assert_int_equal(c->n_index, 0);
	assert_string_equal(c->repo, "aip");
	assert_null(c->proxy);
	assert_int_equal(c->connect_timeout, 10);
	assert_int_equal(c->timeout, 60);
	assert_int_equal(c->trigger_timeout, 10);
	assert_int_equal(c->signatures, 1);
	assert_false(conf_adapt(c));
	assert_int_equal(c->n_warnings, 0);
}

static void byte_order_mark(void **state)
{
	_cleanup_(conf_freep) struct conf *c = parsed("\xef\xbb\xbfsignatures = 2\n");

	assert_int_equal(c->signatures, 2);
	assert_int_equal(c->n_warnings, 0);
}

static void all_keys(void **state)
{
	_cleanup_(conf_freep) struct conf *c = parsed("# comment\n ; another\r\n\n"
						      "index = https://a.example/i.json#x=y\r\n"
						      "\tindex=file:///srv/index.json.gz\n"
						      "repo = fleet\n"
						      "proxy = http://p:3128\n"
						      "proxy_username = me\n"
						      "proxy_password = a = # b\n"
						      "sslcacert = /etc/a b.pem\n"
						      "sslclientcert = /c\n"
						      "sslclientkey = /k\n"
						      "connect_timeout = 300\n"
						      "timeout=3600\n"
						      "trigger_timeout = 1\n"
						      "signatures = 16\n"
						      "adapt = Yes");

	assert_int_equal(c->n_index, 2);
	assert_string_equal(c->index[0], "https://a.example/i.json#x=y");
	assert_string_equal(c->index[1], "file:///srv/index.json.gz");
	assert_string_equal(c->repo, "fleet");
	assert_string_equal(c->proxy, "http://p:3128");
	assert_string_equal(c->proxy_username, "me");
	assert_string_equal(c->proxy_password, "a = # b");
	assert_string_equal(c->sslcacert, "/etc/a b.pem");
	assert_string_equal(c->sslclientcert, "/c");
	assert_string_equal(c->sslclientkey, "/k");
	assert_int_equal(c->connect_timeout, 300);
	assert_int_equal(c->timeout, 3600);
	assert_int_equal(c->trigger_timeout, 1);
	assert_int_equal(c->signatures, 16);
	assert_true(conf_adapt(c));
	assert_int_equal(c->n_warnings, 0);
}

static void later_lines(void **state)
{
	_cleanup_(conf_freep) struct conf *c =
		parsed("index = http://a/\nindex =\nindex = http://b/\n"
		       "timeout = 5\ntimeout = 6\n"
		       "proxy = http://p/\nproxy =\n"
		       "repo = none\nrepo =\n"
		       "adapt = yes\nadapt = off\n");

	assert_int_equal(c->n_index, 1);
	assert_string_equal(c->index[0], "http://b/");
	assert_int_equal(c->timeout, 6);
	assert_null(c->proxy);
	assert_string_equal(c->repo, "aip");
	assert_false(conf_adapt(c));
}

static void none(void **state)
{
	_cleanup_(conf_freep) struct conf *c = parsed("repo = none\nproxy = _none_\n");

	assert_null(c->repo);
	assert_string_equal(c->proxy, "none");
}

static void unknown_keys(void **state)
{
	_cleanup_(conf_freep) struct conf *c = parsed("colour = blue\ntimeout = 7\nTimeout = 8\n");

	assert_int_equal(c->n_warnings, 2);
	assert_string_equal(c->warnings[0], "x.conf:1: unknown key 'colour', ignored");
	assert_string_equal(c->warnings[1], "x.conf:3: unknown key 'Timeout', ignored");
	assert_int_equal(c->timeout, 7);
}

static void refused(void **state)
{
	BAD("timeout", "x.conf:1: not of the form");
	BAD("\n\n= 5\n", "x.conf:3: not of the form");
	BAD("[main]\n", "x.conf:1: there are no sections");
	BAD("index = ftp://a/\n", "x.conf:1: index: not a URL");
	BAD("index = file://host/x\n", "index: not a URL");
	BAD("index = https://a/ https://b/\n", "no blank");
	BAD("# x\ntimeout =\n", "x.conf:2: timeout: not a whole number from 1 to 3600: ''");
	BAD("timeout = 0\n", "not a whole number");
	BAD("timeout = 3601\n", "not a whole number");
	BAD("timeout = 99999999999999999999999\n", "not a whole number");
	BAD("timeout = -5\n", "not a whole number");
	BAD("timeout = 5s\n", "not a whole number");
	BAD("timeout = 0x10\n", "not a whole number");
	BAD("signatures = 0\n", "from 1 to 16");
	BAD("signatures = 17\n", "from 1 to 16");
	BAD("adapt = maybe\n", "neither yes nor no");
	BAD("adapt =\n", "neither yes nor no");
	BAD("sslcacert = ca.pem\n", "not an absolute path");
	BAD("repo = a b\n", "not the name of a section");
	BAD("proxy = http://p q\n", "no blank");
	BAD("timeout = 5\nsignatures\0 = 2\n", "x.conf:2: control character 0x00");
	BAD("proxy = http://\x1b[2J\n", "control character 0x1b");
}

static void many(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	int i;

	for (i = 0; i < AIP_CONF_MAX_INDEX; i++)
		aip_buf_str(&b, "index = http://a/\n");
	conf_free(parsed(b.data));
	aip_buf_str(&b, "index = http://a/\n");
	bad_n(b.data, b.len, "more than 32 URLs");
}

/* A throwaway root with files in it. */
struct root {
	char path[64];
	struct ctx ctx;
};

static void put(struct root *r, const char *path, const char *text)
{
	_cleanup_free_ char *dir = strdup(path);

	*strrchr(dir, '/') = 0;
	assert_int_equal(aip_mkdirs(r->ctx.rootfd, dir + 1, 0755, NULL), 0);
	assert_int_equal(aip_write_file(r->ctx.rootfd, path + 1, text, strlen(text), 0644, NULL),
			 0);
}

static int make_root(void **state)
{
	struct root *r = calloc(1, sizeof(*r));

	strcpy(r->path, "/tmp/aip-conf.XXXXXX");
	if (!mkdtemp(r->path))
		return -1;
	r->ctx.root = r->path;
	r->ctx.rootfd = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = r;
	return 0;
}

static int remove_root(void **state)
{
	struct root *r = *state;
	char cmd[128];

	conf_free(r->ctx.conf);
	close(r->ctx.rootfd);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", r->path);
	free(r);
	return system(cmd);
}

static void no_files(void **state)
{
	struct root *r = *state;

	assert_int_equal(conf_load(&r->ctx, NULL), 0);
	assert_int_equal(r->ctx.conf->timeout, 60);
}

static void file_order(void **state)
{
	struct root *r = *state;

	put(r, "/etc/aip/aip.conf", "timeout = 1\nindex = http://main/\n");
	put(r, "/etc/aip/aip.conf.d/B.conf", "timeout = 2\n");
	put(r, "/etc/aip/aip.conf.d/a.conf", "timeout = 3\nindex = http://a/\n");
	put(r, "/etc/aip/aip.conf.d/z.conf~", "timeout = 4\n");
	put(r, "/etc/aip/aip.conf.d/z.conf.rpmsave", "timeout = 4\n");
	put(r, "/etc/aip/aip.conf.d/.z.conf", "timeout = 4\n");
	assert_int_equal(conf_load(&r->ctx, NULL), 0);
	assert_int_equal(r->ctx.conf->timeout, 3);
	assert_int_equal(r->ctx.conf->n_index, 2);
	assert_string_equal(r->ctx.conf->index[1], "http://a/");
}

static void file_errors(void **state)
{
	struct root *r = *state;
	struct aip_err err = AIP_ERR_INIT;

	put(r, "/etc/aip/aip.conf.d/10-x.conf", "timeout = 1\n\nsignatures = two\n");
	assert_int_equal(conf_load(&r->ctx, &err), -EINVAL);
	assert_null(r->ctx.conf);
	assert_non_null(strstr(err.msg, "/etc/aip/aip.conf.d/10-x.conf:3: signatures"));
	put(r, "/etc/aip/aip.conf.d/10-x.conf", "sslclientkey = /k\n");
	assert_int_equal(conf_load(&r->ctx, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "without sslclientcert"));
	put(r, "/etc/aip/aip.conf.d/10-x.conf", "proxy_password = x\n");
	assert_int_equal(conf_load(&r->ctx, &err), -EINVAL);
	put(r, "/etc/aip/aip.conf.d/10-x.conf", "");
	assert_int_equal(unlinkat(r->ctx.rootfd, "etc/aip/aip.conf.d/10-x.conf", 0), 0);
	assert_int_equal(mkdirat(r->ctx.rootfd, "etc/aip/aip.conf", 0755), 0);
	assert_int_equal(conf_load(&r->ctx, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "not a regular file"));
}

static void links_stay_inside(void **state)
{
	struct root *r = *state;

	put(r, "/srv/real.conf", "timeout = 9\n");
	assert_int_equal(aip_mkdirs(r->ctx.rootfd, "etc/aip", 0755, NULL), 0);
	assert_int_equal(symlinkat("/srv/real.conf", r->ctx.rootfd, "etc/aip/aip.conf"), 0);
	assert_int_equal(conf_load(&r->ctx, NULL), 0);
	assert_int_equal(r->ctx.conf->timeout, 9);
}

static void anybody_can_write(void **state)
{
	struct root *r = *state;

	put(r, "/etc/aip/aip.conf", "timeout = 9\n");
	assert_int_equal(fchmodat(r->ctx.rootfd, "etc/aip/aip.conf", 0666, 0), 0);
	assert_int_equal(conf_load(&r->ctx, NULL), 0);
	assert_int_equal(r->ctx.conf->n_warnings, 1);
	assert_non_null(strstr(r->ctx.conf->warnings[0], "chmod o-w"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(byte_order_mark),
		cmocka_unit_test(all_keys),
		cmocka_unit_test(later_lines),
		cmocka_unit_test(none),
		cmocka_unit_test(unknown_keys),
		cmocka_unit_test(refused),
		cmocka_unit_test(many),
		cmocka_unit_test_setup_teardown(no_files, make_root, remove_root),
		cmocka_unit_test_setup_teardown(file_order, make_root, remove_root),
		cmocka_unit_test_setup_teardown(file_errors, make_root, remove_root),
		cmocka_unit_test_setup_teardown(links_stay_inside, make_root, remove_root),
		cmocka_unit_test_setup_teardown(anybody_can_write, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
