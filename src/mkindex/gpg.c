// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/spawn.h"
#include "mkindex/gpg.h"

#define TIMEOUT_MS 600000 /* somebody may have to find a smart card */
#define OUTPUT_MAX (1 << 20)

/* gpg's own words without its name, the last line of them. */
static void last_words(const struct aip_buf *said, char *out, size_t size)
{
	const char *p = said->len ? said->data : "", *line = "";
	size_t n = 0;

	while (*p) {
		size_t len = strcspn(p, "\n");

		if (len && strncmp(p, "[GNUPG:]", 8) != 0) {
			line = p;
			n = len;
		}
		p += len + (p[len] == '\n');
	}
	if (strncmp(line, "gpg: ", 5) == 0) {
		line += 5;
		n -= 5;
	}
	snprintf(out, size, "%.*s", (int)n, line);
}

static int run(const char *const *argv, const void *in, size_t len, struct aip_spawn_result *res,
	       struct aip_err *err)
{
	const struct aip_spawn s = { .argv = argv,
				     .input = in,
				     .input_len = len,
				     .output_max = OUTPUT_MAX,
				     .timeout_ms = TIMEOUT_MS };
	char words[256];
	int r = aip_spawn(&s, res, err);

	if (r == -ENOENT)
		aip_err_hint(err, "install gpg (package gnupg2 or gpg)");
	if (r < 0)
		return r;
	if (res->status == 0 && res->out.len)
		return 0;
	last_words(&res->err, words, sizeof(words));
	return aip_err_set(err, -EKEYREJECTED, "gpg failed: %s",
			   words[0] ? words : "it gave no reason");
}

/* "[GNUPG:] SIG_CREATED D algo hash class time FPR" */
static int created_by(const struct aip_buf *status, char fingerprint[41])
{
	const char *p = status->len ? strstr(status->data, "[GNUPG:] SIG_CREATED ") : NULL;
	char fpr[65] = "";
	size_t i;

	if (!p || sscanf(p, "[GNUPG:] SIG_CREATED %*s %*s %*s %*s %*s %64[0-9A-F]", fpr) != 1 ||
	    strlen(fpr) != 40)
		return -EKEYREJECTED;
	for (i = 0; i <= 40; i++)
		fingerprint[i] = tolower((unsigned char)fpr[i]);
	return 0;
}

int gpg_sign(const char *key, const void *data, size_t len, bool armor, struct aip_buf *sig,
	     char fingerprint[41], struct aip_err *err)
{
	const char *const argv[] = { "gpg",
				     "--batch",
				     "--no-tty",
				     "--status-fd=2",
				     armor ? "--armor" : "--no-armor",
				     "--digest-algo=SHA256",
				     "--local-user",
				     key,
				     "--output=-",
				     "--detach-sign",
				     NULL };
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	int r = run(argv, data, len, &res, err);

	if (r < 0) {
		aip_err_prefix(err, "cannot sign with key %s", key);
		if (r == -EKEYREJECTED)
			aip_err_hint(err, "try: gpg --local-user %s --detach-sign FILE", key);
		return r;
	}
	r = created_by(&res.err, fingerprint);
	if (r < 0)
		return aip_err_set(err, r, "gpg does not say which key signed for %s", key);
	aip_buf_add(sig, res.out.data, res.out.len);
	return aip_buf_status(sig) < 0 ? aip_err_errno(err, -ENOMEM, "cannot sign") : 0;
}

int gpg_export(const char *key, struct aip_buf *out, struct aip_err *err)
{
	const char *const argv[] = { "gpg",	 "--batch",
				     "--no-tty", "--export-options=export-minimal",
				     "--export", key,
				     NULL };
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	int r = run(argv, NULL, 0, &res, err);

	if (r < 0)
		return aip_err_prefix(err, "cannot export the public key %s", key), r;
	aip_buf_add(out, res.out.data, res.out.len);
	return aip_buf_status(out) < 0 ? aip_err_errno(err, -ENOMEM, "cannot export a key") : 0;
}
