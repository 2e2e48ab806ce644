// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * heading.c: stream, serial, times, withdrawn patches and revoked keys of a new index; signing it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/rfc3339.h"
#include "json/json.h"
#include "mkindex/cmd.h"
#include "mkindex/gpg.h"
#include "patch/envelope.h"

#define DAY	     86400
#define EXPIRES_DAYS 30

bool heading_option(struct heading *h, int c, const char *arg)
{
	switch (c) {
	case OPT_STREAM:
		h->stream = arg;
		return true;
	case OPT_SERIAL:
		h->serial = arg;
		return true;
	case OPT_ISSUED:
		h->issued = arg;
		return true;
	case OPT_EXPIRES:
		h->expires = arg;
		return true;
	case OPT_WITHDRAW:
		return list_add(&h->withdraw, arg) == 0;
	case OPT_REVOKE:
		return list_add(&h->revoke, arg) == 0;
	case OPT_SIGN:
		return list_add(&h->sign, arg) == 0;
	}
	return false;
}

/* An option has no sense. */
#define NONSENSE(err, ...) (aip_err_set(err, -EINVAL, __VA_ARGS__), aip_err_exit(err, EXIT_USAGE))

/* A whole number of decimal digits. */
static bool number(const char *s, int64_t max, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(s, &end, 10);
	return isdigit((unsigned char)*s) && !*end && !errno && *out <= max;
}

static int set_serial(const struct heading *h, const struct aip_index *previous,
		      struct aip_index *idx, struct aip_err *err)
{
	idx->serial = previous ? previous->serial + 1 : 1;
	if (h->serial && (!number(h->serial, AIP_JSON_INT_MAX, &idx->serial) || idx->serial < 1))
		return NONSENSE(err, "--serial %s is not a number from 1 to 2^53 - 1", h->serial);
	if (previous && strcmp(previous->stream, idx->stream) == 0 &&
	    idx->serial <= previous->serial)
		return aip_err_set(
			err, -EINVAL,
			"serial %lld is not above the previous index's %lld; clients would "
			"refuse it",
			(long long)idx->serial, (long long)previous->serial);
	return 0;
}

static int set_issued(const struct heading *h, struct aip_index *idx, struct aip_err *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t t;

	if (h->issued) {
		if (aip_rfc3339_parse(h->issued, &idx->issued) < 0)
			return NONSENSE(err, "--issued %s is not a time like 2026-11-22T09:15:00Z",
					h->issued);
		return 0;
	}
	if (epoch) {
		if (!number(epoch, AIP_JSON_INT_MAX, &t))
			return NONSENSE(err, "SOURCE_DATE_EPOCH=%s is not a time", epoch);
		idx->issued = t;
		return 0;
	}
	idx->issued = time(NULL);
	return 0;
}

static int set_expires(const struct heading *h, struct aip_index *idx, struct aip_err *err)
{
	size_t n = h->expires ? strlen(h->expires) : 0;
	char days[16] = "";
	int64_t d = EXPIRES_DAYS;

	if (n > 1 && n < sizeof(days) && h->expires[n - 1] == 'd') {
		memcpy(days, h->expires, n - 1);
		if (!number(days, 100000, &d))
			return NONSENSE(err, "--expires %s is neither a time nor days like 30d",
					h->expires);
	} else if (n) {
		if (aip_rfc3339_parse(h->expires, &idx->expires) < 0)
			return NONSENSE(err, "--expires %s is neither a time nor days like 30d",
					h->expires);
		return 0;
	}
	idx->expires = idx->issued + d * DAY;
	return 0;
}

/* Lists only grow: what was withdrawn or revoked once stays so. */
static int set_lists(const struct heading *h, const struct aip_index *previous,
		     struct aip_index *idx, struct aip_err *err)
{
	char fpr[AIP_FPR_MAX];
	size_t i, k;
	int r = 0;

	for (i = 0; previous && i < previous->n_withdrawn && r == 0; i++)
		r = aip_index_add_withdrawn(idx, previous->withdrawn[i], err);
	for (i = 0; previous && i < previous->n_revoked && r == 0; i++)
		r = aip_index_add_revoked(idx, previous->revoked[i], err);
	if (r < 0)
		return r;
	for (i = 0; i < h->withdraw.n; i++)
		if (aip_index_add_withdrawn(idx, h->withdraw.v[i], err) < 0)
			return NONSENSE(err, "--withdraw %s: not a SHA-256 in lower-case hex",
					h->withdraw.v[i]);
	for (i = 0; i < h->revoke.n; i++) {
		snprintf(fpr, sizeof(fpr), "%s", h->revoke.v[i]);
		for (k = 0; fpr[k]; k++)
			fpr[k] = tolower((unsigned char)fpr[k]);
		if (aip_index_add_revoked(idx, fpr, err) < 0)
			return NONSENSE(err, "--revoke %s: not the fingerprint of a key",
					h->revoke.v[i]);
	}
	return 0;
}

int heading_apply(const struct heading *h, const struct aip_index *previous, struct aip_index *idx,
		  struct aip_err *err)
{
	const char *stream = h->stream ? h->stream : previous ? previous->stream : NULL;
	int r;

	if (!stream)
		return NONSENSE(err, "a new index needs --stream NAME");
	r = aip_index_set_stream(idx, stream, err);
	if (r == -EINVAL)
		aip_err_exit(err, EXIT_USAGE);
	if (r == 0)
		r = set_serial(h, previous, idx, err);
	if (r == 0)
		r = set_issued(h, idx, err);
	if (r == 0)
		r = set_expires(h, idx, err);
	return r < 0 ? r : set_lists(h, previous, idx, err);
}

/* ---- signing ------------------------------------------------------------------------ */

struct signatures {
	struct aip_buf sig[AIP_ENVELOPE_SIGS];
	char fpr[AIP_ENVELOPE_SIGS][41];
	struct aip_envelope_sig list[AIP_ENVELOPE_SIGS];
	size_t n;
};

static void signatures_free(struct signatures *s)
{
	while (s->n)
		aip_buf_free(&s->sig[--s->n]);
}

static int sign_all(const struct list *keys, const struct aip_buf *payload, struct signatures *s,
		    struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf pae = AIP_BUF_INIT;
	size_t i;
	int r = 0;

	if (keys->n > AIP_ENVELOPE_SIGS)
		return aip_err_set(err, -E2BIG, "an index has at most %d signatures",
				   AIP_ENVELOPE_SIGS);
	aip_envelope_pae(payload->data, payload->len, &pae);
	if (aip_buf_status(&pae) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot sign");
	for (i = 0; i < keys->n && r == 0; i++) {
		s->n++;
		r = gpg_sign(keys->v[i], pae.data, pae.len, false, &s->sig[i], s->fpr[i], err);
		s->list[i] = (struct aip_envelope_sig){ s->fpr[i], s->sig[i].data, s->sig[i].len };
	}
	return r;
}

/* Open it as a client that trusts these keys would. */
static int prove_signed(const struct aip_buf *env, const struct signatures *s, struct aip_err *err)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	struct aip_trust trust = { .keyring = ring };
	size_t i;
	int r = ring ? 0 : -ENOMEM;

	for (i = 0; i < s->n && r == 0; i++) {
		_cleanup_buf_ struct aip_buf key = AIP_BUF_INIT;

		r = gpg_export(s->fpr[i], &key, err);
		if (r == 0)
			r = aip_keyring_add(ring, key.data, key.len, s->fpr[i], NULL, err);
		r = r < 0 ? r : 0;
	}
	if (r < 0)
		return r;
	trust.threshold = aip_keyring_count(ring);
	r = aip_envelope_open(env->data, env->len, "the signed index", &trust, &idx, NULL, err);
	if (r < 0)
		aip_err_hint(err, "clients would refuse it: sign with keys that librpm can verify "
				  "(RSA, Ed25519) and that the index does not revoke");
	aip_err_exit(err, 0);
	return r;
}

int seal_index(const struct aip_index *idx, const struct list *sign, struct aip_buf *out,
	       struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf payload = AIP_BUF_INIT, env = AIP_BUF_INIT;
	_cleanup_(signatures_free) struct signatures s = { .n = 0 };
	int r = aip_index_write(idx, sign->n ? &payload : out, err);

	if (r < 0 || !sign->n)
		return r;
	r = sign_all(sign, &payload, &s, err);
	if (r < 0)
		return r;
	r = aip_envelope_write(payload.data, payload.len, s.list, s.n, &env);
	if (r < 0)
		return aip_err_errno(err, r, "cannot write the envelope");
	r = prove_signed(&env, &s, err);
	if (r < 0)
		return r;
	aip_buf_add(out, env.data, env.len);
	return aip_buf_status(out) < 0 ? aip_err_errno(err, -ENOMEM, "cannot write the envelope")
				       : 0;
}
