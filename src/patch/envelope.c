// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base64.h"
#include "common/jsonw.h"
#include "json/json.h"
#include "patch/envelope.h"

#define EXIT_REFUSED 4
#define DEPTH	     8

/* The parts of an envelope; the texts belong to @doc. */
struct parts {
	struct aip_json *doc;
	const char *payload; /* base64 */
	struct aip_json_val signatures;
};

static void parts_free(struct parts *p)
{
	aip_json_free(p->doc);
	p->doc = NULL;
}

/* One of the codes that the header promises, with the exit code that belongs to it. */
static int refuse(int r, struct aip_err *err)
{
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT || r == -ERANGE)
		r = -EBADMSG;
	if (err)
		err->code = r;
	aip_err_exit(err, EXIT_REFUSED);
	return r;
}

static int take_apart(const void *data, size_t len, const char *name, struct parts *p,
		      struct aip_err *err)
{
	static const struct aip_json_limits limits = { .bytes = AIP_ENVELOPE_MAX, .depth = DEPTH };
	struct aip_json_val root;
	const char *type;
	int r = aip_json_parse(data, len, name, &limits, &p->doc, err);

	if (r < 0)
		return r;
	root = aip_json_root(p->doc);
	r = aip_json_str(root, "payloadType", &type, err);
	if (r < 0)
		return r;
	if (strcmp(type, AIP_PAYLOAD_TYPE) != 0)
		return aip_json_err(root, err, -EPROTONOSUPPORT, "the payload is not of type %s",
				    AIP_PAYLOAD_TYPE);
	r = aip_json_str(root, "payload", &p->payload, err);
	if (r == 0)
		r = aip_json_array(root, "signatures", &p->signatures, err);
	if (r < 0)
		return r;
	if (aip_json_size(p->signatures) > AIP_ENVELOPE_SIGS)
		return aip_json_err(p->signatures, err, -EFBIG, "more than %d signatures",
				    AIP_ENVELOPE_SIGS);
	return 0;
}

static void pae_head(size_t len, struct aip_buf *out)
{
	aip_buf_fmt(out, "DSSEv1 %zu %s %zu ", strlen(AIP_PAYLOAD_TYPE), AIP_PAYLOAD_TYPE, len);
}

void aip_envelope_pae(const void *payload, size_t len, struct aip_buf *out)
{
	pae_head(len, out);
	aip_buf_add(out, payload, len);
}

static size_t decoded_len(const char *base64, size_t len)
{
	size_t pad = 0;

	while (pad < len && pad < 2 && base64[len - 1 - pad] == '=')
		pad++;
	return len / 4 * 3 - (len >= 4 ? pad : 0);
}

/* What was signed, with the payload at its end from @start on. */
static int decode_pae(const struct parts *p, const char *name, struct aip_buf *pae, size_t *start,
		      struct aip_err *err)
{
	size_t len = strlen(p->payload), want = decoded_len(p->payload, len);
	int r;

	pae_head(want, pae);
	*start = pae->len;
	r = aip_unbase64(pae, p->payload, len);
	if (r == 0 && pae->len - *start != want)
		r = -EINVAL;
	if (r == -ENOMEM || aip_buf_status(pae) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", name);
	if (r < 0)
		return aip_err_set(err, -EBADMSG, "%s: payload: not base64", name);
	return 0;
}

/* ---- who signed -------------------------------------------------------------------- */

/* What came of the signatures. */
struct tally {
	struct aip_endorsers good;
	int worst;		/* why a signature did not count: the gravest reason */
	struct aip_buf reasons; /* all of them, for people */
};

static bool is_revoked(const struct aip_trust *t, const struct aip_signer *s)
{
	size_t i;

	for (i = 0; i < t->n_revoked; i++)
		if (strcasecmp(t->revoked[i], s->primary) == 0 ||
		    strcasecmp(t->revoked[i], s->signer) == 0)
			return true;
	return false;
}

static int gravity(int code)
{
	return code == -EKEYREVOKED ? 3 : code == -EKEYREJECTED ? 2 : code == -ENOKEY ? 1 : 0;
}

static void discount(struct tally *t, int code, const char *why)
{
	if (gravity(code) > gravity(t->worst))
		t->worst = code;
	aip_buf_fmt(&t->reasons, "%s%s", t->reasons.len ? "; " : "", why);
}

static void count(struct tally *t, const struct aip_signer *who)
{
	size_t i;

	for (i = 0; i < t->good.n; i++)
		if (strcmp(t->good.by[i].primary, who->primary) == 0)
			return;
	t->good.by[t->good.n++] = *who;
}

static int weigh(struct aip_json_val e, const struct aip_buf *pae, const struct aip_trust *trust,
		 struct tally *t, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf sig = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	struct aip_signer who;
	const char *text;
	int r = aip_json_str(e, "sig", &text, err);

	if (r < 0)
		return r;
	r = strlen(text) <= AIP_SIG_MAX ? aip_unbase64(&sig, text, strlen(text)) : -EINVAL;
	if (r == -ENOMEM)
		return aip_err_errno(err, r, "cannot read a signature");
	if (r < 0) {
		discount(t, -EBADMSG, "a signature is not base64 or too long");
		return 0;
	}
	r = aip_keyring_verify(trust->keyring, pae->data, pae->len, sig.data, sig.len, &who, &why);
	if (r < 0) {
		discount(t, r, why.msg);
	} else if (is_revoked(trust, &who)) {
		aip_err_set(&why, -EKEYREVOKED, "key %s is revoked", who.primary);
		discount(t, -EKEYREVOKED, why.msg);
	} else {
		count(t, &who);
	}
	return 0;
}

static int too_few(const char *name, const struct aip_trust *trust, const struct tally *t,
		   struct aip_err *err)
{
	unsigned int need = trust->threshold ? trust->threshold : 1;
	int code = t->worst == -EKEYREVOKED || t->worst == -EKEYREJECTED ? t->worst : -ENOKEY;

	if (!aip_keyring_count(trust->keyring))
		aip_err_set(err, code, "%s: no key is trusted on this machine", name);
	else
		aip_err_set(err, code, "%s: signed by %zu trusted key%s, %u needed%s%s%s", name,
			    t->good.n, t->good.n == 1 ? "" : "s", need, t->reasons.len ? " (" : "",
			    t->reasons.len ? t->reasons.data : "", t->reasons.len ? ")" : "");
	if (code == -ENOKEY)
		aip_err_hint(err, "if the publisher is to be trusted, put the public key into "
				  "/etc/aip/keys.d/");
	else if (code == -EKEYREJECTED)
		aip_err_hint(err,
			     "the file was changed after it was signed, or damaged on the way; "
			     "fetch it again from another mirror");
	return code;
}

/* Weigh all signatures. Return: 0 when enough of them count. */
static int check_signatures(const struct parts *p, const char *name, const struct aip_buf *pae,
			    const struct aip_trust *trust, struct tally *t, struct aip_err *err)
{
	unsigned int need = trust->threshold ? trust->threshold : 1;
	struct aip_json_val e;
	bool more;
	int r;

	for (more = aip_json_first(p->signatures, &e); more; more = aip_json_next(&e)) {
		r = weigh(e, pae, trust, t, err);
		if (r < 0)
			return r;
	}
	return t->good.n >= need ? 0 : too_few(name, trust, t, err);
}

/* An index that revokes keys needs enough signatures of others. */
static int check_own_revocations(const struct aip_index *idx, const char *name,
				 const struct aip_trust *trust, struct tally *t,
				 struct aip_err *err)
{
	unsigned int need = trust->threshold ? trust->threshold : 1;
	size_t i, kept = 0;

	for (i = 0; i < t->good.n; i++)
		if (!aip_index_is_revoked(idx, t->good.by[i].primary) &&
		    !aip_index_is_revoked(idx, t->good.by[i].signer))
			t->good.by[kept++] = t->good.by[i];
	t->good.n = kept;
	if (kept >= need)
		return 0;
	aip_err_set(err, -EKEYREVOKED,
		    "%s: signed by %zu trusted key%s that it does not itself revoke, %u needed",
		    name, kept, kept == 1 ? "" : "s", need);
	aip_err_hint(err, "whoever revokes a key signs with the others");
	return -EKEYREVOKED;
}

static int latest_first(const void *a, const void *b)
{
	time_t x = ((const struct aip_signer *)a)->expires;
	time_t y = ((const struct aip_signer *)b)->expires;

	if (!x || !y)
		return x ? 1 : y ? -1 : 0;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* Until when so many of the keys that signed are good as are needed. */
static time_t keys_expire(const struct tally *t, unsigned int need)
{
	struct aip_endorsers by = t->good;

	qsort(by.by, by.n, sizeof(by.by[0]), latest_first);
	return by.by[need - 1].expires;
}

/* ---- opening ----------------------------------------------------------------------- */

static int open_parts(struct parts *p, const char *name, const struct aip_trust *trust,
		      struct aip_index **idx, struct tally *t, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf pae = AIP_BUF_INIT;
	size_t start;
	int r = decode_pae(p, name, &pae, &start, err);

	if (r == 0)
		r = check_signatures(p, name, &pae, trust, t, err);
	parts_free(p); /* two trees of one index at a time would be two too many */
	if (r == 0)
		r = aip_index_parse(pae.data + start, pae.len - start, name, idx, err);
	return r;
}

int aip_envelope_open(const void *data, size_t len, const char *name, const struct aip_trust *trust,
		      struct aip_index **out, struct aip_endorsers *who, struct aip_err *err)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	_cleanup_(parts_free) struct parts p = { 0 };
	struct tally t = { .reasons = AIP_BUF_INIT };
	int r = take_apart(data, len, name, &p, err);

	if (r == 0)
		r = open_parts(&p, name, trust, &idx, &t, err);
	if (r == 0)
		r = check_own_revocations(idx, name, trust, &t, err);
	if (r == 0)
		idx->keys_expire = keys_expire(&t, trust->threshold ? trust->threshold : 1);
	if (r == 0 && trust->from_network) {
		r = aip_index_check_time(idx, trust->now, err);
		if (r < 0)
			aip_err_prefix(err, "%s", name);
	}
	aip_buf_free(&t.reasons);
	if (r < 0)
		return refuse(r, err);
	if (who)
		*who = t.good;
	*out = TAKE_PTR(idx);
	return 0;
}

int aip_envelope_peek(const void *data, size_t len, const char *name, struct aip_buf *payload,
		      struct aip_err *err)
{
	_cleanup_(parts_free) struct parts p = { 0 };
	int r = take_apart(data, len, name, &p, err);

	if (r < 0)
		return refuse(r, err);
	r = aip_unbase64(payload, p.payload, strlen(p.payload));
	if (r == -EINVAL)
		return refuse(aip_err_set(err, -EBADMSG, "%s: payload: not base64", name), err);
	return r < 0 ? aip_err_errno(err, r, "cannot read %s", name) : 0;
}

bool aip_envelope_looks(const void *data, size_t len)
{
	return len && memmem(data, len, "\"payloadType\"", 13);
}

/* ---- writing ----------------------------------------------------------------------- */

static void member_base64(struct aip_buf *out, const char *name, const void *data, size_t len)
{
	aip_buf_fmt(out, "\"%s\":\"", name);
	aip_base64(out, data, len);
	aip_buf_chr(out, '"');
}

int aip_envelope_write(const void *payload, size_t len, const struct aip_envelope_sig *sigs,
		       size_t n, struct aip_buf *out)
{
	size_t i;

	aip_buf_fmt(out, "{\"payloadType\":\"%s\",\n", AIP_PAYLOAD_TYPE);
	member_base64(out, "payload", payload, len);
	aip_buf_str(out, ",\n\"signatures\":[");
	for (i = 0; i < n; i++) {
		aip_buf_fmt(out, "%s\n{\"keyid\":\"%s\",", i ? "," : "", sigs[i].keyid);
		member_base64(out, "sig", sigs[i].sig, sigs[i].len);
		aip_buf_chr(out, '}');
	}
	aip_buf_str(out, "]}\n");
	return aip_buf_status(out);
}
