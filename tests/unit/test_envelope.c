// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * src/rpm/rpmsig and src/patch/envelope, with keys and signatures made by gpg.
 * Run by envelope.t, which makes the keys (tests/lib/gpgkeys) in the folder of argv[1].
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/fs.h"
#include "common/spawn.h"
#include "patch/envelope.h"
#include "rpm/packet.h"

static const char *dir;

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define NOW    1770000000 /* 2026-02-02 */
#define BEFORE 1760000000

/* ---- files, keys, signatures ----------------------------------------------------- */

static struct aip_buf slurp(const char *name)
{
	_cleanup_free_ char *path = NULL;
	struct aip_buf b = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	if (aip_read_file(AT_FDCWD, path, 1 << 20, &b, &err) < 0)
		fail_msg("%s", err.msg);
	return b;
}

/* The fingerprint in a file, without its newline; in static memory. */
static const char *fpr(const char *name)
{
	static char text[4][64];
	static int turn;
	struct aip_buf b = slurp(name);
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]), "%.*s", (int)strcspn(b.data, "\n"), b.data);
	aip_buf_free(&b);
	return out;
}

/* Run gpg with the keyring @home on @in. */
static struct aip_buf gpg(const char *home, const char *const *args, const void *in, size_t len)
{
	const char *argv[32] = { "gpg", "--batch",	   "--quiet",  "--no-tty",     "--homedir",
				 NULL,	"--pinentry-mode", "loopback", "--passphrase", "" };
	_cleanup_free_ char *path = NULL;
	struct aip_spawn s = { .argv = argv,
			       .input = in,
			       .input_len = len,
			       .output_max = 1 << 24,
			       .timeout_ms = 30000 };
	struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	int n = 10;

	assert_true(asprintf(&path, "%s/%s", dir, home) > 0);
	argv[5] = path;
	while (*args)
		argv[n++] = *args++;
	assert_int_equal(aip_spawn(&s, &res, NULL), 0);
	if (res.status)
		print_error("gpg: %s\n", res.err.data);
	assert_int_equal(res.status, 0);
	aip_buf_free(&res.err);
	return res.out;
}

static struct aip_buf sign_as(const char *home, const char *key, const char *digest,
			      const char *extra, const void *data, size_t len)
{
	/* the extra option, if there is one, comes first */
	const char *const args[] = { extra, "--digest-algo", digest, "--local-user",
				     key,   "--detach-sign", "-o",   "-",
				     NULL };

	return gpg(home, extra ? args : args + 1, data, len);
}

static const char *sign_when; /* gpg's option for another time, NULL: now */

/* "!" means this very key, be it a subkey. */
static struct aip_buf sign(const char *key, const void *data, size_t len)
{
	_cleanup_free_ char *exact = NULL;
	struct aip_buf sig;

	assert_true(asprintf(&exact, "%s!", key) > 0);
	sig = sign_as("gnupg", exact, "SHA256", sign_when, data, len);
	assert_true(sig.len > 0);
	return sig;
}

/* A keyring of the key files named, up to NULL. */
static struct aip_keyring *ring_of(const char *first, ...)
{
	struct aip_keyring *ring = aip_keyring_new();
	const char *name;
	va_list ap;

	assert_non_null(ring);
	va_start(ap, first);
	for (name = first; name; name = va_arg(ap, const char *)) {
		_cleanup_buf_ struct aip_buf b = slurp(name);
		struct aip_err err = AIP_ERR_INIT;

		if (aip_keyring_add(ring, b.data, b.len, name, NULL, &err) < 0)
			fail_msg("%s", err.msg);
	}
	va_end(ap);
	return ring;
}

/* ---- packets ----------------------------------------------------------------------- */

static void packet_frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t head, len, body; /* of the head; of all there is; of the body, 0: refused */
	} cases[] = {
		{ "\x88\x03", 2, 5, 3 },	     /* old format, one byte of length */
		{ "\x89\x01\x02", 3, 261, 258 },     /* two */
		{ "\x8a\x00\x00\x00\x04", 5, 9, 4 }, /* four */
		{ "\xc2\xbf", 2, 193, 191 },	     /* new format, one */
		{ "\xc2\xc0\x00", 3, 195, 192 },     /* two */
		{ "\xc2\xdf\xff", 3, 8386, 8383 },
		{ "\xc2\xff\x00\x00\x00\x05", 6, 11, 5 }, /* five */
		{ "\x88\x03", 2, 4, 0 },		  /* cut off */
		{ "\x89\x01\x02", 3, 260, 0 },
		{ "\xc2\xc0\x00", 3, 194, 0 },
		{ "\xc2\xc0", 2, 2, 0 },
		{ "\xc2\xff\xff\xff\xff\xff", 6, 4000, 0 },
		{ "\x89\x01", 2, 2, 0 },
		{ "\x8b", 1, 100, 0 },	   /* a length that is not told */
		{ "\xc2\xe1", 2, 100, 0 }, /* a partial length */
		{ "\x80\x01", 2, 100, 0 }, /* tag 0 */
		{ "\x08\x03", 2, 100, 0 }, /* not a packet */
		{ "\x88", 1, 1, 0 },
		{ "", 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_free_ unsigned char *data = calloc(1, cases[i].len + 1);
		struct aip_packet p;
		int r;

		memcpy(data, cases[i].bytes, cases[i].head);
		r = aip_packet_read(data, cases[i].len, &p);
		assert_int_equal(r, cases[i].body ? 0 : -EBADMSG);
		if (r < 0)
			continue;
		assert_int_equal(p.tag, AIP_PACKET_SIGNATURE);
		assert_int_equal(p.len, cases[i].body);
		assert_int_equal(p.total, cases[i].len);
		assert_ptr_equal(p.body, data + cases[i].head);
	}
}

/* ---- the keyring -------------------------------------------------------------------- */

static void ring_forms(void **state)
{
	static const char *const both[] = { "--export", "alice", "bob", NULL };
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();
	_cleanup_buf_ struct aip_buf a = slurp("alice.asc"), b = slurp("bob.asc");
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT, bin = gpg("gnupg", both, NULL, 0);
	const struct aip_key *k;

	/* two blocks in one file, words around them */
	aip_buf_str(&text, "Keys of the fleet\n");
	aip_buf_add(&text, a.data, a.len);
	aip_buf_str(&text, "and\n\n");
	aip_buf_add(&text, b.data, b.len);
	assert_int_equal(aip_keyring_add(ring, text.data, text.len, "text", NULL, NULL), 2);
	assert_int_equal(aip_keyring_count(ring), 2);
	k = aip_keyring_key(ring, 0);
	assert_string_equal(k->fingerprint, fpr("alice.fpr"));
	assert_string_equal(k->keyid, fpr("alice.fpr") + 24);
	assert_string_equal(k->userid, "Alice <alice@example.com>");
	assert_string_equal(k->origin, "text");
	assert_int_equal(k->signers, 1);
	/* the same once more, binary, two certificates in a row */
	assert_int_equal(aip_keyring_add(ring, bin.data, bin.len, "bin", NULL, NULL), 0);
	assert_int_equal(aip_keyring_count(ring), 2);
	aip_keyring_free(ring);
	ring = aip_keyring_new();
	assert_int_equal(aip_keyring_add(ring, bin.data, bin.len, "bin", NULL, NULL), 2);
	assert_string_equal(aip_keyring_key(ring, 1)->fingerprint, fpr("bob.fpr"));
}

/* A damaged key is refused or read as some key; the sanitizers look on. */
static void ring_every_byte_flipped(void **state)
{
	static const char *const public[] = { "--export", "frank", "grace", NULL };
	_cleanup_buf_ struct aip_buf bin = gpg("gnupg", public, NULL, 0);
	static const unsigned char flips[] = { 0xff, 0x01, 0x80 };
	size_t i, k;

	for (i = 0; i < bin.len; i++)
		for (k = 0; k < sizeof(flips); k++) {
			_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();

			bin.data[i] ^= flips[k];
			aip_keyring_add(ring, bin.data, bin.len, "f", NULL, NULL);
			bin.data[i] ^= flips[k];
			assert_true(aip_keyring_count(ring) <= 2);
		}
}

static void ring_refuses(void **state)
{
	static const char *const secret[] = { "--export-secret-keys", "alice", NULL };
	static const char *const armored[] = { "--armor", "--export-secret-keys", "alice", NULL };
	static const char *const public[] = { "--export", "alice", NULL };
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();
	_cleanup_buf_ struct aip_buf a = slurp("alice.asc"), s = gpg("gnupg", secret, NULL, 0),
				     as = gpg("gnupg", armored, NULL, 0),
				     bin = gpg("gnupg", public, NULL, 0);
	_cleanup_buf_ struct aip_buf sig = sign(fpr("alice.fpr"), "x", 1);
	struct aip_err err = AIP_ERR_INIT;
	size_t i;

	assert_int_equal(aip_keyring_add(ring, "", 0, "f", NULL, &err), -EBADMSG);
	assert_int_equal(aip_keyring_add(ring, "no key", 6, "f", NULL, &err), -EBADMSG);
	assert_string_equal(err.msg, "f holds no OpenPGP public key");
	assert_int_equal(aip_keyring_add(ring, s.data, s.len, "f", NULL, &err), -EBADMSG);
	assert_string_equal(err.msg, "f holds a private key");
	assert_int_equal(aip_keyring_add(ring, as.data, as.len, "f", NULL, &err), -EBADMSG);
	assert_string_equal(err.msg, "f holds a private key");
	assert_int_equal(aip_keyring_add(ring, sig.data, sig.len, "f", NULL, &err), -EBADMSG);
	/* cut off anywhere: no crash, and half a file adds nothing */
	for (i = 0; i + 3 < a.len; i++) {
		assert_int_equal(aip_keyring_add(ring, a.data, i, "f", NULL, &err), -EBADMSG);
		assert_int_equal(aip_keyring_count(ring), 0);
	}
	for (i = 1; i < 40; i++)
		assert_int_equal(aip_keyring_add(ring, bin.data, i, "f", NULL, &err), -EBADMSG);
	aip_buf_add(&a, a.data, 100); /* a good block and then a damaged one */
	assert_int_equal(aip_keyring_add(ring, a.data, a.len, "f", NULL, &err), -EBADMSG);
	assert_int_equal(aip_keyring_count(ring), 0);
}

static void ring_revoked(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();
	_cleanup_buf_ struct aip_buf d = slurp("dave.asc"), c = slurp("carol.asc");
	_cleanup_buf_ struct aip_buf warn = AIP_BUF_INIT;

	assert_int_equal(aip_keyring_add(ring, d.data, d.len, "dave.asc", &warn, NULL), 0);
	assert_int_equal(aip_keyring_count(ring), 0);
	assert_non_null(strstr(warn.data, "is revoked and was left out"));
	assert_non_null(strstr(warn.data, fpr("dave.fpr")));
	assert_int_equal(aip_keyring_add(ring, c.data, c.len, "carol.asc", NULL, NULL), 1);
	assert_int_equal(aip_keyring_key(ring, 0)->signers, 2);
}

static void verify(const struct aip_keyring *ring, struct aip_buf *sig, int code,
		   struct aip_signer *who)
{
	struct aip_err err = AIP_ERR_INIT;
	int r = aip_keyring_verify(ring, "payload", 7, sig->data, sig->len, who, &err);

	if (r != code)
		print_error("%d %s\n", r, err.msg);
	assert_int_equal(r, code);
	assert_int_equal(err.code, code);
	aip_buf_free(sig);
}

static void signatures(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring =
		ring_of("alice.asc", "bob.asc", "carol.asc", "erin.asc", "dave.asc", NULL);
	struct aip_signer who;
	struct aip_buf sig;
	char exact[64];

	sig = sign(fpr("alice.fpr"), "payload", 7);
	verify(ring, &sig, 0, &who);
	assert_string_equal(who.primary, fpr("alice.fpr"));
	assert_string_equal(who.signer, fpr("alice.fpr"));
	assert_int_equal(who.hash, 8);
	sig = sign(fpr("bob.fpr"), "payload", 7);
	verify(ring, &sig, 0, &who);
	sig = sign_as("gnupg", "bob", "SHA512", NULL, "payload", 7);
	verify(ring, &sig, 0, &who);
	assert_int_equal(who.hash, 10);
	/* a subkey stands for its primary key; a revoked one does not */
	sig = sign(fpr("carol.sub1"), "payload", 7);
	verify(ring, &sig, 0, &who);
	assert_string_equal(who.primary, fpr("carol.fpr"));
	assert_string_equal(who.signer, fpr("carol.sub1"));
	snprintf(exact, sizeof(exact), "%s!", fpr("carol.sub2"));
	sig = sign_as("gnupg-before", exact, "SHA256", NULL, "payload", 7);
	verify(ring, &sig, -ENOKEY, &who);
	/* data that it was not made for */
	sig = sign(fpr("alice.fpr"), "payloaD", 7);
	verify(ring, &sig, -EKEYREJECTED, &who);
	assert_string_equal(who.primary, fpr("alice.fpr"));
	/* keys that are not there, revoked in their file */
	sig = sign(fpr("mallory.fpr"), "payload", 7);
	verify(ring, &sig, -ENOKEY, &who);
	assert_string_equal(who.keyid, fpr("mallory.fpr") + 24);
	sig = sign_as("gnupg-before", "dave", "SHA256", NULL, "payload", 7);
	verify(ring, &sig, -ENOKEY, &who);
}

#define EARLY	"--faked-system-time=20200115T000000"
#define JAN_31	1580428800 /* 2020, 30 days after the keys were made */
#define NEWYEAR 1609459200 /* 2021 */

/* When a key expires is told with its signature; the index is what it counts for. */
static void expiring_keys(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring =
		ring_of("alice.asc", "erin.asc", "frank.asc", "grace.asc", NULL);
	struct aip_signer who;
	struct aip_buf sig = sign(fpr("alice.fpr"), "payload", 7);

	verify(ring, &sig, 0, &who);
	assert_int_equal(who.expires, 0);
	sig = sign_as("gnupg", "erin", "SHA256", EARLY, "payload", 7);
	verify(ring, &sig, 0, &who);
	assert_int_equal(who.expires, JAN_31);
	sig = sign_as("gnupg", "frank", "SHA256", EARLY, "payload", 7);
	verify(ring, &sig, 0, &who);
	assert_int_equal(who.expires, NEWYEAR); /* it was prolonged */
	sig = sign_as("gnupg", fpr("grace.sub"), "SHA256", EARLY, "payload", 7);
	verify(ring, &sig, 0, &who);
	assert_string_equal(who.primary, fpr("grace.fpr"));
	assert_int_equal(who.expires, JAN_31); /* the subkey's */
}

static void weak_signatures(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("bob.asc", NULL);
	static const char *const armored[] = { "--armor", "-u", "bob", "--detach-sign", NULL };
	static const char *const text[] = { "--textmode", "-u", "bob", "--detach-sign", NULL };
	static const char *const inlined[] = { "-u", "bob", "--sign", NULL };
	struct aip_signer who;
	struct aip_buf sig, twice = AIP_BUF_INIT;

	sig = sign_as("gnupg", "bob", "SHA1", NULL, "payload", 7);
	verify(ring, &sig, -EKEYREJECTED, &who);
	assert_int_equal(who.hash, 2);
	sig = sign_as("gnupg", "bob", "MD5", "--allow-weak-digest-algos", "payload", 7);
	verify(ring, &sig, -EKEYREJECTED, &who);
	assert_int_equal(who.hash, 1);
	sig = sign_as("gnupg", "bob", "RIPEMD160", NULL, "payload", 7);
	verify(ring, &sig, -EKEYREJECTED, &who);
	sig = sign_as("gnupg", "bob", "SHA224", NULL, "payload", 7);
	verify(ring, &sig, -EKEYREJECTED, &who);
	sig = gpg("gnupg", armored, "payload", 7);
	verify(ring, &sig, -EBADMSG, &who);
	sig = gpg("gnupg", text, "payload", 7);
	verify(ring, &sig, -EBADMSG, &who);
	sig = gpg("gnupg", inlined, "payload", 7);
	verify(ring, &sig, -EBADMSG, &who);
	sig = sign(fpr("bob.fpr"), "payload", 7);
	aip_buf_add(&twice, sig.data, sig.len);
	aip_buf_add(&twice, sig.data, sig.len);
	verify(ring, &twice, -EBADMSG, &who);
	sig.len--;
	verify(ring, &sig, -EBADMSG, &who);
	verify(ring, &sig, -EBADMSG, &who); /* empty */
}

/* ---- the envelope --------------------------------------------------------------------- */

static void payload(struct aip_buf *b, const char *revoked)
{
	aip_buf_fmt(
		b,
		"{\"format\":1,\"stream\":\"t\",\"serial\":5,\"issued\":\"2026-01-01T00:00:00Z\","
		"\"expires\":\"2026-02-01T00:00:00Z\",\"revoked_keys\":[%s],\"withdrawn\":[],"
		"\"files\":{\"" A64 "\":{\"path\":\"/etc/rc.d/init.d/halt\",\"post\":\"" B64
		"\",\"diff\":\"@@ -7,0 +8,2 @@\\n+# now clear dirty flag on tracking table\\n"
		"+[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag\\n\"}},\"packages\":[]}",
		revoked);
}

/* An envelope around @content, signed by the fingerprints given, up to NULL. */
static struct aip_buf envelope_of(const struct aip_buf *content, ...)
{
	struct aip_envelope_sig sigs[AIP_ENVELOPE_SIGS + 1];
	struct aip_buf made[AIP_ENVELOPE_SIGS + 1], out = AIP_BUF_INIT;
	_cleanup_buf_ struct aip_buf pae = AIP_BUF_INIT;
	const char *key;
	size_t n = 0;
	va_list ap;

	aip_envelope_pae(content->data, content->len, &pae);
	va_start(ap, content);
	while ((key = va_arg(ap, const char *))) {
		made[n] = sign(key, pae.data, pae.len);
		sigs[n] = (struct aip_envelope_sig){ key, made[n].data, made[n].len };
		n++;
	}
	va_end(ap);
	assert_int_equal(aip_envelope_write(content->data, content->len, sigs, n, &out), 0);
	while (n--)
		aip_buf_free(&made[n]);
	return out;
}

/* Open @env (and free it); an index comes out only on success. */
static void open_it(struct aip_buf *env, const struct aip_trust *t, int code, const char *why)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	struct aip_err err = AIP_ERR_INIT;
	int r = aip_envelope_open(env->data, env->len, "env", t, &idx, NULL, &err);

	if (r != code || !strstr(err.msg, why))
		print_error("%d %s (wanted %d %s)\n", r, err.msg, code, why);
	assert_int_equal(r, code);
	assert_non_null(strstr(err.msg, why));
	assert_int_equal(idx != NULL, code == 0);
	if (code) {
		assert_int_equal(err.code, code);
		assert_int_equal(err.exit, 4);
	}
	aip_buf_free(env);
}

static void pae_is_dsse(void **state)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;

	aip_envelope_pae("{}\n", 3, &b);
	assert_string_equal(b.data, "DSSEv1 30 application/vnd.aip.index+json 3 {}\n");
}

static void opened(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring =
		ring_of("alice.asc", "carol.asc", NULL);
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	static const char not_base64[] =
		"{\"payloadType\":\"application/vnd.aip.index+json\",\"payload\":\"?\",\"signatures\":[]}";
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT, env = AIP_BUF_INIT, peeked = AIP_BUF_INIT,
				     none = AIP_BUF_INIT;
	struct aip_trust t = { .keyring = ring, .from_network = true, .now = BEFORE };
	struct aip_endorsers who;
	struct aip_err err = AIP_ERR_INIT;

	payload(&p, "");
	env = envelope_of(&p, fpr("alice.fpr"), fpr("carol.sub1"), fpr("mallory.fpr"), NULL);
	assert_true(aip_envelope_looks(env.data, env.len));
	assert_false(aip_envelope_looks(p.data, p.len));
	if (aip_envelope_open(env.data, env.len, "env", &t, &idx, &who, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(idx->serial, 5);
	assert_non_null(aip_index_by_pre(idx, A64));
	assert_int_equal(who.n, 2);
	assert_string_equal(who.by[0].primary, fpr("alice.fpr"));
	assert_string_equal(who.by[1].primary, fpr("carol.fpr"));
	assert_string_equal(who.by[1].signer, fpr("carol.sub1"));
	assert_int_equal(aip_envelope_peek(env.data, env.len, "env", &peeked, NULL), 0);
	assert_int_equal(aip_envelope_peek("{}", 2, "env", &none, NULL), -EBADMSG);
	assert_int_equal(aip_envelope_peek(not_base64, strlen(not_base64), "env", &none, NULL),
			 -EBADMSG);
	assert_string_equal(peeked.data, p.data);
}

static void untrusted(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("alice.asc", NULL);
	_cleanup_(aip_keyring_freep) struct aip_keyring *none = aip_keyring_new();
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT;
	struct aip_trust t = { .keyring = ring };
	struct aip_buf env;

	payload(&p, "");
	env = envelope_of(&p, fpr("mallory.fpr"), NULL);
	open_it(&env, &t, -ENOKEY, "is not trusted");
	env = envelope_of(&p, NULL);
	open_it(&env, &t, -ENOKEY, "signed by 0 trusted keys, 1 needed");
	t.keyring = none;
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, -ENOKEY, "no key is trusted");
}

static void thresholds(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring =
		ring_of("alice.asc", "bob.asc", "carol.asc", NULL);
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT;
	struct aip_trust t = { .keyring = ring, .threshold = 2 };
	struct aip_buf env;

	payload(&p, "");
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, -ENOKEY, "signed by 1 trusted key, 2 needed");
	env = envelope_of(&p, fpr("alice.fpr"), fpr("alice.fpr"), NULL);
	open_it(&env, &t, -ENOKEY, "signed by 1 trusted key, 2 needed");
	env = envelope_of(&p, fpr("carol.sub1"), fpr("carol.sub1"), NULL);
	open_it(&env, &t, -ENOKEY, "signed by 1 trusted key");
	env = envelope_of(&p, fpr("alice.fpr"), fpr("mallory.fpr"), NULL);
	open_it(&env, &t, -ENOKEY, "signed by 1 trusted key");
	env = envelope_of(&p, fpr("alice.fpr"), fpr("mallory.fpr"), fpr("bob.fpr"), NULL);
	open_it(&env, &t, 0, "");
	t.threshold = 3;
	env = envelope_of(&p, fpr("alice.fpr"), fpr("carol.sub1"), fpr("bob.fpr"), NULL);
	open_it(&env, &t, 0, "");
}

static void revocation(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring =
		ring_of("alice.asc", "bob.asc", "carol.asc", NULL);
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT, own = AIP_BUF_INIT, list = AIP_BUF_INIT;
	const char *revoked[] = { fpr("alice.fpr") };
	struct aip_trust t = { .keyring = ring, .revoked = revoked, .n_revoked = 1 };
	struct aip_buf env;
	char upper[64];
	size_t i;

	payload(&p, "");
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, -EKEYREVOKED, "is revoked");
	env = envelope_of(&p, fpr("alice.fpr"), fpr("bob.fpr"), NULL);
	open_it(&env, &t, 0, "");
	/* written in capitals; a subkey by its own fingerprint, and by its primary's */
	snprintf(upper, sizeof(upper), "%s", fpr("alice.fpr"));
	for (i = 0; upper[i]; i++)
		upper[i] = upper[i] >= 'a' ? upper[i] - 32 : upper[i];
	revoked[0] = upper;
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, -EKEYREVOKED, "is revoked");
	revoked[0] = fpr("carol.sub1");
	env = envelope_of(&p, fpr("carol.sub1"), NULL);
	open_it(&env, &t, -EKEYREVOKED, "is revoked");
	revoked[0] = fpr("carol.fpr");
	env = envelope_of(&p, fpr("carol.sub1"), NULL);
	open_it(&env, &t, -EKEYREVOKED, "is revoked");
	/* an index cannot rest on a key that it revokes itself */
	t.n_revoked = 0;
	aip_buf_fmt(&list, "\"%s\"", fpr("alice.fpr"));
	payload(&own, list.data);
	env = envelope_of(&own, fpr("alice.fpr"), NULL);
	open_it(&env, &t, -EKEYREVOKED, "does not itself revoke");
	env = envelope_of(&own, fpr("alice.fpr"), fpr("bob.fpr"), NULL);
	open_it(&env, &t, 0, "");
	t.threshold = 2;
	env = envelope_of(&own, fpr("alice.fpr"), fpr("bob.fpr"), NULL);
	open_it(&env, &t, -EKEYREVOKED, "does not itself revoke");
	env = envelope_of(&own, fpr("carol.sub1"), fpr("bob.fpr"), NULL);
	open_it(&env, &t, 0, "");
}

static void expired(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("alice.asc", NULL);
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT;
	struct aip_trust t = { .keyring = ring, .from_network = true, .now = NOW };
	struct aip_buf env;

	payload(&p, "");
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, -ETIME, "expired at 2026-02-01T00:00:00Z");
	t.now = BEFORE;
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, 0, "");
	/* from the cache it stays good */
	t.now = NOW;
	t.from_network = false;
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	open_it(&env, &t, 0, "");
}

/* An index counts from the network as long as enough of its keys do. */
static void expired_keys(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring =
		ring_of("alice.asc", "erin.asc", "frank.asc", NULL);
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT;
	struct aip_trust t = { .keyring = ring, .from_network = true, .now = BEFORE };
	struct aip_buf env;

	payload(&p, "");
	sign_when = EARLY;
	env = envelope_of(&p, fpr("erin.fpr"), NULL);
	open_it(&env, &t, -ETIME, "expired at 2020-01-31T00:00:00Z with the keys that signed it");
	t.now = JAN_31;
	env = envelope_of(&p, fpr("erin.fpr"), NULL);
	open_it(&env, &t, 0, "");
	/* the one that is good longest, the two that are */
	t.now = JAN_31 + 1;
	env = envelope_of(&p, fpr("erin.fpr"), fpr("frank.fpr"), NULL);
	open_it(&env, &t, 0, "");
	t.threshold = 2;
	env = envelope_of(&p, fpr("erin.fpr"), fpr("frank.fpr"), NULL);
	open_it(&env, &t, -ETIME, "expired at 2020-01-31");
	t.from_network = false;
	env = envelope_of(&p, fpr("erin.fpr"), fpr("frank.fpr"), NULL);
	open_it(&env, &t, 0, "");
	sign_when = NULL;
	t = (struct aip_trust){ .keyring = ring, .from_network = true, .now = NEWYEAR + 1 };
	env = envelope_of(&p, fpr("alice.fpr"), NULL); /* never expires */
	open_it(&env, &t, 0, "");
}

/* A good signature over something that is no index. */
static void signed_rubbish(void **state)
{
	static const char *const contents[] = { "", "{}", "{\"format\":2}", "\xff", "[[[[[[[[[[[" };
	static const int codes[] = { -EBADMSG, -EBADMSG, -EPROTONOSUPPORT, -EBADMSG, -EFBIG };
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("alice.asc", NULL);
	struct aip_trust t = { .keyring = ring };
	size_t i;

	for (i = 0; i < 5; i++) {
		struct aip_buf p = { (char *)contents[i], strlen(contents[i]), 0, 0 };
		struct aip_buf env = envelope_of(&p, fpr("alice.fpr"), NULL);

		open_it(&env, &t, codes[i], "env");
	}
}

static void shape(const char *text, int code, const char *why)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("alice.asc", NULL);
	struct aip_trust t = { .keyring = ring };
	struct aip_buf env = AIP_BUF_INIT;

	aip_buf_str(&env, text);
	open_it(&env, &t, code, why);
}

#define TYPE "{\"payloadType\":\"application/vnd.aip.index+json\","

static void shapes(void **state)
{
	_cleanup_buf_ struct aip_buf many = AIP_BUF_INIT;
	int i;

	shape("", -EBADMSG, "line 1");
	shape("[]", -EBADMSG, "not an object");
	shape("{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"e30=\",\"signatures\":[]}",
	      -EPROTONOSUPPORT, "not of type");
	shape("{\"PayloadType\":\"application/vnd.aip.index+json\",\"payload\":\"e30=\",\"signatures\":[]}",
	      -EBADMSG, "payloadType: missing");
	shape(TYPE "\"payload\":\"e30=\"}", -EBADMSG, "signatures: missing");
	shape(TYPE "\"payload\":\"e30\",\"signatures\":[]}", -EBADMSG, "not base64");
	shape(TYPE "\"payload\":\"e31=\",\"signatures\":[]}", -EBADMSG, "not base64");
	shape(TYPE "\"payload\":\"e30=\\n\",\"signatures\":[]}", -EBADMSG, "not base64");
	shape(TYPE "\"payload\":\"=\",\"signatures\":[]}", -EBADMSG, "not base64");
	shape(TYPE "\"payload\":\"e30=\",\"signatures\":[]}", -ENOKEY, "0 trusted keys");
	shape(TYPE "\"payload\":\"e30=\",\"signatures\":[1]}", -EBADMSG, "signatures[0]");
	shape(TYPE "\"payload\":\"e30=\",\"signatures\":[{}]}", -EBADMSG, "signatures[0].sig");
	shape(TYPE "\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"\"}]}", -ENOKEY,
	      "not an OpenPGP");
	shape(TYPE "\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"*\"}]}", -ENOKEY, "not base64");
	shape(TYPE "\"payload\":\"e30=\",\"payload\":\"e30=\",\"signatures\":[]}", -EBADMSG,
	      "twice");
	shape(TYPE "\"payload\":\"e30=\",\"signatures\":[]}x", -EBADMSG, "follows the end");
	aip_buf_str(&many, TYPE "\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"\"}");
	for (i = 0; i < AIP_ENVELOPE_SIGS; i++)
		aip_buf_str(&many, ",{\"sig\":\"\"}");
	aip_buf_str(&many, "]}");
	shape(many.data, -EFBIG, "more than 16 signatures");
}

/* Every bit pattern that one byte can have, at every place: refused, or the same payload. */
static void every_byte_flipped(void **state)
{
	static const unsigned char flips[] = {
		0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff
	};
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("alice.asc", NULL);
	struct aip_trust t = { .keyring = ring };
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT, env = AIP_BUF_INIT;
	char want[AIP_SHA256_HEX];
	size_t i, k, refused = 0, same = 0;

	payload(&p, "");
	aip_sha256_hex(p.data, p.len, want);
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	for (i = 0; i < env.len; i++) {
		for (k = 0; k < sizeof(flips); k++) {
			_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
			struct aip_err err = AIP_ERR_INIT;

			env.data[i] ^= flips[k];
			if (aip_envelope_open(env.data, env.len, "env", &t, &idx, NULL, &err) ==
			    0) {
				assert_string_equal(idx->sha256, want);
				same++;
			} else {
				assert_null(idx);
				assert_int_equal(err.exit, 4);
				refused++;
			}
			env.data[i] ^= flips[k];
		}
	}
	print_message("# %zu bytes: %zu flips refused, %zu harmless\n", env.len, refused, same);
	assert_true(refused > same);
	assert_true(same > 0); /* the key id is a hint only, so some must be */
}

static void every_length(void **state)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = ring_of("alice.asc", NULL);
	struct aip_trust t = { .keyring = ring };
	_cleanup_buf_ struct aip_buf p = AIP_BUF_INIT, env = AIP_BUF_INIT;
	size_t len;

	payload(&p, "");
	env = envelope_of(&p, fpr("alice.fpr"), NULL);
	for (len = 0; len + 1 < env.len; len++) { /* the last byte is a newline */
		_cleanup_free_ char *cut = malloc(len + 1);
		struct aip_index *idx = NULL;

		memcpy(cut, env.data, len);
		assert_int_equal(aip_envelope_open(cut, len, "env", &t, &idx, NULL, NULL),
				 -EBADMSG);
		assert_null(idx);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_frames),   cmocka_unit_test(ring_forms),
		cmocka_unit_test(ring_refuses),	   cmocka_unit_test(ring_every_byte_flipped),
		cmocka_unit_test(ring_revoked),	   cmocka_unit_test(signatures),
		cmocka_unit_test(weak_signatures), cmocka_unit_test(pae_is_dsse),
		cmocka_unit_test(opened),	   cmocka_unit_test(untrusted),
		cmocka_unit_test(thresholds),	   cmocka_unit_test(revocation),
		cmocka_unit_test(expired),	   cmocka_unit_test(expiring_keys),
		cmocka_unit_test(expired_keys),	   cmocka_unit_test(signed_rubbish),
		cmocka_unit_test(shapes),	   cmocka_unit_test(every_byte_flipped),
		cmocka_unit_test(every_length),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test-envelope DIR (made by tests/lib/gpgkeys)\n");
		return 2;
	}
	dir = argv[1];
	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
