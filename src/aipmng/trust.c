// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aipmng/strlist.h"
#include "aipmng/trust.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/root.h"

struct load {
	const struct ctx *ctx;
	struct trust *t;
	char ***warnings;
	size_t *n;
};

/* What an editor or rpm left beside a key file is not a key file. */
static bool is_key_file(const char *name)
{
	static const char *const leftovers[] = { "~", ".rpmsave", ".rpmnew", ".rpmorig", ".bak" };
	size_t n = strlen(name), i;

	if (name[0] == '.')
		return false;
	for (i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
		size_t m = strlen(leftovers[i]);

		if (n > m && strcmp(name + n - m, leftovers[i]) == 0)
			return false;
	}
	return true;
}

/* Each line of @text, which the keyring wrote about keys that it left out. */
static int warn_lines(struct load *l, const char *path, const struct aip_buf *text)
{
	char *line, *rest = text->data;

	while (rest && (line = strsep(&rest, "\n")))
		if (*line && strlist_add(l->warnings, l->n, "%s: %s", path, line) < 0)
			return -ENOMEM;
	return 0;
}

static int read_key_file(struct load *l, const char *path, struct aip_buf *text,
			 struct aip_err *why)
{
	_cleanup_free_ char *rel = NULL;
	struct stat st;
	int r;

	r = aip_root_resolve(l->ctx->rootfd, path, 1, &rel, why);
	if (r < 0)
		return r;
	if (fstatat(l->ctx->rootfd, rel, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IWOTH))
		return aip_err_set(why, -EPERM, "%s can be changed by every user: chmod o-w it",
				   path);
	return aip_read_file(l->ctx->rootfd, rel, TRUST_KEY_MAX, text, why);
}

/* Take the keys of one file. Return: 0 (also when it is not used: warned), -ENOENT or -ENOMEM. */
static int load_file(struct load *l, const char *path)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT, lines = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	int r;

	r = read_key_file(l, path, &text, &why);
	if (r == -ENOENT)
		return r;
	if (r == 0)
		r = aip_keyring_add(l->t->ring, text.data ? text.data : "", text.len, path, &lines,
				    &why);
	if (r == -ENOMEM || warn_lines(l, path, &lines) < 0)
		return -ENOMEM;
	if (r < 0)
		return strlist_add(l->warnings, l->n, "key file not used: %s%s%s", why.msg,
				   why.hint[0] ? "; " : "", why.hint);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_keys(const struct ctx *ctx, char ***paths, size_t *n, struct aip_err *why)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int fd = ctx_dir(ctx, AIP_KEYS_DIR, 0, why);

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return aip_err_errno(why, -errno, "cannot read %s", AIP_KEYS_DIR);
	}
	while ((e = readdir(dir))) {
		if (!is_key_file(e->d_name))
			continue;
		if (*n == TRUST_FILES_MAX)
			return aip_err_set(why, -EFBIG, "%s holds more than %d files", AIP_KEYS_DIR,
					   TRUST_FILES_MAX);
		if (strlist_add(paths, n, "%s/%s", AIP_KEYS_DIR, e->d_name) < 0)
			return -ENOMEM;
	}
	if (*n)
		qsort(*paths, *n, sizeof(**paths), by_bytes);
	return 0;
}

static int load_dir(struct load *l)
{
	struct aip_err why = AIP_ERR_INIT;
	char **paths = NULL;
	size_t n = 0, i;
	int r;

	r = list_keys(l->ctx, &paths, &n, &why);
	if (r < 0 && r != -ENOENT && r != -ENOMEM)
		r = strlist_add(l->warnings, l->n, "%s", why.msg);
	for (i = 0; r != -ENOMEM && i < n; i++)
		r = load_file(l, paths[i]);
	strlist_free(&paths, &n);
	return r == -ENOMEM ? r : 0;
}

int trust_load(const struct ctx *ctx, unsigned int threshold, struct trust *t, char ***warnings,
	       size_t *n, struct aip_err *err)
{
	struct load l = { ctx, t, warnings, n };
	int r;

	t->threshold = threshold ? threshold : 1;
	t->ring = aip_keyring_new();
	r = t->ring ? load_file(&l, AIP_KEY_FILE) : -ENOMEM;
	if (r != -ENOMEM)
		r = load_dir(&l);
	if (r == -ENOMEM)
		return aip_err_errno(err, r, "cannot read the trusted keys");
	t->n_keys = aip_keyring_count(t->ring);
	return 0;
}

void trust_free(struct trust *t)
{
	aip_keyring_free(t->ring);
	strlist_free(&t->revoked, &t->n_revoked);
	memset(t, 0, sizeof(*t));
}

static bool is_revoked(const struct trust *t, const char *fingerprint)
{
	size_t i;

	for (i = 0; i < t->n_revoked; i++)
		if (strcmp(t->revoked[i], fingerprint) == 0)
			return true;
	return false;
}

int trust_revoke(struct trust *t, const char *fingerprint)
{
	if (is_revoked(t, fingerprint))
		return 0;
	return strlist_add(&t->revoked, &t->n_revoked, "%s", fingerprint) < 0 ? -ENOMEM : 1;
}

int trust_revoke_state(struct trust *t, const struct accept_state *st)
{
	size_t i;

	for (i = 0; i < st->n_revoked; i++)
		if (trust_revoke(t, st->revoked[i].fingerprint) < 0)
			return -ENOMEM;
	return 0;
}

size_t trust_usable(const struct trust *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n_keys; i++)
		n += !is_revoked(t, aip_keyring_key(t->ring, i)->fingerprint);
	return n;
}

int trust_open(const struct trust *t, const void *data, size_t len, const char *name,
	       struct aip_index **idx, struct aip_err *err)
{
	const struct aip_trust whom = {
		.keyring = t->ring,
		.threshold = t->threshold,
		.revoked = (const char *const *)t->revoked,
		.n_revoked = t->n_revoked,
		.from_network = false,
	};

	return aip_envelope_open(data, len, name, &whom, idx, NULL, err);
}
