// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * repodata.c: finds in a repository's primary metadata the packages with a patchable file.
 * It lists every file below /etc, so that no package needs to be opened for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libxml/xmlreader.h>
#include <stdlib.h>
#include <string.h>

#include "common/fs.h"
#include "mkindex/sources.h"
#include "patch/hook.h"
#include "rpm/digest.h"
#include "rpm/unpack.h"

#define REPOMD_MAX   (1u << 20)
#define PRIMARY_MAX  (512u << 20) /* packed */
#define UNPACKED_MAX (4ULL << 30)

/* ---- XML, without network, entities and words on stderr ----------------------------- */

static void silent(void *ctx, const char *msg, ...)
{
}

static void silent_error(void *ctx, xmlErrorPtr error)
{
}

#define OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)

static bool is(xmlTextReaderPtr x, int type, const char *name)
{
	return xmlTextReaderNodeType(x) == type &&
	       strcmp((const char *)xmlTextReaderConstLocalName(x), name) == 0;
}

/*
 * The next node.  Metadata have no document type; one that is there would bring entities, and
 * they could grow without end.  Return: 1, 0 at the end, -1 when it is not to be read.
 */
static int next_node(xmlTextReaderPtr x)
{
	int r = xmlTextReaderRead(x);

	return r == 1 && xmlTextReaderNodeType(x) == XML_READER_TYPE_DOCUMENT_TYPE ? -1 : r;
}

/* ---- repomd.xml ------------------------------------------------------------------------ */

struct primary {
	char *href;	/* relative to the repository */
	char *checksum; /* of the file, hex */
	int algo;
};

static void primary_free(struct primary *p)
{
	free(p->href);
	free(p->checksum);
}

static int algo_of(const char *type)
{
	static const struct {
		const char *name;
		int algo;
	} known[] = { { "sha256", AIP_DIGEST_SHA256 }, { "sha512", AIP_DIGEST_SHA512 },
		      { "sha384", AIP_DIGEST_SHA384 }, { "sha224", AIP_DIGEST_SHA224 },
		      { "sha1", AIP_DIGEST_SHA1 },     { "sha", AIP_DIGEST_SHA1 },
		      { "md5", AIP_DIGEST_MD5 } };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, type) == 0)
			return known[i].algo;
	return -1;
}

static void take_attr(xmlTextReaderPtr x, const char *name, char **out)
{
	xmlChar *v = xmlTextReaderGetAttribute(x, BAD_CAST name);

	if (v) {
		free(*out);
		*out = strdup((const char *)v);
	}
	xmlFree(v);
}

static void take_checksum(xmlTextReaderPtr x, struct primary *p)
{
	xmlChar *type = xmlTextReaderGetAttribute(x, BAD_CAST "type");
	xmlChar *text = xmlTextReaderReadString(x);

	if (type && text) {
		free(p->checksum);
		p->checksum = strdup((const char *)text);
		p->algo = algo_of((const char *)type);
	}
	xmlFree(type);
	xmlFree(text);
}

/* Take what stands in <data type="primary">. Return: 0, or -1 when it is not well-formed XML. */
static int read_repomd(xmlTextReaderPtr x, struct primary *p)
{
	bool inside = false;
	int r;

	while ((r = next_node(x)) == 1) {
		if (is(x, XML_READER_TYPE_ELEMENT, "data")) {
			_cleanup_free_ char *type = NULL;

			take_attr(x, "type", &type);
			inside = type && strcmp(type, "primary") == 0;
		}
		if (is(x, XML_READER_TYPE_END_ELEMENT, "data"))
			inside = false;
		if (inside && is(x, XML_READER_TYPE_ELEMENT, "location"))
			take_attr(x, "href", &p->href);
		if (inside && is(x, XML_READER_TYPE_ELEMENT, "checksum"))
			take_checksum(x, p);
	}
	return r;
}

static int find_primary(int repofd, const char *repo, struct primary *p, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf md = AIP_BUF_INIT;
	xmlTextReaderPtr x;
	int r = aip_read_file(repofd, "repodata/repomd.xml", REPOMD_MAX, &md, err);

	if (r < 0)
		return aip_err_prefix(err, "%s", repo), r;
	x = md.len ? xmlReaderForMemory(md.data, (int)md.len, NULL, NULL, OPTIONS) : NULL;
	r = x ? read_repomd(x, p) : -1;
	xmlFreeTextReader(x);
	if (r < 0)
		return aip_err_set(err, -EBADMSG, "%s/repodata/repomd.xml is damaged", repo);
	if (!p->href || !p->checksum || p->algo < 0)
		return aip_err_set(err, -EBADMSG,
				   "%s/repodata/repomd.xml names no primary metadata", repo);
	return 0;
}

/* ---- primary.xml ------------------------------------------------------------------------ */

struct listing {
	struct sources *s;
	const char *repo;
	int repofd;
	char *href, *arch;
	bool patchable;
	size_t packages;
	struct aip_err *err;
};

/*
 * Whether a path in metadata stays in the repository as it is written.  Links are followed:
 * mirrors are made of them, and they are the mirror's own.
 */
static bool stays_inside(const char *href)
{
	const char *p = href;

	if (!p || *p == '/')
		return false;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
		p += n + (p[n] == '/');
	}
	return p > href;
}

/* A package of the metadata is over: keep it when it has a patchable file. */
static int end_package(struct listing *l)
{
	_cleanup_free_ char *path = NULL;

	l->packages++;
	if (!l->patchable || (l->arch && strcmp(l->arch, "src") == 0))
		return 0;
	if (!l->href)
		return aip_err_set(l->err, -EBADMSG,
				   "%s: a package without location in the metadata", l->repo);
	if (!stays_inside(l->href))
		return aip_err_set(l->err, -EBADMSG, "%s: the metadata list %s, outside of it",
				   l->repo, l->href);
	if (faccessat(l->repofd, l->href, R_OK, 0) < 0)
		return aip_err_errno(l->err, -errno, "%s: the metadata list %s", l->repo, l->href);
	if (asprintf(&path, "%s/%s", l->repo, l->href) < 0) {
		path = NULL;
		return aip_err_errno(l->err, -ENOMEM, "cannot list %s", l->repo);
	}
	return sources_keep(l->s, path, l->err);
}

static void take_text(xmlTextReaderPtr x, char **out)
{
	xmlChar *text = xmlTextReaderReadString(x);

	if (text) {
		free(*out);
		*out = strdup((const char *)text);
	}
	xmlFree(text);
}

static void begin_package(struct listing *l)
{
	free(l->href);
	free(l->arch);
	l->href = l->arch = NULL;
	l->patchable = false;
}

static int one_node(xmlTextReaderPtr x, struct listing *l)
{
	if (is(x, XML_READER_TYPE_END_ELEMENT, "package"))
		return end_package(l);
	if (is(x, XML_READER_TYPE_ELEMENT, "package"))
		begin_package(l);
	if (is(x, XML_READER_TYPE_ELEMENT, "location"))
		take_attr(x, "href", &l->href);
	if (is(x, XML_READER_TYPE_ELEMENT, "arch"))
		take_text(x, &l->arch);
	if (is(x, XML_READER_TYPE_ELEMENT, "file")) {
		_cleanup_free_ char *name = NULL;

		take_text(x, &name);
		l->patchable |= name && aip_kind_by_path(name) >= 0;
	}
	return 0;
}

/* What the reader takes its bytes from. */
struct feed {
	struct aip_unpack *u;
	unsigned long long total;
};

static int feed_read(void *ctx, char *buf, int len)
{
	struct feed *f = ctx;
	ssize_t n = aip_unpack_read(f->u, buf, len);

	if (n > 0)
		f->total += n;
	return n < 0 || f->total > UNPACKED_MAX ? -1 : (int)n;
}

static int read_primary(struct listing *l, const char *path, struct aip_err *err)
{
	struct feed f = { 0 };
	xmlTextReaderPtr x;
	int r = aip_unpack_open(path, &f.u, err), node = -1;

	if (r < 0)
		return r;
	x = xmlReaderForIO(feed_read, NULL, &f, NULL, NULL, OPTIONS | XML_PARSE_HUGE);
	while (x && r == 0 && (node = next_node(x)) == 1)
		r = one_node(x, l);
	if (r == 0 && node < 0)
		r = aip_err_set(err, -EBADMSG, "%s is damaged after %zu packages", path,
				l->packages);
	xmlFreeTextReader(x);
	aip_unpack_close(f.u);
	return r;
}

static int check_primary(int repofd, const char *repo, const struct primary *p, char **path,
			 struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf file = AIP_BUF_INIT;
	char hex[AIP_DIGEST_HEX_MAX];
	int r = 0;

	if (!stays_inside(p->href))
		r = aip_err_set(err, -EBADMSG, "its metadata list %s, outside of it", p->href);
	if (r == 0)
		r = aip_read_file(repofd, p->href, PRIMARY_MAX, &file, err);
	if (r == 0 && !file.len)
		r = aip_err_set(err, -EBADMSG, "%s is empty", p->href);
	if (r < 0)
		return aip_err_prefix(err, "%s", repo), r;
	r = aip_digest_hex(p->algo, file.data, file.len, hex);
	if (r < 0)
		return aip_err_errno(err, r, "%s: cannot check %s", repo, p->href);
	if (!p->checksum || strcmp(hex, p->checksum) != 0)
		return aip_err_set(err, -EBADMSG, "%s/%s is not what repomd.xml says", repo,
				   p->href);
	if (asprintf(path, "%s/%s", repo, p->href) < 0) {
		*path = NULL;
		return aip_err_errno(err, -ENOMEM, "cannot read %s", repo);
	}
	return 0;
}

int repodata_add(struct sources *s, const char *repo, struct aip_err *err)
{
	_cleanup_close_ int repofd = open(repo, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct listing l = { .s = s, .repo = repo, .repofd = repofd, .err = err };
	_cleanup_(primary_free) struct primary p = { 0 };
	_cleanup_free_ char *path = NULL;
	int r;

	if (repofd < 0)
		return aip_err_errno(err, -errno, "cannot open %s", repo);
	LIBXML_TEST_VERSION;
	xmlSetGenericErrorFunc(NULL, silent);
	xmlSetStructuredErrorFunc(NULL, (xmlStructuredErrorFunc)silent_error);
	r = find_primary(repofd, repo, &p, err);
	if (r == 0)
		r = check_primary(repofd, repo, &p, &path, err);
	if (r == 0)
		r = read_primary(&l, path, err);
	begin_package(&l);
	if (r < 0)
		aip_err_hint(err, "make its metadata again with createrepo_c, or name the package "
				  "files instead of the repository");
	return r;
}
