// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two lists stand side by side: librpm's keyring, which does the arithmetic, and our own
 * list of primary keys and of the keys that may sign for them, which knows
 * fingerprints, origins and what was revoked.  A signature counts only if both know its key.
 */
#include <errno.h>
#include <stddef.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "rpm/digest.h"
#include "rpm/packet.h"
#include "rpm/quiet.h"
#include "rpm/rpmsig.h"

#define KEYS_MAX 1000 /* certificates in a ring */

#define SIG_BINARY	  0x00
#define SIG_CERT_FIRST	  0x10 /* of a user id */
#define SIG_CERT_LAST	  0x13
#define SIG_SUBKEY	  0x18
#define SIG_DIRECT	  0x1f
#define SIG_KEY_REVOKE	  0x20
#define SIG_SUBKEY_REVOKE 0x28

/* A key that can verify: a primary key or one of its subkeys. */
struct signer {
	char fingerprint[AIP_FPR_MAX];
	char keyid[17];
	bool revoked;
	time_t made, expires; /* 0: never */
	uint32_t judged;      /* when the signature was made that says so */
};

struct cert {
	struct aip_key key;
	struct aip_buf live; /* while reading: the certificate without revoked subkeys */
	size_t subkey;	     /* where in it the last subkey begins, 0: there is none yet */
	bool skipping;	     /* the last subkey is revoked */
	char *userid, *origin;
	struct signer *signers; /* [0] is the primary key */
	size_t n_signers;
	rpmPubkey pub;
	rpmPubkey *subs;
	int n_subs;
};

struct aip_keyring {
	rpmKeyring ring;
	struct cert **certs;
	size_t n;
};

static void cert_free(struct cert *c)
{
	int i;

	if (!c)
		return;
	for (i = 0; i < c->n_subs; i++)
		rpmPubkeyFree(c->subs[i]);
	free(c->subs);
	rpmPubkeyFree(c->pub);
	aip_buf_free(&c->live);
	free(c->signers);
	free(c->userid);
	free(c->origin);
	free(c);
}

static void cert_freep(struct cert **c)
{
	cert_free(*c);
}

struct aip_keyring *aip_keyring_new(void)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = calloc(1, sizeof(*ring));

	aip_rpmlog_quiet();
	if (!ring)
		return NULL;
	ring->ring = rpmKeyringNew();
	return ring->ring ? TAKE_PTR(ring) : NULL;
}

void aip_keyring_free(struct aip_keyring *ring)
{
	size_t i;

	if (!ring)
		return;
	for (i = 0; i < ring->n; i++)
		cert_free(ring->certs[i]);
	free(ring->certs);
	rpmKeyringFree(ring->ring);
	free(ring);
}

void aip_keyring_freep(struct aip_keyring **ring)
{
	aip_keyring_free(*ring);
}

/* ---- reading certificates ------------------------------------------------------- */

static int add_signer(struct cert *c, const struct aip_packet *p)
{
	struct signer *list = realloc(c->signers, (c->n_signers + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	c->signers = list;
	list = &list[c->n_signers];
	memset(list, 0, sizeof(*list));
	c->n_signers++;
	list->made = aip_packet_key_made(p);
	return aip_packet_key_id(p, list->fingerprint, list->keyid);
}

static char *userid_of(const struct aip_packet *p)
{
	size_t i, len = p->len < 256 ? p->len : 256;
	char *s = strndup((const char *)p->body, len);

	/* it is shown on terminals */
	for (i = 0; s && s[i]; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			s[i] = '?';
	return s;
}

/*
 * A revocation.  Whether it is genuine is not asked: the file is the administrator's, and
 * taking it at its word can only take trust away.
 */
static void cert_revocation(struct cert *c, int type)
{
	if (type == SIG_KEY_REVOKE && c->n_signers)
		c->signers[0].revoked = true;
	if (type == SIG_SUBKEY_REVOKE && c->n_signers && c->subkey) {
		c->signers[c->n_signers - 1].revoked = true;
		c->live.len = c->subkey;
		c->skipping = true;
	}
}

/* How long a key is good for is in the latest signature of its owner on it. */
static void cert_expiry(struct cert *c, const struct aip_packet *p)
{
	struct aip_packet_sig sig;
	struct signer *s;

	if (!c->n_signers || aip_packet_sig(p, &sig) < 0 ||
	    strcmp(sig.issuer, c->signers[0].keyid) != 0)
		return;
	if (sig.type == SIG_SUBKEY && c->subkey)
		s = &c->signers[c->n_signers - 1];
	else if (sig.type == SIG_DIRECT ||
		 (sig.type >= SIG_CERT_FIRST && sig.type <= SIG_CERT_LAST))
		s = &c->signers[0];
	else
		return;
	if (sig.made < s->judged)
		return;
	s->judged = sig.made;
	s->expires = sig.life ? s->made + (time_t)sig.life : 0;
}

/* Take notice of one packet of a certificate. */
static int cert_packet(struct cert *c, const struct aip_packet *p)
{
	int r = 0;

	if (p->tag == AIP_PACKET_KEY || p->tag == AIP_PACKET_SUBKEY)
		r = add_signer(c, p);
	if (p->tag == AIP_PACKET_SUBKEY) {
		c->subkey = c->live.len;
		c->skipping = false;
	}
	if (p->tag == AIP_PACKET_USERID && !c->userid) {
		c->userid = userid_of(p);
		r = c->userid ? 0 : -ENOMEM;
	}
	cert_revocation(c, aip_packet_sig_type(p));
	cert_expiry(c, p);
	/* librpm takes no certificate at all that has a revoked subkey in it */
	if (!c->skipping)
		aip_buf_add(&c->live, p->body - (p->total - p->len), p->total);
	return r < 0 ? r : aip_buf_status(&c->live);
}

/* Bytes up to the next certificate; -EBADMSG when the packets are damaged. */
static int cert_scan(struct cert *c, const unsigned char *data, size_t len, size_t *used)
{
	struct aip_packet p;
	int r;

	for (*used = 0; *used < len; *used += p.total) {
		r = aip_packet_read(data + *used, len - *used, &p);
		if (r < 0)
			return r;
		if (*used == 0 && p.tag != AIP_PACKET_KEY)
			return p.tag == AIP_PACKET_SECRET_KEY ? -EPERM : -EBADMSG;
		if (*used && p.tag == AIP_PACKET_KEY)
			break;
		r = cert_packet(c, &p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int cert_finish(struct cert *c, const char *origin)
{
	size_t i;

	c->origin = strdup(origin);
	if (!c->userid)
		c->userid = strdup("");
	if (!c->origin || !c->userid)
		return -ENOMEM;
	memcpy(c->key.fingerprint, c->signers[0].fingerprint, sizeof(c->key.fingerprint));
	memcpy(c->key.keyid, c->signers[0].keyid, sizeof(c->key.keyid));
	c->key.userid = c->userid;
	c->key.origin = c->origin;
	for (i = 0; i < c->n_signers; i++)
		c->key.signers += !c->signers[i].revoked;
	return 0;
}

/* Read one certificate. Return: 0 and *@out, NULL when it was left out with a warning. */
static int cert_read(const unsigned char *data, size_t len, const char *origin, size_t *used,
		     struct cert **out, struct aip_buf *warn, struct aip_err *err)
{
	_cleanup_(cert_freep) struct cert *c = calloc(1, sizeof(*c));
	int r = c ? cert_scan(c, data, len, used) : -ENOMEM;

	*out = NULL;
	if (r == -EPERM)
		return aip_err_set(err, -EBADMSG, "%s holds a private key", origin);
	if (r == -EBADMSG)
		return aip_err_set(err, r, "%s: not an OpenPGP version 4 key, or damaged", origin);
	if (r == 0)
		r = cert_finish(c, origin);
	if (r < 0)
		return aip_err_errno(err, r, "cannot read keys of %s", origin);
	if (c->signers[0].revoked) {
		if (warn)
			aip_buf_fmt(warn, "%s: key %s is revoked and was left out\n", origin,
				    c->key.fingerprint);
		return 0;
	}
	c->pub = rpmPubkeyNew((const uint8_t *)c->live.data, c->live.len);
	aip_buf_free(&c->live);
	if (!c->pub) {
		if (warn)
			aip_buf_fmt(warn, "%s: librpm cannot use key %s; it was left out\n", origin,
				    c->key.fingerprint);
		return 0;
	}
	c->subs = rpmGetSubkeys(c->pub, &c->n_subs);
	*out = TAKE_PTR(c);
	return 0;
}

/* ---- adding ----------------------------------------------------------------------- */

static const struct cert *by_keyid(const struct aip_keyring *ring, const char *keyid,
				   const struct signer **signer)
{
	size_t i, k;

	for (i = 0; i < ring->n; i++) {
		const struct cert *c = ring->certs[i];

		for (k = 0; k < c->n_signers; k++) {
			if (strcmp(c->signers[k].keyid, keyid) != 0 || c->signers[k].revoked)
				continue;
			*signer = &c->signers[k];
			return c;
		}
	}
	return NULL;
}

/* Is one of its keys there already? Return: 0 no, 1 yes; -EEXIST: under another primary key. */
static int known(const struct aip_keyring *ring, const struct cert *c, struct aip_err *err)
{
	const struct signer *s;
	size_t k;
	int r = 0;

	for (k = 0; k < c->n_signers; k++) {
		const struct cert *other = by_keyid(ring, c->signers[k].keyid, &s);

		if (!other)
			continue;
		if (strcmp(other->key.fingerprint, c->key.fingerprint) != 0)
			return aip_err_set(err, -EEXIST,
					   "%s: key %s belongs to %s here and to %s in %s",
					   c->origin, c->signers[k].fingerprint, c->key.fingerprint,
					   other->key.fingerprint, other->origin);
		r = 1;
	}
	return r;
}

/* Takes @c over. Return: 1 when it was added, 0 when it was there. */
static int ring_add(struct aip_keyring *ring, struct cert *c, struct aip_err *err)
{
	struct cert **list;
	int r = known(ring, c, err);

	if (r == 0 && ring->n == KEYS_MAX)
		r = aip_err_set(err, -EBADMSG, "%s: more than %d keys", c->origin, KEYS_MAX);
	if (r != 0) {
		cert_free(c);
		return r < 0 ? r : 0;
	}
	list = realloc(ring->certs, (ring->n + 1) * sizeof(*list));
	if (!list) {
		cert_free(c);
		return aip_err_errno(err, -ENOMEM, "cannot keep a key");
	}
	ring->certs = list;
	ring->certs[ring->n++] = c;
	return 1;
}

static int add_packets(struct aip_keyring *ring, const unsigned char *data, size_t len,
		       const char *origin, struct aip_buf *warn, struct aip_err *err)
{
	int added = 0, r;
	size_t used = 0;

	for (; len; data += used, len -= used) {
		struct cert *c;

		r = cert_read(data, len, origin, &used, &c, warn, err);
		if (r == 0 && c)
			r = ring_add(ring, c, err);
		if (r < 0)
			return r;
		added += r;
	}
	return added;
}

/* One armored block: [@block, @end) from its BEGIN line to behind its END line. */
static int add_block(struct aip_keyring *ring, const char *block, const char *end,
		     const char *origin, struct aip_buf *warn, struct aip_err *err)
{
	_cleanup_free_ char *text = strndup(block, end - block);
	_cleanup_free_ uint8_t *pkts = NULL;
	size_t len = 0;

	if (!text)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", origin);
	if (pgpParsePkts(text, &pkts, &len) != PGPARMOR_PUBKEY)
		return aip_err_set(err, -EBADMSG, "%s: a damaged public key block", origin);
	return add_packets(ring, pkts, len, origin, warn, err);
}

static int add_armored(struct aip_keyring *ring, const char *data, size_t len, const char *origin,
		       struct aip_buf *warn, struct aip_err *err)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	static const char finish[] = "-----END PGP PUBLIC KEY BLOCK-----";
	const char *p = data, *stop = data + len, *block, *end;
	int added = 0, blocks = 0, r;

	if (memmem(data, len, "-----BEGIN PGP PRIVATE KEY", 26))
		return aip_err_set(err, -EBADMSG, "%s holds a private key", origin);
	while ((block = memmem(p, stop - p, begin, sizeof(begin) - 1))) {
		end = memmem(block, stop - block, finish, sizeof(finish) - 1);
		if (!end)
			return aip_err_set(err, -EBADMSG, "%s: a key block without end", origin);
		end += sizeof(finish) - 1;
		r = add_block(ring, block, end, origin, warn, err);
		if (r < 0)
			return r;
		added += r;
		blocks++;
		p = end;
	}
	if (!blocks)
		return aip_err_set(err, -EBADMSG, "%s holds no OpenPGP public key", origin);
	return added;
}

static void fill_librpm(struct aip_keyring *ring, const struct cert *c)
{
	int i;

	rpmKeyringAddKey(ring->ring, c->pub);
	for (i = 0; i < c->n_subs; i++)
		rpmKeyringAddKey(ring->ring, c->subs[i]);
}

int aip_keyring_add(struct aip_keyring *ring, const void *data, size_t len, const char *origin,
		    struct aip_buf *warn, struct aip_err *err)
{
	bool binary = len && *(const unsigned char *)data & 0x80;
	size_t before = ring->n, i;
	int r;

	aip_rpmlog_quiet();
	r = binary ? add_packets(ring, data, len, origin, warn, err)
		   : add_armored(ring, data, len, origin, warn, err);
	if (r < 0)
		while (ring->n > before)
			cert_free(ring->certs[--ring->n]);
	for (i = before; i < ring->n; i++)
		fill_librpm(ring, ring->certs[i]);
	return r;
}

size_t aip_keyring_count(const struct aip_keyring *ring)
{
	return ring->n;
}

const struct aip_key *aip_keyring_key(const struct aip_keyring *ring, size_t i)
{
	return &ring->certs[i]->key;
}

/* ---- verifying ---------------------------------------------------------------------- */

static bool strong(int hash)
{
	return hash == AIP_DIGEST_SHA256 || hash == AIP_DIGEST_SHA384 || hash == AIP_DIGEST_SHA512;
}

static int check(const struct aip_keyring *ring, const void *data, size_t len, pgpDigParams sig,
		 int hash)
{
	DIGEST_CTX ctx = rpmDigestInit(hash, RPMDIGEST_NONE);
	rpmRC rc;

	if (!ctx)
		return -EKEYREJECTED;
	if (len)
		rpmDigestUpdate(ctx, data, len);
	rc = rpmKeyringVerifySig(ring->ring, sig, ctx);
	rpmDigestFinal(ctx, NULL, NULL, 0);
	return rc == RPMRC_OK ? 0 : rc == RPMRC_NOKEY ? -ENOKEY : -EKEYREJECTED;
}

/* @sig is well framed and librpm has read it: whose is it, and does it fit? */
static int judge(const struct aip_keyring *ring, const void *data, size_t len, pgpDigParams sig,
		 struct aip_signer *who, struct aip_err *err)
{
	const struct signer *signer = NULL;
	const struct cert *c;
	int r;

	aip_hex(pgpDigParamsSignID(sig), PGP_KEYID_LEN, who->keyid);
	who->hash = (int)pgpDigParamsAlgo(sig, PGPVAL_HASHALGO);
	c = by_keyid(ring, who->keyid, &signer);
	if (!c)
		return aip_err_set(err, -ENOKEY, "key %s is not trusted", who->keyid);
	memcpy(who->primary, c->key.fingerprint, sizeof(who->primary));
	memcpy(who->signer, signer->fingerprint, sizeof(who->signer));
	who->expires = signer->expires;
	if (c->signers[0].expires && (!who->expires || c->signers[0].expires < who->expires))
		who->expires = c->signers[0].expires;
	if (!strong(who->hash))
		return aip_err_set(err, -EKEYREJECTED,
				   "the signature by key %s uses a weak digest (OpenPGP number %d)",
				   who->keyid, who->hash);
	r = check(ring, data, len, sig, who->hash);
	if (r < 0)
		return aip_err_set(err, r, "the signature by key %s does not fit the data",
				   who->keyid);
	return 0;
}

int aip_keyring_verify(const struct aip_keyring *ring, const void *data, size_t len,
		       const void *sig, size_t siglen, struct aip_signer *who, struct aip_err *err)
{
	struct aip_packet p;
	pgpDigParams params = NULL;
	int r;

	memset(who, 0, sizeof(*who));
	aip_rpmlog_quiet();
	if (aip_packet_read(sig, siglen, &p) < 0 || p.total != siglen ||
	    aip_packet_sig_type(&p) != SIG_BINARY)
		return aip_err_set(err, -EBADMSG, "not an OpenPGP signature of binary data");
	if (pgpPrtParams(sig, siglen, PGPTAG_SIGNATURE, &params) != 0 || !params) {
		pgpDigParamsFree(params);
		return aip_err_set(err, -EBADMSG, "not a signature that librpm can read");
	}
	r = judge(ring, data, len, params, who, err);
	pgpDigParamsFree(params);
	return r;
}
