// SPDX-License-Identifier: GPL-2.0-or-later
/* src/aipsnap: what needs no driver. With arguments: test-aipsnap IMAGE SEED ROUNDS damages copies of an image. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "aipsnap/bound.h"
#include "aipsnap/changes.h"
#include "aipsnap/fingerprint.h"
#include "aipsnap/hooks.h"
#include "aipsnap/id.h"
#include "aipsnap/mounts.h"
#include "aipsnap/tablefile.h"
#include "aipsnap/tracked.h"
#include "common/fs.h"
#include "common/hex.h"

static void check_sha(const char *data, size_t len, size_t step, const char *expected)
{
	uint8_t out[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	struct sha256 s;
	size_t at, n;

	sha256_init(&s);
	for (at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		sha256_add(&s, data + at, n);
	}
	sha256_end(&s, out);
	aip_hex(out, sizeof(out), hex);
	assert_string_equal(hex, expected);
}

/* the examples of FIPS 180-4 */
static void sha(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char *many = malloc(1000000);
	size_t step;

	check_sha("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_sha("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (step = 1; step <= 56; step++)
		check_sha(two, 56, step,
			  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(many, 'a', 1000000);
	for (step = 63; step <= 129; step += 11)
		check_sha(many, 1000000, step,
			  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(many);
}

static void names(void **state)
{
	char text[24], hex[ID_TEXT];
	struct aipsnap_id id;
	uint64_t n;
	uint32_t w, v;

	assert_int_equal(size_parse("64K", &n), 0);
	assert_int_equal(n, 65536);
	assert_int_equal(size_parse("3GiB", &n), 0);
	assert_int_equal(n, 3ULL << 30);
	assert_int_equal(size_parse("1t", &n), 0);
	assert_int_equal(n, 1ULL << 40);
	assert_int_equal(size_parse("", &n), -EINVAL);
	assert_int_equal(size_parse("-1", &n), -EINVAL);
	assert_int_equal(size_parse("5X", &n), -EINVAL);
	assert_int_equal(size_parse("99999999999T", &n), -EINVAL);
	assert_int_equal(size_parse("99999999999999999999", &n), -EINVAL);
	assert_string_equal(size_text(0, text), "0 B");
	assert_string_equal(size_text(65536, text), "64 KiB");
	assert_string_equal(size_text(1536, text), "1.5 KiB");
	assert_string_equal(size_text(1ULL << 44, text), "16 TiB");
	assert_int_equal(id_parse("000102030405060708090a0b0c0d0e0f", &id), 0);
	assert_string_equal(id_text(&id, hex), "000102030405060708090a0b0c0d0e0f");
	assert_int_equal(id_parse("000102030405060708090a0b0c0d0e", &id), -EINVAL);
	assert_int_equal(id_parse("000102030405060708090a0b0c0d0e0g", &id), -EINVAL);
	/* every reason has a word of its own */
	for (w = 0; w < 256; w++)
		for (v = 0; v < w; v++)
			if (strcmp(why_token(w), "other"))
				assert_string_not_equal(why_token(w), why_token(v));
	assert_string_not_equal(why_token(AIPSNAP_WHY_STOPPED), "other");
	assert_string_equal(why_token(4711), "other");
}

static void extents(void **state)
{
	uint8_t bits[] = { 0x81, 0x01, 0x00, 0x00, 0xf0 };
	struct changes c = {
		.bits = bits, .chunks = 39, .bytes = 38 * 65536 + 512, .chunk_shift = 16
	};
	static const uint64_t expected[][2] = { { 0, 1 }, { 7, 2 }, { 36, 3 } };
	uint64_t at = 0, start, len;
	char map[14];
	size_t i;

	for (i = 0; changes_next(&c, &at, &start, &len); i++) {
		assert_true(i < 3);
		assert_int_equal(start, expected[i][0] * 65536);
		/* the last one ends with the device */
		assert_int_equal(len, i == 2 ? 2 * 65536 + 512 : expected[i][1] * 65536);
	}
	assert_int_equal(i, 3);
	changes_map(&c, 13, map);
	assert_string_equal(map, ": +         #");
	/* a map wider than the device has chunks */
	c.chunks = 2;
	changes_map(&c, 4, map);
	assert_string_equal(map, "##  ");
}

static void mounted(void **state)
{
	char text[] = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
		      "23 22 0:5 / /proc rw - proc proc rw\n"
		      "24 22 8:2 / /with\\040space ro,relatime - xfs /dev/sda2 rw\n"
		      "25 22 8:2 /sub /b ro,relatime - xfs /dev/sda2 rw\n"
		      "26 22 8:3 / /c ro - ext4 /dev/sda3 ro\n"
		      "27 22 8:4 / /d rw - ext4 /dev/sda4 rwx\n"
		      "nonsense\n"
		      "28 22 8:5 / /e rw - ext4\n";
	struct mounts m = { 0 };

	assert_int_equal(mounts_parse(&m, text), 0);
	assert_int_equal(m.n, 4);
	assert_true(m.list[0].rw);
	assert_string_equal(m.list[0].point, "/");
	/* a read-only mount of a writable super block counts as writable */
	assert_true(m.list[1].rw);
	assert_string_equal(m.list[1].point, "/with space");
	assert_false(m.list[2].rw);
	assert_false(m.list[3].rw);
	mounts_free(&m);
}

static void lists(void **state)
{
	const char *dir = getenv("AIP_TMP") ?: "/tmp";
	struct aip_err err = AIP_ERR_INIT;
	struct tracked t = { 0 }, back, none = { 0 }, gone = { .n = 1 };
	struct tracked_device other = { .id.name = "/dev/sdc" };
	char path[300];

	strcpy(gone.list[0].id.uuid, "d1b7");
	snprintf(path, sizeof(path), "%s/tracked", dir);
	unlink(path);
	assert_int_equal(tracked_read(path, &back, &err), 0);
	assert_int_equal(back.n, 0);
	strcpy(t.list[0].id.uuid, "d1b7");
	strcpy(t.list[0].id.fs_type, "ext4");
	strcpy(t.list[0].id.name, "/dev/sda1");
	t.list[0].chunk_shift = 16;
	strcpy(t.list[1].id.name, "/dev/sdb");
	t.list[1].chunk_shift = 20;
	t.n = 2;
	assert_int_equal(tracked_write(path, &t, &err), 0);
	assert_int_equal(tracked_read(path, &back, &err), 0);
	assert_memory_equal(&t, &back, sizeof(t));
	assert_int_equal(tracked_merge(&back, &t, &none, &err), 0);
	assert_int_equal(back.n, 2);
	assert_true(tracked_has(&t, &t.list[0].id));
	assert_true(tracked_has(&t, &t.list[1].id));
	/* without a UUID the name tells */
	assert_false(tracked_has(&t, &other.id));
	back.n = 0;
	assert_int_equal(tracked_merge(&back, &t, &gone, &err), 0);
	assert_int_equal(back.n, 1);
	assert_string_equal(back.list[0].id.name, "/dev/sdb");
	/* it was enabled under another UUID: the name tells */
	strcpy(gone.list[0].id.uuid, "new");
	strcpy(gone.list[0].id.name, "/dev/sda1");
	back.n = 0;
	assert_int_equal(tracked_merge(&back, &t, &gone, &err), 0);
	assert_int_equal(back.n, 1);
	assert_int_equal(aip_write_file(AT_FDCWD, path, "what\n", 5, 0600, &err), 0);
	assert_int_equal(tracked_read(path, &back, &err), -EINVAL);
	t.n = 0;
	assert_int_equal(tracked_write(path, &t, &err), 0);
	assert_int_not_equal(access(path, F_OK), 0);
}

static int sleeper(void *arg)
{
	struct timespec t = { 30, 0 };

	nanosleep(&t, NULL);
	return 0;
}

static int seven(void *arg)
{
	return 7;
}

static void bounds(void **state)
{
	static const char *const none[] = { "/nonexistent/program", NULL };
	static const char *const yes[] = { "/bin/true", NULL };
	time_t start = time(NULL);

	assert_int_equal(bound_run(seven, NULL, 10), 7);
	assert_int_equal(bound_run(sleeper, NULL, 1), -ETIMEDOUT);
	assert_true(time(NULL) - start < 10);
	assert_int_equal(bound_exec(none, 5), 127);
	assert_int_equal(bound_exec(yes, 5), 0);
}

static void add_hook(const char *dir, const char *name, const char *body, int mode)
{
	char path[400], text[600];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(text, sizeof(text), "#!/bin/sh\necho \"%s $1\" >>%s.log\n%s\n", name, dir, body);
	assert_int_equal(aip_write_file(AT_FDCWD, path, text, strlen(text), mode, NULL), 0);
}

static void check_log(const char *dir, const char *expected)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char path[400];

	snprintf(path, sizeof(path), "%s.log", dir);
	if (*expected || !access(path, F_OK))
		assert_int_equal(aip_read_file(AT_FDCWD, path, 65536, &b, NULL), 0);
	assert_string_equal(b.data ? b.data : "", expected);
	unlink(path);
}

static void freeze_hooks(void **state)
{
	struct aip_err err = AIP_ERR_INIT;
	struct hooks h;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/freeze.d", getenv("AIP_TMP") ?: "/tmp");
	assert_int_equal(hooks_freeze(dir, &h, &err), 0);
	assert_int_equal(hooks_thaw(&h, &err), 0);
	assert_int_equal(aip_mkdirs(AT_FDCWD, dir, 0755, NULL), 0);
	add_hook(dir, "20-b", "", 0755);
	add_hook(dir, "10-a", "", 0755);
	add_hook(dir, "30-c.rpmsave", "", 0755);
	add_hook(dir, "40-d", "", 0644);
	assert_int_equal(hooks_freeze(dir, &h, &err), 0);
	check_log(dir, "10-a freeze\n20-b freeze\n");
	assert_int_equal(hooks_thaw(&h, &err), 0);
	check_log(dir, "20-b thaw\n10-a thaw\n");
	/* one that fails: those before it, and itself, are thawed, the rest is not called */
	add_hook(dir, "15-bad", "[ $1 = thaw ]", 0755);
	assert_int_equal(hooks_freeze(dir, &h, &err), -EIO);
	assert_non_null(strstr(err.msg, "15-bad freeze"));
	check_log(dir, "10-a freeze\n15-bad freeze\n15-bad thaw\n10-a thaw\n");
}

static void table(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct aipsnap_id nonce;
	char path[300];
	size_t i;

	/* room for eight bitmaps, a multiple of a block, never under the smallest */
	assert_int_equal(tablefile_size(0, 16), 4 << 20);
	assert_in_range(tablefile_size(1ULL << 40, 16), (1 << 20) + 8 * (2 << 20), 20 << 20);
	assert_int_equal(tablefile_size(1ULL << 60, 14), AIPSNAP_TABLE_MAX);
	snprintf(path, sizeof(path), "%s/table", getenv("AIP_TMP") ?: "/tmp");
	unlink(path);
	i = tablefile_create(path, 5 << 20, &nonce, &err);
	if ((int)i == -EOPNOTSUPP || (int)i == -ENOSPC) {
		assert_int_not_equal(access(path, F_OK), 0);
		skip();
	}
	assert_int_equal(i, 0);
	assert_int_equal(tablefile_create(path, 5 << 20, &nonce, &err), -EEXIST);
	assert_int_equal(aip_read_file(AT_FDCWD, path, 6 << 20, &b, &err), 0);
	assert_int_equal(b.len, 5 << 20);
	/* the nonce of the failed attempt is another one */
	memcpy(&nonce, b.data + 16, sizeof(nonce));
	for (i = 0; i < b.len / AIPSNAP_TABLE_BLOCK; i++) {
		const uint8_t *p = (uint8_t *)b.data + i * AIPSNAP_TABLE_BLOCK;

		assert_memory_equal(p, AIPSNAP_BLANK_MAGIC, 8);
		assert_int_equal(get_le64(p + 8), i);
		assert_memory_equal(p + 16, &nonce, 16);
		assert_int_equal(p[32] | p[4095], 0);
	}
	unlink(path);
}

/* ---- damaged images -------------------------------------------------------------- */

static uint64_t seed;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* Whatever is in an image: an answer, no crash, no endless loop, no mark outside of it. */
static int damage(const char *path, int rounds)
{
	int i, fd = open(path, O_RDWR), provable = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return 1;
	for (i = 0; i < rounds; i++) {
		/* mostly where metadata lies */
		uint64_t span = rnd() % 2 ? 4096 : rnd() % 2 ? 65536 : (uint64_t)st.st_size;
		uint64_t at = rnd() % (span < (uint64_t)st.st_size ? span : (uint64_t)st.st_size);
		struct fingerprint fp = FINGERPRINT_INIT;
		struct aip_err err = AIP_ERR_INIT;
		struct reader r;
		uint8_t old, new = rnd();
		size_t k;

		if (pread(fd, &old, 1, at) != 1 || pwrite(fd, &new, 1, at) != 1)
			return 1;
		if (reader_open(&r, path, &err) || fingerprint_take(&r, &fp, &err)) {
			fprintf(stderr, "byte %" PRIu64 " = %u: %s\n", at, new, err.msg);
			return 1;
		}
		provable += fp.provable;
		for (k = 0; k < fp.n_marks; k++)
			if (!fp.marks[k].len || fp.marks[k].start + fp.marks[k].len > r.size ||
			    (k && fp.marks[k].start <= fp.marks[k - 1].start + fp.marks[k - 1].len))
				return 1;
		fingerprint_free(&fp);
		reader_close(&r);
		/* some damage stays and adds up */
		if (rnd() % 8 && pwrite(fd, &old, 1, at) != 1)
			return 1;
	}
	close(fd);
	printf("%d of %d provable\n", provable, rounds);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha),		cmocka_unit_test(names), cmocka_unit_test(extents),
		cmocka_unit_test(mounted),	cmocka_unit_test(lists), cmocka_unit_test(bounds),
		cmocka_unit_test(freeze_hooks), cmocka_unit_test(table),
	};

	if (argc == 4) {
		seed = strtoull(argv[2], NULL, 10) * 2 + 1;
		return damage(argv[1], atoi(argv[3]));
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
