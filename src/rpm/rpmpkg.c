// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rpm/header.h>
#include <rpm/rpmarchive.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmts.h>

#include "common/cleanup.h"
#include "common/hex.h"
#include "rpm/quiet.h"
#include "rpm/rpmpkg.h"

/* The fuzz target leaves out digests too, or nearly nothing would get past them. */
#ifndef AIP_PKG_VSFLAGS
#define AIP_PKG_VSFLAGS _RPMVSF_NOSIGNATURES
#endif

/* What librpm needs open while a package is read. */
struct reader {
	const char *path;
	FD_t fd, payload;
	rpmts ts;
	Header h;
	rpmfiles files;
	rpmfi fi;
};

static void reader_close(struct reader *r)
{
	if (r->fi) {
		rpmfiArchiveClose(r->fi);
		rpmfiFree(r->fi);
	}
	if (r->files)
		rpmfilesFree(r->files);
	if (r->h)
		headerFree(r->h);
	if (r->payload)
		Fclose(r->payload);
	if (r->fd)
		Fclose(r->fd);
	if (r->ts)
		rpmtsFree(r->ts);
}

static int damaged(const struct reader *r, struct aip_err *err, const char *what)
{
	const char *why = aip_rpmlog_last();

	return aip_err_set(err, -EBADMSG, "%s: %s%s%s", r->path, what, why[0] ? ": " : "", why);
}

static int open_regular(struct reader *r, struct aip_err *err)
{
	_cleanup_close_ int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return aip_err_errno(err, -errno, "cannot open %s", r->path);
	if (!S_ISREG(st.st_mode))
		return aip_err_set(err, -EINVAL, "%s is not a regular file", r->path);
	r->fd = fdDup(fd);
	if (!r->fd || Ferror(r->fd))
		return aip_err_set(err, -EIO, "cannot open %s: %s", r->path, Fstrerror(r->fd));
	return 0;
}

int aip_pkg_init(struct aip_err *err)
{
	static bool configured;

	aip_rpmlog_quiet();
	if (!configured && rpmReadConfigFiles(NULL, NULL) != 0)
		return aip_err_set(err, -EIO, "cannot read the configuration of rpm: %s",
				   aip_rpmlog_last());
	configured = true;
	return 0;
}

/* A transaction set that knows no key and opens no database. */
static int make_ts(struct reader *r, struct aip_err *err)
{
	rpmKeyring none;
	int ret = aip_pkg_init(err);

	if (ret < 0)
		return ret;
	r->ts = rpmtsCreate();
	none = rpmKeyringNew();
	rpmtsSetKeyring(r->ts, none);
	rpmKeyringFree(none);
	rpmtsSetVSFlags(r->ts, AIP_PKG_VSFLAGS);
	return 0;
}

static int read_header(struct reader *r, struct aip_err *err)
{
	rpmRC rc;

	aip_rpmlog_forget();
	rc = rpmReadPackageFile(r->ts, r->fd, r->path, &r->h);
	if (rc != RPMRC_OK && rc != RPMRC_NOTTRUSTED && rc != RPMRC_NOKEY)
		return damaged(r, err, "not a package that librpm can read");
	r->files = rpmfilesNew(NULL, r->h, RPMTAG_BASENAMES, RPMFI_KEEPHEADER);
	if (!r->files)
		return damaged(r, err, "its file list is damaged");
	return 0;
}

static int copy_names(struct reader *r, struct aip_pkg *out, struct aip_err *err)
{
	_cleanup_free_ char *evr = headerGetAsString(r->h, RPMTAG_EVR);

	out->name = headerGetAsString(r->h, RPMTAG_NAME);
	out->arch = headerGetAsString(r->h, RPMTAG_ARCH);
	out->source = headerIsSource(r->h);
	if (!out->name || !evr || !out->arch)
		return damaged(r, err, "it has no name, version or architecture");
	out->evr = strdup(strncmp(evr, "0:", 2) == 0 ? evr + 2 : evr);
	return out->evr ? 0 : aip_err_errno(err, -ENOMEM, "cannot read %s", r->path);
}

static void copy_file(rpmfiles files, int ix, struct aip_pkgfile *f)
{
	const unsigned char *digest;
	size_t len = 0;

	f->listed = true;
	f->regular =
		S_ISREG(rpmfilesFMode(files, ix)) && !(rpmfilesFFlags(files, ix) & RPMFILE_GHOST);
	f->size = rpmfilesFSize(files, ix);
	digest = rpmfilesFDigest(files, ix, &f->algo, &len);
	if (digest && len && 2 * len < sizeof(f->digest))
		aip_hex(digest, len, f->digest);
}

static int begin(struct reader *r, const char *const *want, size_t n, struct aip_pkg *out,
		 struct aip_err *err)
{
	size_t i;
	int ret = open_regular(r, err);

	if (ret == 0)
		ret = make_ts(r, err);
	if (ret == 0)
		ret = read_header(r, err);
	if (ret == 0)
		ret = copy_names(r, out, err);
	if (ret < 0)
		return ret;
	out->files = calloc(n + 1, sizeof(*out->files));
	if (!out->files)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", r->path);
	out->n = n;
	for (i = 0; i < n && !out->source; i++) {
		int ix = rpmfilesFindFN(r->files, want[i]);

		if (ix >= 0)
			copy_file(r->files, ix, &out->files[i]);
	}
	return 0;
}

int aip_pkg_read_header(const char *path, const char *const *want, size_t n, struct aip_pkg *out,
			struct aip_err *err)
{
	_cleanup_(reader_close) struct reader r = { .path = path };

	return begin(&r, want, n, out, err);
}

/* ---- contents ------------------------------------------------------------------- */

/* The I/O layer of librpm for a payload's compressor; without the tag it is gzip, as it always was. */
static const char *layer_of(const char *compressor)
{
	static const struct {
		const char *name, *mode;
	} known[] = { { "gzip", "r.gzdio" }, { "bzip2", "r.bzdio" }, { "xz", "r.xzdio" },
		      { "lzma", "r.lzdio" }, { "zstd", "r.zstdio" }, { "identity", "r.ufdio" } };
	size_t i;

	if (!compressor)
		compressor = "gzip";
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, compressor) == 0)
			return known[i].mode;
	return NULL;
}

static int open_payload(struct reader *r, struct aip_err *err)
{
	const char *compressor = headerGetString(r->h, RPMTAG_PAYLOADCOMPRESSOR);
	const char *mode = layer_of(compressor);
	FD_t raw = mode ? fdDup(Fileno(r->fd)) : NULL;

	r->payload = raw ? Fdopen(raw, mode) : NULL;
	if (!r->payload) {
		if (raw)
			Fclose(raw);
		return aip_err_set(err, -EBADMSG,
				   "%s: librpm here cannot unpack its payload (%.32s)", r->path,
				   compressor ? compressor : "gzip");
	}
	aip_rpmlog_forget();
	r->fi = rpmfiNewArchiveReader(r->payload, r->files, RPMFI_ITER_READ_ARCHIVE);
	return r->fi ? 0 : damaged(r, err, "its payload cannot be read");
}

static int take_content(struct reader *r, struct aip_pkgfile *f, const char *name, size_t max,
			struct aip_err *err)
{
	char digest[AIP_DIGEST_HEX_MAX];
	ssize_t got = 0;
	int ret;

	if (f->size > max)
		return aip_err_set(err, -EFBIG, "%s: %s has %llu bytes, more than %zu", r->path,
				   name, f->size, max);
	f->content = malloc(f->size + 1);
	if (!f->content)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", r->path);
	while (f->len < f->size) {
		got = rpmfiArchiveRead(r->fi, f->content + f->len, f->size - f->len);
		if (got <= 0)
			break;
		f->len += got;
	}
	f->content[f->len] = 0;
	if (f->len != f->size)
		return aip_err_set(err, -EBADMSG, "%s: the payload ends inside of %s", r->path,
				   name);
	ret = aip_digest_hex(f->algo, f->content, f->len, digest);
	if (ret < 0)
		return aip_err_errno(err, ret, "%s: cannot check the digest of %s", r->path, name);
	if (strcmp(digest, f->digest) != 0)
		return aip_err_set(err, -EBADMSG, "%s: %s is not what the package's header says",
				   r->path, name);
	return 0;
}

static struct aip_pkgfile *wanted(struct aip_pkg *pkg, const char *const *want, const char *name)
{
	size_t i;

	for (i = 0; i < pkg->n; i++)
		if (pkg->files[i].regular && !pkg->files[i].content && strcmp(want[i], name) == 0)
			return &pkg->files[i];
	return NULL;
}

static size_t missing(const struct aip_pkg *pkg)
{
	size_t i, n = 0;

	for (i = 0; i < pkg->n; i++)
		n += pkg->files[i].regular && !pkg->files[i].content;
	return n;
}

static int read_contents(struct reader *r, const char *const *want, size_t max, struct aip_pkg *out,
			 struct aip_err *err)
{
	int rc = 0, ret;

	while (missing(out) && (rc = rpmfiNext(r->fi)) >= 0) {
		struct aip_pkgfile *f = wanted(out, want, rpmfiFN(r->fi));

		/* of hard links only the last one in the payload has the content */
		if (!f || !rpmfiArchiveHasContent(r->fi))
			continue;
		ret = take_content(r, f, rpmfiFN(r->fi), max, err);
		if (ret < 0)
			return ret;
	}
	if (!missing(out))
		return 0;
	if (rc != RPMERR_ITER_END) {
		_cleanup_free_ char *why = rpmfileStrerror(rc);

		return aip_err_set(err, -EBADMSG, "%s: its payload is damaged: %s", r->path,
				   why ? why : "");
	}
	return aip_err_set(err, -EBADMSG, "%s: its payload lacks a file that its header lists",
			   r->path);
}

int aip_pkg_read(const char *path, const char *const *want, size_t n, size_t max,
		 struct aip_pkg *out, struct aip_err *err)
{
	_cleanup_(reader_close) struct reader r = { .path = path };
	int ret = begin(&r, want, n, out, err);

	if (ret < 0 || !missing(out))
		return ret;
	ret = open_payload(&r, err);
	return ret < 0 ? ret : read_contents(&r, want, max, out, err);
}

void aip_pkg_free(struct aip_pkg *pkg)
{
	size_t i;

	for (i = 0; i < pkg->n; i++)
		free(pkg->files[i].content);
	free(pkg->files);
	free(pkg->name);
	free(pkg->evr);
	free(pkg->arch);
	memset(pkg, 0, sizeof(*pkg));
}
