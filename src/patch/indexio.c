// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index as JSON, read and written.
 */
#include <errno.h>
#include <string.h>

#include "common/hex.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "json/json.h"
#include "patch/index.h"
#include "patch/udiff.h"

#define EXIT_REFUSED 4
#define DEPTH	     8
/* so much that it still fits into an envelope of AIP_INDEX_MAX_BYTES, with its signatures */
#define WRITE_MAX (AIP_INDEX_MAX_BYTES / 4 * 3 - 192 * 1024)

/* ---- reading --------------------------------------------------------------------- */

/* What an add function objects to is said with the place where it stands. */
static int at(struct aip_json_val v, int r, struct aip_err *err)
{
	struct aip_err why = AIP_ERR_INIT;

	if (r >= 0 || r == -ENOMEM || !err)
		return r;
	why = *err;
	return aip_json_err(v, err, r == -EINVAL ? -EBADMSG : r, "%s", why.msg);
}

static int read_time(struct aip_json_val obj, const char *name, time_t *out, struct aip_err *err)
{
	const char *text;
	int r = aip_json_str(obj, name, &text, err);

	if (r < 0)
		return r;
	if (aip_rfc3339_parse(text, out) < 0)
		return aip_json_err(obj, err, -EBADMSG, "%s is not a time like %s", name,
				    "2026-11-22T09:15:00Z");
	return 0;
}

typedef int (*add_text_fn)(struct aip_index *, const char *, struct aip_err *);

static int read_list(struct aip_json_val obj, const char *name, struct aip_index *idx,
		     add_text_fn add, struct aip_err *err)
{
	struct aip_json_val list, e;
	const char *text;
	bool more;
	int r = aip_json_array(obj, name, &list, err);

	if (r < 0)
		return r;
	for (more = aip_json_first(list, &e); more; more = aip_json_next(&e)) {
		r = aip_json_str(e, NULL, &text, err);
		if (r == 0)
			r = at(e, add(idx, text, err), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A diff is allowed only as one insertion of a text that is compiled in. */
static int read_diff(const char *text, struct aip_index_file *f, struct aip_err *err)
{
	_cleanup_(aip_udiff_freep) struct aip_udiff *d = NULL;
	const struct aip_insertion *ins;
	size_t n;
	int r = aip_udiff_parse(text, strlen(text), &d, err);

	if (r == 0)
		r = aip_udiff_insertions(d, &ins, &n, err);
	if (r < 0)
		return r;
	if (n != 1)
		return aip_err_set(err, -EPERM, "the diff has %zu insertions, not one", n);
	r = aip_hook_match(f->kind, ins[0].text, ins[0].len);
	if (r < 0)
		return aip_err_set(err, -EPERM,
				   "what it inserts is not a hook that this aip knows");
	f->after = ins[0].after;
	f->text = r;
	return 0;
}

static int read_file(struct aip_json_val e, struct aip_index *idx, struct aip_err *err)
{
	struct aip_index_file f = { .pre = aip_json_name(e) };
	const char *path, *diff;
	int r, kind;

	r = aip_json_str(e, "path", &path, err);
	if (r < 0)
		return r;
	kind = aip_kind_by_path(path);
	if (kind < 0)
		return aip_json_err(e, err, -EPERM, "its path is not one that aip patches");
	f.kind = kind;
	r = aip_json_str(e, "post", &f.post, err);
	if (r == 0)
		r = aip_json_str(e, "diff", &diff, err);
	if (r < 0)
		return r;
	r = at(e, read_diff(diff, &f, err), err);
	return r < 0 ? r : at(e, aip_index_add_file(idx, &f, err), err);
}

static int read_files(struct aip_json_val root, struct aip_index *idx, struct aip_err *err)
{
	struct aip_json_val files, e;
	bool more;
	int r = aip_json_object(root, "files", &files, err);

	if (r < 0)
		return r;
	for (more = aip_json_first(files, &e); more; more = aip_json_next(&e)) {
		r = read_file(e, idx, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_package(struct aip_json_val e, struct aip_index *idx, struct aip_err *err)
{
	const char *files[AIP_INDEX_MAX_PKGFILES];
	struct aip_index_package p = { .files = files };
	struct aip_json_val list, f;
	bool more;
	int r;

	r = aip_json_str(e, "name", &p.name, err);
	if (r == 0)
		r = aip_json_str(e, "evr", &p.evr, err);
	if (r == 0)
		r = aip_json_str(e, "arch", &p.arch, err);
	if (r == 0)
		r = aip_json_array(e, "files", &list, err);
	if (r < 0)
		return r;
	for (more = aip_json_first(list, &f); more; more = aip_json_next(&f)) {
		if (p.n_files == AIP_INDEX_MAX_PKGFILES)
			return aip_json_err(list, err, -EFBIG, "more than %d files",
					    AIP_INDEX_MAX_PKGFILES);
		r = aip_json_str(f, NULL, &files[p.n_files++], err);
		if (r < 0)
			return r;
	}
	return at(e, aip_index_add_package(idx, &p, err), err);
}

static int read_packages(struct aip_json_val root, struct aip_index *idx, struct aip_err *err)
{
	struct aip_json_val list, e;
	bool more;
	int r = aip_json_array(root, "packages", &list, err);

	if (r < 0)
		return r;
	for (more = aip_json_first(list, &e); more; more = aip_json_next(&e)) {
		r = read_package(e, idx, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_head(struct aip_json_val root, struct aip_index *idx, struct aip_err *err)
{
	const char *stream;
	int64_t format;
	int r;

	r = aip_json_int(root, "format", -AIP_JSON_INT_MAX, AIP_JSON_INT_MAX, &format, err);
	if (r < 0)
		return r;
	if (format != AIP_INDEX_FORMAT) {
		aip_json_err(root, err, -EPROTONOSUPPORT, "format %lld is not known to this aip",
			     (long long)format);
		return aip_err_hint(err, "update the package aip");
	}
	r = aip_json_str(root, "stream", &stream, err);
	if (r == 0)
		r = at(root, aip_index_set_stream(idx, stream, err), err);
	if (r == 0)
		r = aip_json_int(root, "serial", 1, AIP_JSON_INT_MAX, &idx->serial, err);
	if (r == 0)
		r = read_time(root, "issued", &idx->issued, err);
	if (r == 0)
		r = read_time(root, "expires", &idx->expires, err);
	return r;
}

static int read_all(struct aip_json_val root, struct aip_index *idx, struct aip_err *err)
{
	int r = aip_json_object(root, NULL, &root, err);

	if (r == 0)
		r = read_head(root, idx, err);
	if (r == 0)
		r = read_list(root, "revoked_keys", idx, aip_index_add_revoked, err);
	if (r == 0)
		r = read_list(root, "withdrawn", idx, aip_index_add_withdrawn, err);
	if (r == 0)
		r = read_files(root, idx, err);
	if (r == 0)
		r = read_packages(root, idx, err);
	return r < 0 ? r : at(root, aip_index_finish(idx, err), err);
}

/* One of the codes that the header promises, with the exit code that belongs to it. */
static int refuse(int r, struct aip_err *err)
{
	if (r == -ENOMEM)
		return r;
	if (r != -EPROTONOSUPPORT && r != -EPERM && r != -EFBIG)
		r = -EBADMSG;
	if (err)
		err->code = r;
	aip_err_exit(err, EXIT_REFUSED);
	return r;
}

int aip_index_parse(const void *data, size_t len, const char *name, struct aip_index **out,
		    struct aip_err *err)
{
	static const struct aip_json_limits limits = { .bytes = AIP_INDEX_MAX_BYTES,
						       .depth = DEPTH };
	_cleanup_(aip_index_freep) struct aip_index *idx = aip_index_new();
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	int r;

	if (!idx)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", name);
	r = aip_json_parse(data, len, name, &limits, &doc, err);
	if (r == 0)
		r = read_all(aip_json_root(doc), idx, err);
	if (r < 0)
		return refuse(r, err);
	r = aip_sha256_hex(data, len, idx->sha256);
	if (r < 0)
		return aip_err_errno(err, r, "cannot compute SHA-256");
	*out = TAKE_PTR(idx);
	return 0;
}

/* ---- writing ---------------------------------------------------------------------- */

static void write_head(const struct aip_index *idx, struct aip_buf *out)
{
	char when[AIP_RFC3339_LEN];

	aip_buf_fmt(out, "  \"format\": %d,\n", AIP_INDEX_FORMAT);
	aip_buf_fmt(out, "  \"stream\": \"%s\",\n", idx->stream);
	aip_buf_fmt(out, "  \"serial\": %lld,\n", (long long)idx->serial);
	aip_buf_fmt(out, "  \"issued\": \"%s\",\n", aip_rfc3339(idx->issued, when));
	aip_buf_fmt(out, "  \"expires\": \"%s\",\n", aip_rfc3339(idx->expires, when));
}

static void write_list(const char *name, const char **list, size_t n, struct aip_buf *out)
{
	size_t i;

	aip_buf_fmt(out, "  \"%s\": [", name);
	for (i = 0; i < n; i++)
		aip_buf_fmt(out, "%s\n    \"%s\"", i ? "," : "", list[i]);
	aip_buf_str(out, n ? "\n  ],\n" : "],\n");
}

static void write_file(const struct aip_index_file *f, struct aip_buf *diff, struct aip_buf *out)
{
	struct aip_jsonw w;

	aip_buf_reset(diff);
	aip_index_diff(f, diff);
	aip_buf_fmt(out, "    \"%s\": ", f->pre);
	aip_jsonw_init(&w, out, false);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "path", aip_hook(f->kind)->path);
	aip_jsonw_str(&w, "post", f->post);
	aip_jsonw_strn(&w, "diff", diff->data, diff->len);
	aip_jsonw_end(&w);
}

static void write_package(const struct aip_index_package *p, struct aip_buf *out)
{
	struct aip_jsonw w;
	size_t i;

	aip_buf_str(out, "    ");
	aip_jsonw_init(&w, out, false);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "name", p->name);
	aip_jsonw_str(&w, "evr", p->evr);
	aip_jsonw_str(&w, "arch", p->arch);
	aip_jsonw_array(&w, "files");
	for (i = 0; i < p->n_files; i++)
		aip_jsonw_str(&w, NULL, p->files[i]);
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
}

int aip_index_write(const struct aip_index *idx, struct aip_buf *out, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf diff = AIP_BUF_INIT;
	size_t start = out->len, i;

	aip_buf_str(out, "{\n");
	write_head(idx, out);
	write_list("revoked_keys", idx->revoked, idx->n_revoked, out);
	write_list("withdrawn", idx->withdrawn, idx->n_withdrawn, out);
	aip_buf_str(out, "  \"files\": {");
	for (i = 0; i < idx->n_files; i++) {
		aip_buf_str(out, i ? ",\n" : "\n");
		write_file(&idx->files[i], &diff, out);
	}
	aip_buf_str(out, idx->n_files ? "\n  },\n" : "},\n");
	aip_buf_str(out, "  \"packages\": [");
	for (i = 0; i < idx->n_packages; i++) {
		aip_buf_str(out, i ? ",\n" : "\n");
		write_package(&idx->packages[i], out);
	}
	aip_buf_str(out, idx->n_packages ? "\n  ]\n}\n" : "]\n}\n");
	if (aip_buf_status(out) < 0 || aip_buf_status(&diff) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot write the index");
	if (out->len - start > WRITE_MAX)
		return aip_err_set(err, -EFBIG,
				   "the index has %zu bytes; clients take an envelope of at most "
				   "%u, which is %u of index",
				   out->len - start, AIP_INDEX_MAX_BYTES, WRITE_MAX);
	return 0;
}
