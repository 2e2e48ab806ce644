// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/base64.h"
#include "json/json.h"
#include "mkindex/cmd.h"
#include "mkindex/gpg.h"
#include "mkindex/input.h"
#include "patch/envelope.h"

/* The options of a command that writes one index. Return: false when one is not known. */
static bool parse(int argc, char **argv, const struct option *options, struct heading *head,
		  const char **output)
{
	int c;

	while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (c == 'o')
			*output = optarg;
		else if (!heading_option(head, c, optarg))
			return false;
	}
	return true;
}

/* ---- merge ------------------------------------------------------------------------------ */

static int merge_one(const struct aip_index *from, struct aip_index *into, struct aip_err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; i < from->n_files && r == 0; i++)
		r = aip_index_add_file(into, &from->files[i], err);
	for (i = 0; i < from->n_packages && r == 0; i++)
		r = aip_index_add_package(into, &from->packages[i], err);
	for (i = 0; i < from->n_withdrawn && r == 0; i++)
		r = aip_index_add_withdrawn(into, from->withdrawn[i], err);
	for (i = 0; i < from->n_revoked && r == 0; i++)
		r = aip_index_add_revoked(into, from->revoked[i], err);
	return r;
}

/*
 * The first one gives the stream; the serial goes on from the highest of that stream, so that
 * the result may follow any of them.
 */
static int merge(const struct heading *head, char **from, int n, const char *output,
		 struct aip_err *err)
{
	_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();
	_cleanup_(input_free) struct input first = { 0 };
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	int r = idx ? input_read(from[0], &first, err) : -ENOMEM, i;

	if (r == 0)
		r = merge_one(first.index, idx, err);
	for (i = 1; i < n && r == 0; i++) {
		_cleanup_(input_free) struct input next = { 0 };

		r = input_read(from[i], &next, err);
		if (r < 0)
			break;
		if (strcmp(next.index->stream, first.index->stream) == 0 &&
		    next.index->serial > first.index->serial)
			first.index->serial = next.index->serial;
		r = merge_one(next.index, idx, err);
	}
	if (r == 0)
		r = heading_apply(head, first.index, idx, err);
	if (r == 0)
		r = aip_index_finish(idx, err);
	if (r == -EEXIST)
		aip_err_hint(err, "one of the indexes must give way: build it again, or withdraw");
	if (r == 0)
		r = seal_index(idx, &head->sign, &out, err);
	return r < 0 ? r : output_write(output, out.data, out.len, err);
}

int cmd_merge(int argc, char **argv)
{
	static const struct option options[] = { { "output", required_argument, NULL, 'o' },
						 HEADING_OPTIONS,
						 { NULL, 0, NULL, 0 } };
	struct heading head = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	const char *output = NULL;

	if (!parse(argc, argv, options, &head, &output))
		return bad_usage("merge", "see the message above");
	if (!output || optind == argc)
		return bad_usage("merge", "-o INDEX and at least one index are needed");
	if (merge(&head, argv + optind, argc - optind, output, &err) < 0) {
		err.exit = err.exit == EXIT_USAGE ? EXIT_USAGE : EXIT_ERROR;
		return complain(&err);
	}
	return EXIT_DONE;
}

/* ---- sign ------------------------------------------------------------------------------- */

/* The signatures that a file has, as they are. */
struct kept {
	struct aip_json *doc;
	struct aip_buf raw[AIP_ENVELOPE_SIGS];
	struct aip_buf keyid[AIP_ENVELOPE_SIGS];
	struct aip_envelope_sig list[AIP_ENVELOPE_SIGS];
	size_t n;
};

static void kept_free(struct kept *k)
{
	size_t i;

	for (i = 0; i < AIP_ENVELOPE_SIGS; i++) {
		aip_buf_free(&k->raw[i]);
		aip_buf_free(&k->keyid[i]);
	}
	aip_json_free(k->doc);
}

static int keep(struct kept *k, const char *keyid, struct aip_err *err)
{
	if (k->n == AIP_ENVELOPE_SIGS)
		return aip_err_set(err, -E2BIG, "an index has at most %d signatures",
				   AIP_ENVELOPE_SIGS);
	aip_buf_str(&k->keyid[k->n], keyid);
	if (aip_buf_status(&k->keyid[k->n]) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot keep a signature");
	k->list[k->n] = (struct aip_envelope_sig){ k->keyid[k->n].data, k->raw[k->n].data,
						   k->raw[k->n].len };
	k->n++;
	return 0;
}

/* Only what a key id is made of comes out again. */
static bool plain(const char *s)
{
	return strspn(s, "0123456789abcdefABCDEF") == strlen(s);
}

static int keep_old(const struct input *in, const char *path, struct kept *k, struct aip_err *err)
{
	struct aip_json_val sigs, e;
	const char *keyid, *sig;
	bool more;
	int r = aip_json_parse(in->raw.data, in->raw.len, path, NULL, &k->doc, err);

	if (r == 0)
		r = aip_json_array(aip_json_root(k->doc), "signatures", &sigs, err);
	if (r < 0)
		return r;
	for (more = aip_json_first(sigs, &e); more; more = aip_json_next(&e)) {
		if (aip_json_str(e, "keyid", &keyid, NULL) < 0 || !plain(keyid))
			keyid = "";
		r = aip_json_str(e, "sig", &sig, err);
		if (r < 0)
			return r;
		if (k->n < AIP_ENVELOPE_SIGS)
			r = aip_unbase64(&k->raw[k->n], sig, strlen(sig));
		if (r < 0)
			return aip_err_set(err, -EBADMSG, "%s: a signature is not base64", path);
		r = keep(k, keyid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_signatures(const char *path, const struct list *keys, const char *output,
			  struct aip_err *err)
{
	_cleanup_(input_free) struct input in = { 0 };
	_cleanup_(kept_free) struct kept k = { .n = 0 };
	_cleanup_buf_ struct aip_buf pae = AIP_BUF_INIT, out = AIP_BUF_INIT;
	char fpr[41];
	size_t i;
	int r = input_read(path, &in, err);

	if (r == 0 && in.envelope)
		r = keep_old(&in, path, &k, err);
	if (r < 0)
		return r;
	aip_envelope_pae(in.payload.data, in.payload.len, &pae);
	if (aip_buf_status(&pae) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot sign");
	for (i = 0; i < keys->n; i++) {
		if (k.n == AIP_ENVELOPE_SIGS)
			return keep(&k, "", err);
		r = gpg_sign(keys->v[i], pae.data, pae.len, false, &k.raw[k.n], fpr, err);
		if (r == 0)
			r = keep(&k, fpr, err);
		if (r < 0)
			return r;
	}
	r = aip_envelope_write(in.payload.data, in.payload.len, k.list, k.n, &out);
	if (r < 0)
		return aip_err_errno(err, r, "cannot write %s", output);
	return output_write(output, out.data, out.len, err);
}

int cmd_sign(int argc, char **argv)
{
	static const struct option options[] = { { "output", required_argument, NULL, 'o' },
						 { "sign", required_argument, NULL, OPT_SIGN },
						 { NULL, 0, NULL, 0 } };
	struct heading head = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	const char *output = NULL;

	if (!parse(argc, argv, options, &head, &output))
		return bad_usage("sign", "see the message above");
	if (!output || !head.sign.n || optind != argc - 1)
		return bad_usage("sign", "--sign KEY, -o INDEX and one index are needed");
	if (add_signatures(argv[optind], &head.sign, output, &err) < 0) {
		err.exit = EXIT_ERROR;
		return complain(&err);
	}
	return EXIT_DONE;
}
