// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "aipbackup/manifest.h"
#include "common/hex.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "json/json.h"

/* A file name of ours: no folder, no hidden file. */
static bool plain_name(const char *s)
{
	return s[0] && s[0] != '.' && !strchr(s, '/') && strlen(s) < 64;
}

static bool valid_id(const char *s)
{
	return strlen(s) == AIP_ID_LEN && strspn(s, "0123456789") == AIP_ID_LEN &&
	       strcmp(s, "0000") != 0;
}

static int get_copy(struct aip_json_val v, const char *name, char **out, struct aip_err *err)
{
	const char *s;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	*out = strdup(s);
	return *out ? 0 : aip_err_errno(err, -ENOMEM, "cannot read a manifest");
}

static int get_id(struct aip_json_val v, const char *name, char *out, struct aip_err *err)
{
	const char *s;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	if (!valid_id(s))
		return aip_json_err(v, err, -EBADMSG, "%s: not the number of a backup", name);
	strcpy(out, s);
	return 0;
}

static int get_hex32(struct aip_json_val v, const char *name, char *out, struct aip_err *err)
{
	const char *s;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	if (!aip_is_hex(s, 32))
		return aip_json_err(v, err, -EBADMSG, "%s: not 32 hex digits", name);
	strcpy(out, s);
	return 0;
}

static int get_u64(struct aip_json_val v, const char *name, uint64_t *out, struct aip_err *err)
{
	int64_t n;
	int r = aip_json_int(v, name, 0, AIP_JSON_INT_MAX, &n, err);

	if (r == 0)
		*out = n;
	return r;
}

static int parse_head(struct aip_json_val v, struct aip_manifest *m, struct aip_err *err)
{
	const char *set, *kind, *created;
	int64_t format;
	int r;

	r = aip_json_int(v, "format", 0, AIP_JSON_INT_MAX, &format, err);
	if (r < 0)
		return r;
	if (format != AIP_MANIFEST_FORMAT) {
		aip_json_err(v, err, -EBADMSG, "format %" PRId64 " is not known here", format);
		return aip_err_hint(err, "a newer aipbackup made this set: use that one");
	}
	if ((r = aip_json_str(v, "set", &set, err)) < 0 || (r = get_id(v, "id", m->id, err)) < 0 ||
	    (r = aip_json_str(v, "kind", &kind, err)) < 0 ||
	    (r = aip_json_str(v, "created", &created, err)) < 0 ||
	    (r = get_copy(v, "reason", &m->reason, err)) < 0)
		return r;
	if (strlen(set) != 36)
		return aip_json_err(v, err, -EBADMSG, "set: not a UUID");
	strcpy(m->set, set);
	if (aip_rfc3339_parse(created, &m->created) < 0)
		return aip_json_err(v, err, -EBADMSG, "created: not a time");
	if (strcmp(kind, "full") == 0) {
		m->kind = AIP_FULL;
		return 0;
	}
	if (strcmp(kind, "incremental") != 0)
		return aip_json_err(v, err, -EBADMSG, "kind: neither full nor incremental");
	m->kind = AIP_INCREMENTAL;
	r = get_id(v, "parent", m->parent, err);
	if (r == 0 && strcmp(m->parent, m->id) >= 0)
		r = aip_json_err(v, err, -EBADMSG, "parent: not older than the backup");
	return r;
}

static int parse_source(struct aip_json_val v, struct aip_manifest *m, struct aip_err *err)
{
	struct aip_json_val s;
	int64_t chunk;
	int r;

	if ((r = aip_json_object(v, "source", &s, err)) < 0 ||
	    (r = get_copy(s, "device", &m->device, err)) < 0 ||
	    (r = get_copy(s, "uuid", &m->uuid, err)) < 0 ||
	    (r = get_copy(s, "fs", &m->fs, err)) < 0 ||
	    (r = get_u64(s, "size", &m->size, err)) < 0 ||
	    (r = aip_json_int(s, "chunk", 4096, 1 << 20, &chunk, err)) < 0)
		return r;
	if (chunk & (chunk - 1) || !m->size || m->size % 512)
		return aip_json_err(s, err, -EBADMSG, "impossible size or chunk");
	m->chunk = chunk;
	if (!aip_json_has(v, "tracking"))
		return 0;
	if ((r = aip_json_object(v, "tracking", &s, err)) < 0 ||
	    (r = get_hex32(s, "lineage", m->lineage, err)) < 0)
		return r;
	return get_hex32(s, "generation", m->generation, err);
}

static int parse_store(struct aip_json_val v, struct aip_manifest *m, struct aip_err *err)
{
	struct aip_json_val s;
	const char *type;
	int r;

	if ((r = aip_json_object(v, "store", &s, err)) < 0 ||
	    (r = aip_json_str(s, "type", &type, err)) < 0)
		return r;
	if (strcmp(type, "qcow2") == 0) {
		m->store = AIP_STORE_QCOW2;
		r = get_copy(s, "file", &m->where, err);
		if (r == 0 && !plain_name(m->where))
			r = aip_json_err(s, err, -EBADMSG, "file: not a plain file name");
	} else if (strcmp(type, "nbd") == 0) {
		m->store = AIP_STORE_NBD;
		r = get_copy(s, "uri", &m->where, err);
	} else {
		r = aip_json_err(s, err, -EBADMSG, "type: neither qcow2 nor nbd");
	}
	if (r < 0)
		return r;
	if ((r = aip_json_object(v, "sums", &s, err)) < 0 ||
	    (r = get_copy(s, "file", &m->sums, err)) < 0 ||
	    (r = get_hex32(s, "xxh128", m->sums_digest, err)) < 0 ||
	    (r = get_u64(s, "chunks", &m->chunks, err)) < 0)
		return r;
	if (!plain_name(m->sums))
		return aip_json_err(s, err, -EBADMSG, "file: not a plain file name");
	return 0;
}

static int parse_tail(struct aip_json_val v, struct aip_manifest *m, struct aip_err *err)
{
	struct aip_json_val s;
	int r;

	if ((r = aip_json_object(v, "bytes", &s, err)) < 0 ||
	    (r = get_u64(s, "read", &m->read, err)) < 0 ||
	    (r = get_u64(s, "stored", &m->stored, err)) < 0 ||
	    (r = get_u64(s, "zero", &m->zero, err)) < 0 ||
	    (r = get_u64(s, "unused", &m->unused, err)) < 0 ||
	    (r = get_u64(v, "seconds", &m->seconds, err)) < 0 ||
	    (r = aip_json_object(v, "tools", &s, err)) < 0)
		return r;
	r = get_copy(s, "kernel", &m->kernel, err);
	if (r == 0 && aip_json_has(v, "pruned"))
		r = aip_json_bool(v, "pruned", &m->pruned, err);
	return r;
}

int aip_manifest_parse(const void *data, size_t len, const char *name, struct aip_manifest *m,
		       struct aip_err *err)
{
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	struct aip_json_val v;
	int r;

	memset(m, 0, sizeof(*m));
	r = aip_json_parse(data, len, name, NULL, &doc, err);
	if (r < 0)
		return r;
	v = aip_json_root(doc);
	if ((r = parse_head(v, m, err)) == 0 && (r = parse_source(v, m, err)) == 0 &&
	    (r = parse_store(v, m, err)) == 0 && (r = parse_tail(v, m, err)) == 0)
		return 0;
	aip_manifest_free(m);
	if (r == -ENOENT && err) /* a member that is missing is damage, not a missing file */
		err->code = -EBADMSG;
	return r == -ENOENT ? -EBADMSG : r;
}

void aip_manifest_write(const struct aip_manifest *m, struct aip_buf *out)
{
	char created[AIP_RFC3339_LEN];
	struct aip_jsonw w;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_int(&w, "format", AIP_MANIFEST_FORMAT);
	aip_jsonw_str(&w, "set", m->set);
	aip_jsonw_str(&w, "id", m->id);
	aip_jsonw_str(&w, "kind", m->kind == AIP_FULL ? "full" : "incremental");
	aip_jsonw_str(&w, "parent", m->parent[0] ? m->parent : NULL);
	aip_jsonw_str(&w, "created", aip_rfc3339(m->created, created));
	aip_jsonw_str(&w, "reason", m->reason);
	aip_jsonw_object(&w, "source");
	aip_jsonw_str(&w, "device", m->device);
	aip_jsonw_str(&w, "uuid", m->uuid);
	aip_jsonw_str(&w, "fs", m->fs);
	aip_jsonw_uint(&w, "size", m->size);
	aip_jsonw_uint(&w, "chunk", m->chunk);
	aip_jsonw_end(&w);
	if (m->generation[0]) {
		aip_jsonw_object(&w, "tracking");
		aip_jsonw_str(&w, "lineage", m->lineage);
		aip_jsonw_str(&w, "generation", m->generation);
		aip_jsonw_end(&w);
	} else {
		aip_jsonw_null(&w, "tracking");
	}
	aip_jsonw_object(&w, "store");
	aip_jsonw_str(&w, "type", m->store == AIP_STORE_QCOW2 ? "qcow2" : "nbd");
	aip_jsonw_str(&w, m->store == AIP_STORE_QCOW2 ? "file" : "uri", m->where);
	aip_jsonw_end(&w);
	aip_jsonw_object(&w, "sums");
	aip_jsonw_str(&w, "file", m->sums);
	aip_jsonw_str(&w, "xxh128", m->sums_digest);
	aip_jsonw_uint(&w, "chunks", m->chunks);
	aip_jsonw_end(&w);
	aip_jsonw_object(&w, "bytes");
	aip_jsonw_uint(&w, "read", m->read);
	aip_jsonw_uint(&w, "stored", m->stored);
	aip_jsonw_uint(&w, "zero", m->zero);
	aip_jsonw_uint(&w, "unused", m->unused);
	aip_jsonw_end(&w);
	aip_jsonw_uint(&w, "seconds", m->seconds);
	aip_jsonw_object(&w, "tools");
	aip_jsonw_str(&w, "aipbackup", AIP_VERSION);
	aip_jsonw_str(&w, "kernel", m->kernel);
	aip_jsonw_end(&w);
	if (m->pruned)
		aip_jsonw_bool(&w, "pruned", true);
	aip_jsonw_end(&w);
}

void aip_manifest_free(struct aip_manifest *m)
{
	free(m->reason);
	free(m->device);
	free(m->uuid);
	free(m->fs);
	free(m->where);
	free(m->sums);
	free(m->kernel);
	memset(m, 0, sizeof(*m));
}
