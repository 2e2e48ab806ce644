// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * repo_mirror.c: one mirror: its repomd.xml, checked against metalink and signature, and the file it names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aipmng/aipmng.h"
#include "common/fs.h"
#include "fetch/repo_look.h"

#define REPOMD_MAX (4u << 20)
#define SIG_MAX	   65536

static int digest_matches(int fd, const char *type, const char *value)
{
	gboolean same = FALSE;
	LrChecksumType t = type ? lr_checksum_type(type) : LR_CHECKSUM_UNKNOWN;

	if (t == LR_CHECKSUM_UNKNOWN || !value)
		return -EINVAL;
	if (lseek(fd, 0, SEEK_SET) < 0 || !lr_checksum_fd_cmp(t, fd, value, FALSE, &same, NULL))
		return -EIO;
	return lseek(fd, 0, SEEK_SET) < 0 ? -EIO : same;
}

/* Is it what these hashes say, by the strongest of them? */
static int hashes_match(int fd, GSList *hashes)
{
	LrMetalinkHash *best = NULL;
	GSList *e;

	for (e = hashes; e; e = e->next) {
		LrMetalinkHash *h = e->data;

		if (!best || (h->type && lr_checksum_type(h->type) > lr_checksum_type(best->type)))
			best = h;
	}
	return best ? digest_matches(fd, best->type, best->value) : -ENOENT;
}

/* A metalink says what repomd.xml must be; it also lists older ones that mirrors may still have. */
static int check_metalink(const struct look *l, int fd, struct aip_err *err)
{
	GSList *e;

	if (!l->metalink || hashes_match(fd, l->metalink->hashes) != 0)
		return 0;
	for (e = l->metalink->alternates; e; e = e->next)
		if (hashes_match(fd, ((LrMetalinkAlternate *)e->data)->hashes) == 1)
			return 0;
	return aip_err_set(err, -EBADMSG,
			   "its repomd.xml is not the one that the metalink describes");
}

/* Import the keys of "gpgkey" into a keyring of our own. Only files: nobody is here to confirm others. */
static int import_keys(struct look *l, const char *home, struct aip_err *err)
{
	char **keys = NULL;
	size_t i, n = 0;

	if (!lr_yum_repoconf_getinfo(l->conf, NULL, LR_YRC_GPGKEY, &keys) || !keys)
		return aip_err_set(err, -ENOKEY, "repo_gpgcheck is on, and there is no gpgkey");
	for (i = 0; keys[i]; i++) {
		char *key = lr_url_substitute(keys[i], l->vars);
		const char *path = g_str_has_prefix(key, "file://") ? key + 7 : key;
		_cleanup_free_ char *full = *path == '/' ? look_path(l, path) : NULL;
		GError *gerr = NULL;

		if (full && lr_gpg_import_key(full, home, &gerr))
			n++;
		else if (*path && *path != '/')
			look_note(l, "gpgkey %s: only keys in files are taken", key);
		else if (*path)
			look_note(l, "gpgkey %s: %s", key, gerr ? gerr->message : "no such file");
		g_clear_error(&gerr);
		g_free(key);
	}
	g_strfreev(keys);
	return n ? 0 : aip_err_set(err, -ENOKEY, "repo_gpgcheck is on, and no gpgkey can be used");
}

static int check_signature(struct look *l, const char *mirror, int fd, bool more,
			   struct aip_err *err)
{
	const char *home = wire_get(l->req, "scratch");
	_cleanup_buf_ struct aip_buf sig = AIP_BUF_INIT;
	_cleanup_close_ int sigfd = -1;
	GError *gerr = NULL;
	char *url;
	int r;

	if (!home)
		return aip_err_set(err, -EROFS, "repo_gpgcheck is on, and %s cannot be written",
				   AIP_CACHE_DIR);
	r = import_keys(l, home, err);
	if (r < 0)
		return r;
	url = g_strconcat(mirror, "/repodata/repomd.xml.asc", NULL);
	r = look_get(l, url, SIG_MAX, more, &sig, err);
	g_free(url);
	if (r < 0)
		return r;
	sigfd = look_memory_file(&sig);
	if (sigfd < 0)
		return aip_err_errno(err, sigfd, "repomd.xml.asc");
	if (!lr_gpg_check_signature_fd(sigfd, fd, home, &gerr)) {
		aip_err_set(err, -EKEYREJECTED, "signature of repomd.xml: %s", gerr->message);
		g_error_free(gerr);
		return -EKEYREJECTED;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? aip_err_errno(err, -errno, "repomd.xml") : 0;
}

static int read_repomd(struct look *l, const char *mirror, bool more, LrYumRepoMd *md,
		       struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_close_ int fd = -1;
	char *url = g_strconcat(mirror, "/repodata/repomd.xml", NULL);
	GError *gerr = NULL;
	int r;

	r = look_get(l, url, REPOMD_MAX, more, &text, err);
	g_free(url);
	if (r < 0)
		return r;
	fd = look_memory_file(&text);
	if (fd < 0)
		return aip_err_errno(err, fd, "repomd.xml");
	r = check_metalink(l, fd, err);
	if (r == 0 && l->gpgcheck)
		r = check_signature(l, mirror, fd, more, err);
	if (r < 0)
		return r;
	if (!lr_yum_repomd_parse_file(md, fd, NULL, NULL, &gerr)) {
		aip_err_set(err, -EBADMSG, "repomd.xml: %s", gerr->message);
		g_error_free(gerr);
		return -EBADMSG;
	}
	return 0;
}

/* The address of the record's file; never outside of the mirror unless repomd.xml names another base. */
static char *record_url(const LrYumRepoMdRecord *rec, const char *mirror)
{
	const char *href = rec->location_href, *base = rec->location_base;

	if (!href || *href == '/' || strstr(href, "..") || strstr(href, "://"))
		return NULL;
	/* as with redirects: from https to https only */
	if (base && strncasecmp(base, "http://", 7) == 0 && strncasecmp(mirror, "https:", 6) == 0)
		return NULL;
	if (base && (strncasecmp(base, "http://", 7) == 0 || strncasecmp(base, "https://", 8) == 0))
		mirror = base;
	return g_strdup_printf("%s%s%s", mirror, g_str_has_suffix(mirror, "/") ? "" : "/", href);
}

static int get_record(struct look *l, const LrYumRepoMdRecord *rec, const char *mirror, size_t max,
		      bool more, struct aip_buf *body, struct aip_err *err)
{
	char *url = record_url(rec, mirror);
	_cleanup_close_ int fd = -1;
	size_t start = body->len;
	struct aip_buf got = AIP_BUF_INIT;
	int r;

	if (!url)
		return aip_err_set(err, -EBADMSG, "repomd.xml: %s has no usable location",
				   REPO_RECORD);
	r = look_get(l, url, max, more, body, err);
	g_free(url);
	if (r < 0)
		return r;
	got.data = body->data + start;
	got.len = body->len - start;
	fd = look_memory_file(&got);
	r = fd < 0 ? fd : digest_matches(fd, rec->checksum_type, rec->checksum);
	if (r == 1)
		return HTTP_BODY;
	body->len = start;
	body->data[start] = 0;
	return aip_err_set(err, -EBADMSG, "its %s is not the file that repomd.xml describes",
			   REPO_RECORD);
}

int look_mirror(struct look *l, const char *mirror, bool more, size_t max,
		const struct http_tags *tags, struct aip_buf *body, struct aip_err *err)
{
	LrYumRepoMd *md = lr_yum_repomd_init();
	struct http_tags *out = &l->ans->tags;
	const LrYumRepoMdRecord *rec;
	int r;

	r = read_repomd(l, mirror, more, md, err);
	if (r < 0)
		goto out;
	rec = lr_yum_repomd_get_record(md, REPO_RECORD);
	if (!rec || !rec->checksum || !rec->checksum_type) {
		r = aip_err_set(err, -ENOENT, "its repomd.xml has no record %s", REPO_RECORD);
		goto out;
	}
	snprintf(out->etag, sizeof(out->etag), "%s:%s", rec->checksum_type, rec->checksum);
	if (strcmp(out->etag, tags->etag) == 0)
		r = HTTP_UNCHANGED;
	else
		r = get_record(l, rec, mirror, max, more, body, err);
out:
	lr_yum_repomd_free(md);
	return r;
}
