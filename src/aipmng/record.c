// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "aipmng/record.h"
#include "common/cleanup.h"
#include "common/hex.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "json/json.h"
#include "patch/index.h"

static const char *const actions[] = { "apply", "restore" };
static const char *const hows[] = { "index", "adapted", "found" };

void record_free(struct record *rec)
{
	if (!rec)
		return;
	free(rec->stream);
	free(rec->origin);
	free(rec->package);
	free(rec->proof);
	free(rec);
}

void record_freep(struct record **rec)
{
	record_free(*rec);
}

int record_write(const struct record *rec, struct aip_buf *out)
{
	const struct aip_hook *hook = aip_hook(rec->kind);
	char stamp[AIP_RFC3339_LEN];
	struct aip_jsonw w;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_int(&w, "version", AIP_RECORD_VERSION);
	aip_jsonw_str(&w, "path", hook->path);
	aip_jsonw_str(&w, "action", actions[rec->action]);
	aip_jsonw_str(&w, "how", hows[rec->how]);
	aip_jsonw_str(&w, "pre", rec->pre);
	aip_jsonw_str(&w, "post", rec->post);
	aip_jsonw_str(&w, "from", rec->from);
	aip_jsonw_str(&w, "result", rec->result);
	aip_jsonw_uint(&w, "after", rec->after);
	aip_jsonw_strn(&w, "insert", hook->texts[rec->text].text, hook->texts[rec->text].len);
	if (rec->stream) {
		aip_jsonw_str(&w, "stream", rec->stream);
		aip_jsonw_int(&w, "serial", rec->serial);
	}
	if (rec->origin)
		aip_jsonw_str(&w, "origin", rec->origin);
	if (rec->package)
		aip_jsonw_str(&w, "package", rec->package);
	aip_jsonw_int(&w, "header_algo", rec->header_algo);
	aip_jsonw_str(&w, "header_digest", rec->header_digest);
	aip_jsonw_str(&w, "applied", aip_rfc3339(rec->applied, stamp));
	aip_jsonw_int(&w, "mtime_sec", rec->mtime.tv_sec);
	aip_jsonw_int(&w, "mtime_nsec", rec->mtime.tv_nsec);
	if (rec->proof)
		aip_jsonw_str(&w, "proof", rec->proof);
	aip_jsonw_end(&w);
	return aip_buf_status(out);
}

static int get_word(struct aip_json_val v, const char *name, const char *const *words, int n,
		    int *out, struct aip_err *err)
{
	const char *s;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	for (*out = 0; *out < n; ++*out)
		if (strcmp(words[*out], s) == 0)
			return 0;
	return aip_json_err(v, err, -EBADMSG, "%s: unknown word", name);
}

static int get_sha(struct aip_json_val v, const char *name, char out[AIP_SHA256_HEX],
		   struct aip_err *err)
{
	const char *s;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	if (!aip_is_hex(s, AIP_SHA256_HEX - 1))
		return aip_json_err(v, err, -EBADMSG, "%s: not a SHA-256", name);
	memcpy(out, s, AIP_SHA256_HEX);
	return 0;
}

/* An optional string, copied. */
static int get_copy(struct aip_json_val v, const char *name, char **out, struct aip_err *err)
{
	const char *s;
	int r;

	if (!aip_json_has(v, name))
		return 0;
	r = aip_json_str(v, name, &s, err);
	if (r < 0)
		return r;
	*out = strdup(s);
	return *out ? 0 : aip_err_errno(err, -ENOMEM, "cannot read a record");
}

static int get_place(struct aip_json_val v, struct record *rec, struct aip_err *err)
{
	const char *s;
	int64_t n;
	int r;

	r = aip_json_str(v, "path", &s, err);
	if (r < 0)
		return r;
	r = aip_kind_by_path(s);
	if (r < 0)
		return aip_json_err(v, err, -EBADMSG, "path: not a file that is patched");
	rec->kind = r;
	r = aip_json_str(v, "insert", &s, err);
	if (r < 0)
		return r;
	rec->text = aip_hook_match(rec->kind, s, strlen(s));
	if (rec->text < 0)
		return aip_json_err(v, err, -EBADMSG, "insert: not a known hook");
	r = aip_json_int(v, "after", 0, AIP_SCRIPT_MAX, &n, err);
	rec->after = n;
	return r;
}

static int get_header(struct aip_json_val v, struct record *rec, struct aip_err *err)
{
	const char *s;
	int64_t n;
	int r = aip_json_int(v, "header_algo", 0, 255, &n, err);

	if (r < 0)
		return r;
	rec->header_algo = n;
	r = aip_json_str(v, "header_digest", &s, err);
	if (r < 0)
		return r;
	if (strlen(s) >= sizeof(rec->header_digest) || !aip_is_hex(s, strlen(s)))
		return aip_json_err(v, err, -EBADMSG, "header_digest: not a digest");
	strcpy(rec->header_digest, s);
	return 0;
}

static int get_times(struct aip_json_val v, struct record *rec, struct aip_err *err)
{
	const char *s;
	int64_t sec = 0, nsec = 0;
	int r = aip_json_str(v, "applied", &s, err);

	if (r < 0)
		return r;
	if (aip_rfc3339_parse(s, &rec->applied) < 0)
		return aip_json_err(v, err, -EBADMSG, "applied: not a time");
	r = aip_json_int(v, "mtime_sec", -AIP_JSON_INT_MAX, AIP_JSON_INT_MAX, &sec, err);
	if (r == 0)
		r = aip_json_int(v, "mtime_nsec", 0, 999999999, &nsec, err);
	rec->mtime.tv_sec = sec;
	rec->mtime.tv_nsec = nsec;
	return r;
}

static int get_source(struct aip_json_val v, struct record *rec, struct aip_err *err)
{
	int r = get_copy(v, "stream", &rec->stream, err);

	if (r == 0 && rec->stream)
		r = aip_json_int(v, "serial", 0, AIP_JSON_INT_MAX, &rec->serial, err);
	if (r == 0)
		r = get_copy(v, "origin", &rec->origin, err);
	if (r == 0)
		r = get_copy(v, "package", &rec->package, err);
	if (r == 0)
		r = get_copy(v, "proof", &rec->proof, err);
	return r;
}

int record_parse(const void *data, size_t len, const char *name, struct record **out,
		 struct aip_err *err)
{
	static const struct aip_json_limits limits = { .bytes = AIP_RECORD_MAX, .depth = 4 };
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	_cleanup_(record_freep) struct record *rec = calloc(1, sizeof(*rec));
	struct aip_json_val v;
	int64_t version;
	int r, word;

	if (!rec)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", name);
	r = aip_json_parse(data, len, name, &limits, &doc, err);
	if (r < 0)
		return r;
	v = aip_json_root(doc);
	r = aip_json_int(v, "version", 0, AIP_JSON_INT_MAX, &version, err);
	if (r < 0)
		return -EBADMSG;
	if (version != AIP_RECORD_VERSION)
		return aip_err_set(err, -EPROTONOSUPPORT, "%s: version %lld, this aipmng knows %d",
				   name, (long long)version, AIP_RECORD_VERSION);
	r = get_place(v, rec, err);
	if (r == 0 && (r = get_word(v, "action", actions, 2, &word, err)) == 0)
		rec->action = word;
	if (r == 0 && (r = get_word(v, "how", hows, 3, &word, err)) == 0)
		rec->how = word;
	if (r == 0)
		r = get_sha(v, "pre", rec->pre, err);
	if (r == 0)
		r = get_sha(v, "post", rec->post, err);
	if (r == 0)
		r = get_sha(v, "from", rec->from, err);
	if (r == 0)
		r = get_sha(v, "result", rec->result, err);
	if (r == 0)
		r = get_header(v, rec, err);
	if (r == 0)
		r = get_times(v, rec, err);
	if (r == 0)
		r = get_source(v, rec, err);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	*out = TAKE_PTR(rec);
	return 0;
}
