// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fs.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "mkindex/cmd.h"
#include "mkindex/input.h"
#include "patch/envelope.h"

#define KEY_FILE_MAX (1u << 20)

/* ---- verify --------------------------------------------------------------------------- */

static const struct option verify_options[] = {
	{ "key", required_argument, NULL, 'k' },
	{ "threshold", required_argument, NULL, 't' },
	{ "now", required_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 },
};

struct verify {
	struct list keys;
	unsigned int threshold;
	time_t now;
};

static int parse_verify(int argc, char **argv, struct verify *v)
{
	int c;

	v->now = time(NULL);
	v->threshold = 1;
	while ((c = getopt_long(argc, argv, "", verify_options, NULL)) != -1) {
		if (c == 'k' && list_add(&v->keys, optarg) == 0)
			continue;
		if (c == 't' && atoi(optarg) > 0) {
			v->threshold = atoi(optarg);
			continue;
		}
		if (c == 'n' && aip_rfc3339_parse(optarg, &v->now) == 0)
			continue;
		return bad_usage("verify", "see the message above, or an option's value is wrong");
	}
	if (optind != argc - 1)
		return bad_usage("verify", "one index is to be named");
	return 0;
}

static int read_keys(const struct list *keys, struct aip_keyring *ring, struct aip_err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; i < keys->n && r >= 0; i++) {
		_cleanup_buf_ struct aip_buf file = AIP_BUF_INIT, warn = AIP_BUF_INIT;

		r = aip_read_file(AT_FDCWD, keys->v[i], KEY_FILE_MAX, &file, err);
		if (r == 0)
			r = aip_keyring_add(ring, file.data, file.len, keys->v[i], &warn, err);
		if (warn.len)
			fprintf(stderr, "aip-mkindex: %s", warn.data);
	}
	return r < 0 ? r : 0;
}

/* Without keys only the form can be checked. */
static int verify_form(const struct verify *v, const struct input *in, const char *path,
		       struct aip_err *err)
{
	int r = aip_index_check_time(in->index, v->now, err);

	if (r < 0)
		return r;
	printf("%s: well formed, stream %s, serial %" PRId64 "; %s\n", path, in->index->stream,
	       in->index->serial,
	       in->envelope ? "signatures not checked (no --key)" : "not signed");
	return 0;
}

static int verify_signed(const struct verify *v, const struct input *in, const char *path,
			 struct aip_err *err)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	struct aip_trust trust = {
		.keyring = ring, .threshold = v->threshold, .from_network = true, .now = v->now
	};
	struct aip_endorsers who;
	size_t i;
	int r = ring ? read_keys(&v->keys, ring, err) : -ENOMEM;

	if (r < 0)
		return r;
	if (!in->envelope) {
		aip_err_set(err, -EBADMSG, "%s is not signed", path);
		aip_err_exit(err, EXIT_REFUSED);
		return -EBADMSG;
	}
	r = aip_envelope_open(in->raw.data, in->raw.len, path, &trust, &idx, &who, err);
	if (r < 0)
		return r;
	printf("%s: good, stream %s, serial %" PRId64 ", signed by", path, idx->stream,
	       idx->serial);
	for (i = 0; i < who.n; i++)
		printf("%s %s", i ? "," : "", who.by[i].primary);
	puts("");
	return 0;
}

int cmd_verify(int argc, char **argv)
{
	_cleanup_(input_free) struct input in = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	struct verify v = { 0 };
	int r = parse_verify(argc, argv, &v);
	const char *path;

	if (r)
		return r;
	path = argv[optind];
	r = input_read(path, &in, &err);
	if (r == 0)
		r = v.keys.n ? verify_signed(&v, &in, path, &err)
			     : verify_form(&v, &in, path, &err);
	return r < 0 ? complain(&err) : EXIT_DONE;
}

/* ---- show ------------------------------------------------------------------------------- */

static void show_text(const struct input *in)
{
	const struct aip_index *idx = in->index;
	char issued[AIP_RFC3339_LEN], expires[AIP_RFC3339_LEN];
	size_t i, k;

	printf("stream    %s\nserial    %" PRId64 "\nissued    %s\nexpires   %s\nsigned    %s\n",
	       idx->stream, idx->serial, aip_rfc3339(idx->issued, issued),
	       aip_rfc3339(idx->expires, expires), in->envelope ? "yes (see verify)" : "no");
	printf("sha256    %s\npatches   %zu\npackages  %zu\n", idx->sha256, idx->n_files,
	       idx->n_packages);
	for (i = 0; i < idx->n_revoked; i++)
		printf("revoked   %s\n", idx->revoked[i]);
	for (i = 0; i < idx->n_withdrawn; i++)
		printf("withdrawn %s\n", idx->withdrawn[i]);
	for (i = 0; i < idx->n_packages; i++) {
		const struct aip_index_package *p = &idx->packages[i];

		printf("%s-%s.%s\n", p->name, p->evr, p->arch);
		for (k = 0; k < p->n_files; k++) {
			const struct aip_index_file *f = aip_index_by_pre(idx, p->files[k]);

			if (f)
				printf("  %s  %-10s after line %zu%s\n", f->pre,
				       aip_hook(f->kind)->name, f->after,
				       aip_index_is_withdrawn(idx, f->post) ? ", withdrawn" : "");
			else
				printf("  %s  no lawful place\n", p->files[k]);
		}
	}
}

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { NULL, 0, NULL, 0 } };
	_cleanup_(input_free) struct input in = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return bad_usage("show", "see the message above");
		json = true;
	}
	if (optind != argc - 1)
		return bad_usage("show", "one index is to be named");
	if (input_read(argv[optind], &in, &err) < 0)
		return complain(&err);
	if (json)
		fwrite(in.payload.data, 1, in.payload.len, stdout);
	else
		show_text(&in);
	return EXIT_DONE;
}
