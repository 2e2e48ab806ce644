// SPDX-License-Identifier: GPL-2.0-or-later
/* src/patch: the hook table, and the index: what is refused, looked up, written and applied. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/fs.h"
#include "json/json.h"
#include "patch/index.h"
#include "patch/udiff.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define D64 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define E40 "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

/* The two texts once more, written from the specification, not from the table. */
#define RC_TEXT                                                                                    \
	"# start tracking\nif [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n\t/etc/aipsnap start --tracking\nfi\n"
#define HALT_TEXT                                                                                  \
	"# now clear dirty flag on tracking table\n[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag\n"
#define RC_DIFF                                                                                    \
	"@@ -2,0 +3,4 @@\\n+# start tracking\\n+if [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\\n+\\t/etc/aipsnap start --tracking\\n+fi\\n"
#define HALT_DIFF                                                                                  \
	"@@ -1,0 +2,2 @@\\n+# now clear dirty flag on tracking table\\n+[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag\\n"

#define HEAD                                                                                       \
	"{\"format\":1,\"stream\":\"s\",\"serial\":17,\"issued\":\"2026-01-01T00:00:00Z\",\"expires\":\"2026-02-01T00:00:00Z\","
#define LISTS "\"revoked_keys\":[\"" E40 "\"],\"withdrawn\":[\"" D64 "\"],"
#define RC_FILE                                                                                    \
	"\"" A64 "\":{\"path\":\"/etc/rc.d/rc.sysinit\",\"post\":\"" B64 "\",\"diff\":\"" RC_DIFF  \
	"\"}"
#define FILES "\"files\":{" RC_FILE "},"
#define PKGS                                                                                                      \
	"\"packages\":[{\"name\":\"initscripts\",\"evr\":\"9.03.53-1.el6\",\"arch\":\"x86_64\",\"files\":[\"" A64 \
	"\"]}]}"

static const char good[] = HEAD LISTS FILES PKGS;

static void hooks(void **state)
{
	const struct aip_hook *rc = aip_hook(AIP_KIND_RC_SYSINIT), *halt = aip_hook(AIP_KIND_HALT);
	int k;

	assert_string_equal(rc->path, "/etc/rc.d/rc.sysinit");
	assert_string_equal(rc->texts[0].text, RC_TEXT);
	assert_string_equal(halt->path, "/etc/rc.d/init.d/halt");
	assert_string_equal(halt->texts[0].text, HALT_TEXT);
	assert_true(AIP_KIND_RC_SYSINIT < AIP_KIND_HALT);
	for (k = 0; k < AIP_KIND_N; k++) {
		const struct aip_hook *h = aip_hook(k);
		size_t i, lines = 0;
		const char *p;

		assert_int_equal(aip_kind_by_path(h->path), k);
		assert_int_equal(aip_kind_by_name(h->name), k);
		for (i = 0; i < h->n_texts; i++) {
			const struct aip_hook_text *t = &h->texts[i];

			assert_int_equal(t->len, strlen(t->text));
			for (lines = 0, p = t->text; *p; p++)
				lines += *p == '\n';
			assert_int_equal(t->lines, lines);
			assert_int_equal(t->text[t->len - 1], '\n');
			assert_int_equal(aip_hook_match(k, t->text, t->len), i);
			assert_int_equal(aip_hook_match(k, t->text, t->len - 1), -ENOENT);
			assert_int_equal(aip_hook_match(!k, t->text, t->len), -ENOENT);
		}
	}
	assert_int_equal(aip_kind_by_path("/etc/rc.d/../rc.d/rc.sysinit"), -ENOENT);
	assert_int_equal(aip_kind_by_path("etc/rc.d/rc.sysinit"), -ENOENT);
	assert_int_equal(aip_kind_by_name("rc.sysinit "), -ENOENT);
}

static int parse(const char *text, struct aip_index **idx, struct aip_err *err)
{
	*idx = NULL;
	return aip_index_parse(text, strlen(text), "idx", idx, err);
}

static void refused(const char *text, int code, const char *why)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_index *idx;
	int r = parse(text, &idx, &err);

	if (r != code || !strstr(err.msg, why))
		print_error("%s\n-> %d %s (wanted %d %s)\n", text, r, err.msg, code, why);
	assert_int_equal(r, code);
	assert_null(idx);
	assert_int_equal(err.code, code);
	assert_int_equal(err.exit, 4);
	assert_non_null(strstr(err.msg, why));
}

/* @good with the first @from replaced by @to. */
static char *changed(const char *from, const char *to)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	const char *p = strstr(good, from);

	assert_non_null(p);
	aip_buf_add(&b, good, p - good);
	aip_buf_str(&b, to);
	aip_buf_str(&b, p + strlen(from));
	return aip_buf_steal(&b);
}

static void with(const char *from, const char *to, int code, const char *why)
{
	_cleanup_free_ char *text = changed(from, to);

	refused(text, code, why);
}

static void parse_good(void **state)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	const struct aip_index_file *f;
	struct aip_err err = AIP_ERR_INIT;
	char sha[AIP_SHA256_HEX];

	if (parse(good, &idx, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(idx->stream, "s");
	assert_int_equal(idx->serial, 17);
	assert_int_equal(idx->issued, 1767225600);
	assert_int_equal(idx->expires, 1769904000);
	assert_int_equal(aip_sha256_hex(good, sizeof(good) - 1, sha), 0);
	assert_string_equal(idx->sha256, sha);
	assert_true(aip_index_is_revoked(idx, E40));
	assert_false(aip_index_is_revoked(idx, A64));
	assert_true(aip_index_is_withdrawn(idx, D64));
	assert_false(aip_index_is_withdrawn(idx, B64));
	f = aip_index_by_pre(idx, A64);
	assert_non_null(f);
	assert_ptr_equal(aip_index_by_post(idx, B64), f);
	assert_string_equal(f->post, B64);
	assert_int_equal(f->kind, AIP_KIND_RC_SYSINIT);
	assert_int_equal(f->after, 2);
	assert_null(aip_index_by_pre(idx, B64));
	assert_null(aip_index_by_post(idx, A64));
	assert_int_equal(idx->n_packages, 1);
	assert_string_equal(idx->packages[0].evr, "9.03.53-1.el6");
	assert_string_equal(idx->packages[0].files[0], A64);
}

static void refuse_shape(void **state)
{
	struct aip_index *idx = NULL;

	refused("", -EBADMSG, "line 1");
	refused("[]", -EBADMSG, "not an object");
	refused("{}", -EBADMSG, "format: missing");
	with("\"format\":1", "\"format\":2", -EPROTONOSUPPORT, "format 2");
	with("\"format\":1", "\"format\":0", -EPROTONOSUPPORT, "format 0");
	with("\"format\":1", "\"format\":\"1\"", -EBADMSG, "not a number");
	with("\"format\":1", "\"Format\":1", -EBADMSG, "format: missing");
	with("\"format\":1", "\"format\":1,\"format\":1", -EBADMSG, "twice");
	with("\"stream\":\"s\"", "\"stream\":\"\"", -EBADMSG, "stream");
	with("\"stream\":\"s\"", "\"stream\":\"../x\"", -EBADMSG, "stream");
	with("\"stream\":\"s\"", "\"stream\":\".x\"", -EBADMSG, "stream");
	with("\"stream\":\"s\"", "\"stream\":\"a/b\"", -EBADMSG, "stream");
	with("\"stream\":\"s\"", "\"stream\":\"a b\"", -EBADMSG, "stream");
	with("\"stream\":\"s\"", "\"stream\":\"a~b\"", -EBADMSG, "stream");
	with("\"stream\":\"s\"", "\"stream\":\"" A64 "a\"", -EBADMSG, "stream");
	with("\"serial\":17", "\"serial\":0", -EBADMSG, "serial");
	with("\"serial\":17", "\"serial\":-1", -EBADMSG, "serial");
	with("\"serial\":17", "\"serial\":9007199254740992", -EBADMSG, "2^53");
	with("\"serial\":17", "\"serial\":1e2", -EBADMSG, "fraction");
	with("2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", -EBADMSG, "issued");
	with("2026-01-01T00:00:00Z", "2026-01-01 00:00:00", -EBADMSG, "issued");
	with("2026-02-01T00:00:00Z", "2025-02-01T00:00:00Z", -EBADMSG, "expires before");
	with("\"revoked_keys\"", "\"revoked-keys\"", -EBADMSG, "revoked_keys: missing");
	with(E40, "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE", -EBADMSG, "revoked_keys[0]");
	with("\"withdrawn\"", "\"Withdrawn\"", -EBADMSG, "withdrawn: missing");
	with(D64, "dd", -EBADMSG, "withdrawn[0]");
	with("\"files\"", "\"fi\\u006Ces\":{},\"files\"", -EBADMSG, "twice");
	with("}]}", "}]}x", -EBADMSG, "follows the end");
	assert_int_equal(aip_index_parse(good, sizeof(good), "idx", &idx, NULL), -EBADMSG);
	assert_null(idx);
}

static void refuse_files(void **state)
{
	with(A64, "aa", -EBADMSG, "SHA-256");
	with(A64, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", -EBADMSG,
	     "SHA-256");
	with(B64, A64, -EBADMSG, "two different");
	with("/etc/rc.d/rc.sysinit", "/etc/passwd", -EPERM, "path");
	with("/etc/rc.d/rc.sysinit", "/etc/rc.d/../rc.d/rc.sysinit", -EPERM, "path");
	with("/etc/rc.d/rc.sysinit", "etc/rc.d/rc.sysinit", -EPERM, "path");
	with("/etc/rc.d/rc.sysinit", "/etc/rc.d/rc.sysinit/", -EPERM, "path");
	with("/etc/rc.d/rc.sysinit", "", -EPERM, "path");
	/* the other hook's text */
	with("/etc/rc.d/rc.sysinit", "/etc/rc.d/init.d/halt", -EPERM, "not a hook");
	with("+fi\\n", "+fi;\\n", -EPERM, "not a hook");
	with("+fi\\n", "+ fi\\n", -EPERM, "not a hook");
	with("+\\t/etc", "+        /etc", -EPERM, "not a hook");
	with("\\n+fi\\n", "\\n+fi\\n+rm -rf /\\n", -EBADMSG, "not a hunk header");
	with("+3,4 @@", "+3,3 @@", -EBADMSG, "not a hunk header");
	with("@@ -2,0", "@@ -3,0", -EBADMSG, "does not follow");
	/* inserts the text, but changes something else too */
	with("+fi\\n", "+fi\\n@@ -9,0 +14 @@\\n+fi\\n", -EPERM, "2 insertions");
	with("+fi\\n", "+fi\\n@@ -9 +12,0 @@\\n-x\\n", -EPERM, "more than insert");
	with("+fi\\n", "+fi\\n@@ -9 +13,0 @@\\n-x\\n", -EBADMSG, "does not follow");
	with("\"diff\"", "\"patch\"", -EBADMSG, "diff: missing");
	with(RC_DIFF, "", -EBADMSG, "no hunk");
	with(RC_DIFF, "@@ -2 +1,0 @@\\n-x\\n", -EPERM, "more than insert");
}

static void refuse_packages(void **state)
{
	with("initscripts", "", -EBADMSG, "packages[0]");
	with("initscripts", "init\\u001b[31mscripts", -EBADMSG, "packages[0]");
	with("9.03.53-1.el6", "9.03 53", -EBADMSG, "packages[0]");
	with("x86_64", "../x86", -EBADMSG, "packages[0]");
	with("\"files\":[\"" A64 "\"]", "\"files\":[\"aa\"]", -EBADMSG, "packages[0]");
	with("\"files\":[\"" A64 "\"]", "\"files\":[1]", -EBADMSG, "packages[0].files[0]");
	with("\"files\":[\"" A64 "\"]", "\"files\":{}", -EBADMSG, "packages[0].files");
	with("\"files\":[\"" A64 "\"]",
	     "\"files\":[\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64
	     "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64
	     "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\"]",
	     -EFBIG, "16 files");
}

static void refuse_chains(void **state)
{
	/* two files that become the same one */
	with("\"" A64,
	     "\"" C64 "\":{\"path\":\"/etc/rc.d/rc.sysinit\",\"post\":\"" B64
	     "\",\"diff\":\"" RC_DIFF "\"},\"" A64,
	     -EBADMSG, "two files become");
	/* what is patched would be patched again */
	with("\"" A64,
	     "\"" B64 "\":{\"path\":\"/etc/rc.d/rc.sysinit\",\"post\":\"" C64
	     "\",\"diff\":\"" RC_DIFF "\"},\"" A64,
	     -EBADMSG, "has a patch again");
}

/* A member that this version does not know is for later versions. */
static void unknown_members(void **state)
{
	_cleanup_free_ char *text = changed("\"serial\"", "\"notes\":{\"a\":[1]},\"serial\"");
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;

	assert_int_equal(parse(text, &idx, NULL), 0);
}

static void too_large(void **state)
{
	size_t len = AIP_INDEX_MAX_BYTES + 1;
	_cleanup_free_ char *text = malloc(len + 1);
	struct aip_err err = AIP_ERR_INIT;
	struct aip_index *idx = NULL;

	assert_non_null(text);
	memset(text, ' ', len);
	text[len] = 0;
	memcpy(text, good, sizeof(good) - 1);
	assert_int_equal(aip_index_parse(text, len, "idx", &idx, &err), -EFBIG);
	assert_int_equal(err.exit, 4);
	assert_int_equal(aip_index_parse(text, len - 1, "idx", &idx, NULL), 0);
	aip_index_free(idx);
}

static void too_many(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	struct aip_err err = AIP_ERR_INIT;
	int i;

	aip_buf_str(&b, HEAD LISTS FILES "\"packages\":[");
	for (i = 0; i < AIP_INDEX_MAX_ENTRIES; i++)
		aip_buf_fmt(&b,
			    "{\"name\":\"n\",\"evr\":\"%d-1\",\"arch\":\"noarch\",\"files\":[]},",
			    i);
	b.data[b.len - 1] = ']';
	aip_buf_chr(&b, '}');
	assert_int_equal(aip_index_parse(b.data, b.len, "idx", &idx, NULL), 0);
	assert_int_equal(idx->n_packages, AIP_INDEX_MAX_ENTRIES);
	aip_index_free(TAKE_PTR(idx));
	b.len -= 2;
	aip_buf_str(&b, ",{\"name\":\"n\",\"evr\":\"1\",\"arch\":\"noarch\",\"files\":[]}]}");
	assert_int_equal(aip_index_parse(b.data, b.len, "idx", &idx, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "more than 100000 packages"));
}

/* Same content in another order and with repetitions: the same bytes; and they are read back. */
static void canonical(void **state)
{
	static const char *const pre[] = { A64, C64 }, *const post[] = { B64, D64 };
	struct aip_buf out[2] = { AIP_BUF_INIT, AIP_BUF_INIT };
	struct aip_err err = AIP_ERR_INIT;
	struct aip_index *back = NULL;
	int turn, i;

	for (turn = 0; turn < 2; turn++) {
		_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();

		assert_non_null(idx);
		assert_int_equal(aip_index_set_stream(idx, "el6-stable", NULL), 0);
		idx->serial = 3;
		idx->issued = 1000000000;
		idx->expires = 2000000000;
		for (i = 0; i < 2 + turn; i++) {
			int k = (i + turn) % 2;
			struct aip_index_file f = { pre[k], post[k], k, 10 + k, 0 };
			const char *both[] = { pre[!k], pre[k], pre[k] };
			struct aip_index_package p = { "initscripts", k ? "1-1" : "1-2", "i686", 3,
						       both };

			assert_int_equal(aip_index_add_file(idx, &f, NULL), 0);
			assert_int_equal(aip_index_add_package(idx, &p, NULL), 0);
			assert_int_equal(aip_index_add_withdrawn(idx, post[k], NULL), 0);
			assert_int_equal(aip_index_add_revoked(idx, pre[k], NULL), 0);
		}
		assert_int_equal(aip_index_finish(idx, &err), 0);
		assert_int_equal(idx->n_files, 2);
		assert_int_equal(idx->n_packages, 2);
		assert_int_equal(idx->packages[0].n_files, 2);
		assert_int_equal(aip_index_write(idx, &out[turn], NULL), 0);
	}
	assert_string_equal(out[0].data, out[1].data);
	assert_int_equal(aip_index_parse(out[0].data, out[0].len, "idx", &back, &err), 0);
	aip_buf_reset(&out[1]);
	assert_int_equal(aip_index_write(back, &out[1], NULL), 0);
	assert_string_equal(out[0].data, out[1].data);
	assert_int_equal(aip_index_by_pre(back, C64)->after, 11);
	aip_index_free(back);
	aip_buf_free(&out[0]);
	aip_buf_free(&out[1]);
}

static void building(void **state)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();
	struct aip_index_file f = { A64, B64, AIP_KIND_HALT, 1, 0 };
	struct aip_err err = AIP_ERR_INIT;

	assert_non_null(idx);
	assert_null(aip_index_by_pre(idx, A64));
	assert_null(aip_index_by_post(idx, A64));
	assert_int_equal(aip_index_finish(idx, &err), -EBADMSG);
	assert_int_equal(aip_index_set_stream(idx, "s/t", &err), -EINVAL);
	assert_int_equal(aip_index_set_stream(idx, "s", &err), 0);
	assert_int_equal(aip_index_finish(idx, &err), -EBADMSG);
	idx->serial = 1;
	assert_int_equal(aip_index_finish(idx, &err), 0);
	f.text = 1;
	assert_int_equal(aip_index_add_file(idx, &f, &err), -EINVAL);
	f.text = 0;
	f.kind = AIP_KIND_N;
	assert_int_equal(aip_index_add_file(idx, &f, &err), -EINVAL);
	f.kind = AIP_KIND_HALT;
	assert_int_equal(aip_index_add_file(idx, &f, &err), 0);
	f.after = 2;
	assert_int_equal(aip_index_add_file(idx, &f, &err), 0);
	assert_int_equal(aip_index_finish(idx, &err), -EEXIST);
}

/* The limits hold for a builder too. */
static void build_limits(void **state)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();
	const char *files[AIP_INDEX_MAX_PKGFILES + 1];
	struct aip_index_package p = { "n", "1-1", "noarch", AIP_INDEX_MAX_PKGFILES, files };
	char pre[65], post[65];
	int i;

	for (i = 0; i <= AIP_INDEX_MAX_PKGFILES; i++)
		files[i] = A64;
	assert_int_equal(aip_index_add_package(idx, &p, NULL), 0);
	assert_int_equal(idx->packages[0].n_files, 1);
	p.n_files++;
	assert_int_equal(aip_index_add_package(idx, &p, NULL), -EFBIG);
	for (i = 0; i <= AIP_INDEX_MAX_ENTRIES; i++) {
		struct aip_index_file f = { pre, post, AIP_KIND_HALT, 1, 0 };

		snprintf(pre, sizeof(pre), "%064x", 2 * i);
		snprintf(post, sizeof(post), "%064x", 2 * i + 1);
		assert_int_equal(aip_index_add_file(idx, &f, NULL),
				 i < AIP_INDEX_MAX_ENTRIES ? 0 : -EFBIG);
	}
	for (i = 0; i <= AIP_INDEX_MAX_LISTED; i++) {
		int want = i < AIP_INDEX_MAX_LISTED ? 0 : -EFBIG;

		snprintf(post, sizeof(post), "%064x", i);
		assert_int_equal(aip_index_add_withdrawn(idx, post, NULL), want);
		assert_int_equal(aip_index_add_revoked(idx, post, NULL), want);
	}
}

/* Too large for any client: not written. */
static void write_limit(void **state)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	char pre[65], post[65];
	int i;

	assert_int_equal(aip_index_set_stream(idx, "s", NULL), 0);
	idx->serial = 1;
	for (i = 0; i < 60000; i++) {
		struct aip_index_file f = { pre, post, AIP_KIND_HALT, 1, 0 };

		snprintf(pre, sizeof(pre), "%064x", 2 * i);
		snprintf(post, sizeof(post), "%064x", 2 * i + 1);
		assert_int_equal(aip_index_add_file(idx, &f, NULL), 0);
	}
	assert_int_equal(aip_index_finish(idx, NULL), 0);
	assert_int_equal(aip_index_write(idx, &out, &err), -EFBIG);
}

static void apply(void **state)
{
	static const char script[] = "#!/bin/bash\ntrue\nexit 0\n";
	static const char patched[] = "#!/bin/bash\ntrue\n" RC_TEXT "exit 0\n";
	char pre[AIP_SHA256_HEX], post[AIP_SHA256_HEX];
	struct aip_index_file f = { pre, post, AIP_KIND_RC_SYSINIT, 2, 0 };
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT, diff = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;

	aip_sha256_hex(script, sizeof(script) - 1, pre);
	aip_sha256_hex(patched, sizeof(patched) - 1, post);
	assert_int_equal(aip_index_apply(&f, script, sizeof(script) - 1, &out, &err), 0);
	assert_string_equal(out.data, patched);
	aip_index_diff(&f, &diff);
	assert_string_equal(diff.data, "@@ -2,0 +3,4 @@\n+# start tracking\n"
				       "+if [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n"
				       "+\t/etc/aipsnap start --tracking\n+fi\n");
	aip_buf_reset(&out);
	/* another file */
	assert_int_equal(aip_index_apply(&f, patched, sizeof(patched) - 1, &out, &err), -ESTALE);
	/* the diff leads elsewhere than the entry says: another line, or none there */
	f.after = 1;
	assert_int_equal(aip_index_apply(&f, script, sizeof(script) - 1, &out, &err), -EBADMSG);
	assert_int_equal(err.exit, 4);
	f.after = 4;
	assert_int_equal(aip_index_apply(&f, script, sizeof(script) - 1, &out, &err), -EBADMSG);
	f.after = 2;
	f.kind = AIP_KIND_HALT;
	assert_int_equal(aip_index_apply(&f, script, sizeof(script) - 1, &out, &err), -EBADMSG);
	assert_int_equal(out.len, 0);
}

/* The index that the package ships: well formed, and as the writer writes it. */
static void shipped(void **state)
{
	const char *top = getenv("AIP_TOP");
	_cleanup_buf_ struct aip_buf file = AIP_BUF_INIT, again = AIP_BUF_INIT;
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	_cleanup_free_ char *path = NULL;
	struct aip_err err = AIP_ERR_INIT;
	size_t i, kinds[AIP_KIND_N] = { 0 };

	assert_true(asprintf(&path, "%s/patches/index.json", top ? top : ".") > 0);
	if (aip_read_file(AT_FDCWD, path, AIP_INDEX_MAX_BYTES, &file, &err) < 0 ||
	    aip_index_parse(file.data, file.len, "index.json", &idx, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(aip_index_write(idx, &again, NULL), 0);
	assert_string_equal(again.data, file.data);
	for (i = 0; i < idx->n_files; i++)
		kinds[idx->files[i].kind]++;
	/* the generations of RHEL 5 and RHEL 6 */
	assert_true(kinds[AIP_KIND_RC_SYSINIT] > 100 && kinds[AIP_KIND_HALT] > 20);
	assert_true(idx->n_packages > 200);
	assert_int_equal(idx->n_withdrawn, 0);
}

static void expiry(void **state)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	struct aip_err err = AIP_ERR_INIT;

	assert_int_equal(parse(good, &idx, NULL), 0);
	assert_int_equal(aip_index_check_time(idx, idx->issued, &err), 0);
	assert_int_equal(aip_index_check_time(idx, idx->expires, &err), 0);
	assert_int_equal(aip_index_check_time(idx, idx->expires + 1, &err), -ETIME);
	assert_int_equal(err.exit, 4);
	assert_non_null(strstr(err.msg, "2026-02-01T00:00:00Z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks),	   cmocka_unit_test(parse_good),
		cmocka_unit_test(refuse_shape),	   cmocka_unit_test(refuse_files),
		cmocka_unit_test(refuse_packages), cmocka_unit_test(refuse_chains),
		cmocka_unit_test(unknown_members), cmocka_unit_test(too_large),
		cmocka_unit_test(too_many),	   cmocka_unit_test(canonical),
		cmocka_unit_test(building),	   cmocka_unit_test(build_limits),
		cmocka_unit_test(write_limit),	   cmocka_unit_test(apply),
		cmocka_unit_test(expiry),	   cmocka_unit_test(shipped),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
