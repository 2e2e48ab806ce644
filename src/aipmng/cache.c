// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aipmng/accept.h"
#include "aipmng/cache.h"
#include "aipmng/state.h"
#include "aipmng/strlist.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/hex.h"
#include "common/jsonw.h"
#include "json/json.h"
#include "patch/envelope.h"

#define SOURCES_FILE	"sources.json"
#define SOURCES_VERSION 1
#define SOURCES_MAX	262144
#define PREFIX		"index-"
#define SUFFIX		".json"
#define SCRATCH		"scratch-" /* and the pid of who made it */

/* ---- envelopes ------------------------------------------------------------------ */

/* "index-STREAM.json" */
static char *file_name(const char *stream)
{
	char *name;

	return asprintf(&name, PREFIX "%s" SUFFIX, stream) < 0 ? NULL : name;
}

char *cache_path(const char *stream)
{
	char *path;

	return asprintf(&path, AIP_CACHE_DIR "/" PREFIX "%s" SUFFIX, stream) < 0 ? NULL : path;
}

/* The stream of such a name. Return: it, the caller frees; NULL: another file (or out of memory). */
static char *stream_of(const char *name)
{
	size_t n = strlen(name), p = strlen(PREFIX), s = strlen(SUFFIX);
	_cleanup_free_ char *stream = NULL;

	if (n <= p + s || strncmp(name, PREFIX, p) != 0 || strcmp(name + n - s, SUFFIX) != 0)
		return NULL;
	stream = strndup(name + p, n - p - s);
	return stream && accept_is_stream(stream) ? TAKE_PTR(stream) : NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int cache_list(const struct ctx *ctx, char ***streams, size_t *n)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int fd = ctx_dir(ctx, AIP_CACHE_DIR, 0, NULL);

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((e = readdir(dir)) && *n < CACHE_MAX_STREAMS) {
		_cleanup_free_ char *stream = stream_of(e->d_name);

		if (stream && strlist_add(streams, n, "%s", stream) < 0)
			return -ENOMEM;
	}
	if (*n)
		qsort(*streams, *n, sizeof(**streams), by_bytes);
	return 0;
}

int cache_read(const struct ctx *ctx, const char *stream, struct aip_buf *out, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_CACHE_DIR, 0, err);
	_cleanup_free_ char *name = file_name(stream);

	if (dir < 0)
		return dir;
	if (!name)
		return aip_err_errno(err, -ENOMEM, "cannot read the cache");
	return aip_read_file(dir, name, AIP_ENVELOPE_MAX, out, err);
}

int cache_store(const struct ctx *ctx, const char *stream, const void *data, size_t len,
		struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_CACHE_DIR, 0755, err);
	_cleanup_free_ char *name = file_name(stream);

	if (dir < 0)
		return dir;
	if (!name)
		return aip_err_errno(err, -ENOMEM, "cannot write the cache");
	state_sweep(dir);
	return aip_write_file(dir, name, data, len, 0644, err);
}

int cache_drop(const struct ctx *ctx, const char *stream, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_CACHE_DIR, 0, NULL);
	_cleanup_free_ char *name = file_name(stream);

	if (dir < 0)
		return 0;
	if (!name)
		return aip_err_errno(err, -ENOMEM, "cannot change the cache");
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return aip_err_errno(err, -errno, "cannot remove %s/%s", AIP_CACHE_DIR, name);
	return 0;
}

/* ---- what the sources said -------------------------------------------------------- */

static int parse_tag(struct aip_json_val v, const char *name, char out[CACHE_TAG_MAX],
		     struct aip_err *err)
{
	const char *s, *p;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	for (p = s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return aip_json_err(v, err, -EBADMSG, "%s holds control characters", name);
	if (p - s >= CACHE_TAG_MAX)
		return aip_json_err(v, err, -EBADMSG, "%s is too long", name);
	strcpy(out, s);
	return 0;
}

static int parse_source(struct aip_json_val v, struct cache_source *src, struct aip_err *err)
{
	const char *id, *stream;
	int r;

	r = aip_json_str(v, "id", &id, err);
	if (r == 0)
		r = aip_json_str(v, "stream", &stream, err);
	if (r == 0)
		r = aip_json_int(v, "serial", 1, AIP_JSON_INT_MAX, &src->serial, err);
	if (r == 0)
		r = parse_tag(v, "etag", src->etag, err);
	if (r == 0)
		r = parse_tag(v, "modified", src->modified, err);
	if (r < 0)
		return r;
	if (!aip_is_hex(id, 64) || !accept_is_stream(stream))
		return aip_json_err(v, err, -EBADMSG, "not a source");
	strcpy(src->id, id);
	strcpy(src->stream, stream);
	return 0;
}

static int parse_sources(struct aip_json_val root, struct cache_sources *out, struct aip_err *err)
{
	struct aip_json_val list, v;
	int64_t version;
	bool more;
	int r;

	r = aip_json_int(root, "version", SOURCES_VERSION, SOURCES_VERSION, &version, err);
	if (r == 0)
		r = aip_json_array(root, "sources", &list, err);
	if (r < 0)
		return r;
	if (aip_json_size(list) > CACHE_MAX_SOURCES)
		return aip_json_err(list, err, -EBADMSG, "too many sources");
	for (more = aip_json_first(list, &v); r == 0 && more; more = aip_json_next(&v))
		r = parse_source(v, &out->v[out->n++], err);
	return r;
}

int cache_sources_parse(const void *data, size_t len, struct cache_sources *out,
			struct aip_err *err)
{
	static const struct aip_json_limits limits = { SOURCES_MAX, 1000, 8 };
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	int r;

	memset(out, 0, sizeof(*out));
	r = aip_json_parse(data, len, SOURCES_FILE, &limits, &doc, err);
	if (r == 0)
		r = parse_sources(aip_json_root(doc), out, err);
	if (r < 0)
		memset(out, 0, sizeof(*out));
	return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}

void cache_sources_load(const struct ctx *ctx, struct cache_sources *out)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_CACHE_DIR, 0, NULL);
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;

	memset(out, 0, sizeof(*out));
	if (dir >= 0 && aip_read_file(dir, SOURCES_FILE, SOURCES_MAX, &text, NULL) == 0)
		cache_sources_parse(text.data ? text.data : "", text.len, out, NULL);
}

int cache_sources_save(const struct ctx *ctx, const struct cache_sources *s, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_CACHE_DIR, 0755, err);
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_jsonw w;
	size_t i;

	if (dir < 0)
		return dir;
	aip_jsonw_init(&w, &text, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_int(&w, "version", SOURCES_VERSION);
	aip_jsonw_array(&w, "sources");
	for (i = 0; i < s->n; i++) {
		const struct cache_source *v = &s->v[i];

		aip_jsonw_object(&w, NULL);
		aip_jsonw_str(&w, "id", v->id);
		aip_jsonw_str(&w, "etag", v->etag);
		aip_jsonw_str(&w, "modified", v->modified);
		aip_jsonw_str(&w, "stream", v->stream);
		aip_jsonw_int(&w, "serial", v->serial);
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	if (aip_buf_status(&text) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot write %s", SOURCES_FILE);
	return aip_write_file(dir, SOURCES_FILE, text.data, text.len, 0644, err);
}

int cache_source_id(const char *url, char id[65])
{
	return aip_sha256_hex(url, strlen(url), id);
}

const struct cache_source *cache_source_find(const struct cache_sources *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].id, id) == 0)
			return &s->v[i];
	return NULL;
}

static void remove_at(struct cache_sources *s, size_t i)
{
	s->n--;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof(s->v[0]));
}

void cache_source_put(struct cache_sources *s, const struct cache_source *src)
{
	const struct cache_source *old = cache_source_find(s, src->id);
	const struct cache_source copy = *src;

	if (old)
		remove_at(s, old - s->v);
	if (!copy.etag[0] && !copy.modified[0])
		return;
	if (s->n == CACHE_MAX_SOURCES)
		remove_at(s, 0);
	s->v[s->n++] = copy;
}

/* ---- a folder for a helper ----------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	remove(path);
	return 0;
}

void cache_scratch_free(char **path)
{
	if (!*path)
		return;
	nftw(*path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(*path);
	*path = NULL;
}

/* Remove what a killed aipmng left: folders whose maker is gone. */
static void sweep(const char *cache)
{
	_cleanup_closedir_ DIR *dir = opendir(cache);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char *end, *path;
		long pid;

		if (strncmp(e->d_name, SCRATCH, strlen(SCRATCH)) != 0)
			continue;
		pid = strtol(e->d_name + strlen(SCRATCH), &end, 10);
		if (*end || pid <= 1 || kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		if (asprintf(&path, "%s/%s", cache, e->d_name) >= 0)
			cache_scratch_free(&path);
	}
}

char *cache_scratch(const struct ctx *ctx)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_CACHE_DIR, 0755, NULL);
	_cleanup_free_ char *cache = ctx_path(ctx, AIP_CACHE_DIR, NULL);
	char *path;

	if (dir < 0 || !cache)
		return NULL;
	sweep(cache);
	if (asprintf(&path, "%s/" SCRATCH "%ld", cache, (long)getpid()) < 0)
		return NULL;
	if (mkdir(path, 0700) < 0) {
		if (errno != EEXIST) {
			free(path);
			return NULL;
		}
		/* an earlier process of this number: not ours, so not to be used as it is */
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		if (mkdir(path, 0700) < 0) {
			free(path);
			return NULL;
		}
	}
	return path;
}
