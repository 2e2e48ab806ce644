// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fingerprint DEV|IMAGE: what start and clear_dirtyflag see, for people who ask why.
 */
#include <inttypes.h>
#include <stdio.h>

#include "aipsnap/cmd.h"
#include "aipsnap/fingerprint.h"
#include "common/hex.h"

static void put_text(const struct fingerprint *fp, const char *digest, struct aip_buf *out)
{
	size_t i;

	aip_buf_fmt(out, "type    %s\n", fp->kind);
	if (fp->uuid_text[0])
		aip_buf_fmt(out, "uuid    %s\n", fp->uuid_text);
	if (!fp->provable) {
		aip_buf_fmt(out, "proof   none: %s\n", fp->why);
		return;
	}
	aip_buf_fmt(out, "proof   %s\n", fp->detail);
	aip_buf_fmt(out, "digest  %s\n", digest);
	for (i = 0; i < fp->n_marks; i++)
		aip_buf_fmt(out, "changed at every start: %" PRIu64 " bytes at %" PRIu64 "\n",
			    fp->marks[i].len, fp->marks[i].start);
}

static void put_json(const struct fingerprint *fp, const char *digest, struct aip_buf *out)
{
	struct aip_jsonw w;
	size_t i;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "type", fp->kind);
	aip_jsonw_str(&w, "uuid", fp->uuid_text[0] ? fp->uuid_text : NULL);
	aip_jsonw_bool(&w, "provable", fp->provable);
	aip_jsonw_str(&w, "detail", fp->provable ? fp->detail : fp->why);
	if (fp->provable) {
		aip_jsonw_uint(&w, "method", fp->method);
		aip_jsonw_str(&w, "digest", digest);
		aip_jsonw_array(&w, "marks");
		for (i = 0; i < fp->n_marks; i++) {
			aip_jsonw_array(&w, NULL);
			aip_jsonw_uint(&w, NULL, fp->marks[i].start);
			aip_jsonw_uint(&w, NULL, fp->marks[i].len);
			aip_jsonw_end(&w);
		}
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
}

int cmd_fingerprint(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	_cleanup_(fingerprint_free) struct fingerprint fp = FINGERPRINT_INIT;
	_cleanup_(reader_close) struct reader r = READER_INIT;
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	char digest[2 * SHA256_LEN + 1];
	bool json = false;
	int c;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c != 'j')
			return cmd_usage(self);
		json = true;
	}
	if (argc - optind != 1)
		return cmd_usage(self);
	if (reader_open(&r, argv[optind], &err) || fingerprint_take(&r, &fp, &err))
		return cmd_fail(&err);
	aip_hex(fp.digest, sizeof(fp.digest), digest);
	if (json)
		put_json(&fp, digest, &out);
	else
		put_text(&fp, digest, &out);
	return cmd_print(&out);
}
