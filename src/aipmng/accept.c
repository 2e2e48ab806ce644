// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "aipmng/accept.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/hex.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "json/json.h"

#ifndef AIP_BUILD_TIME
#define AIP_BUILD_TIME 0
#endif
#define LOCK_FILE "state.lock"
#define LOCK_MS	  10000

/* ---- reading and writing ------------------------------------------------------ */

bool accept_is_stream(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= 64 && !s[n] && !strchr("._-", s[0]);
}

static bool is_fingerprint(const char *s)
{
	return aip_is_hex(s, 40) || aip_is_hex(s, 64);
}

static int parse_time(struct aip_json_val v, const char *name, time_t *out, struct aip_err *err)
{
	const char *s;
	int r = aip_json_str(v, name, &s, err);

	if (r < 0)
		return r;
	if (aip_rfc3339_parse(s, out) < 0)
		return aip_json_err(v, err, -EBADMSG, "%s is not a time", name);
	return 0;
}

static int parse_stream(struct aip_json_val v, struct accept_stream *s, struct aip_err *err)
{
	const char *name, *sha256;
	int r;

	r = aip_json_str(v, "stream", &name, err);
	if (r == 0)
		r = aip_json_int(v, "serial", 0, AIP_JSON_INT_MAX, &s->serial, err);
	if (r == 0)
		r = aip_json_str(v, "sha256", &sha256, err);
	if (r == 0)
		r = parse_time(v, "issued", &s->issued, err);
	if (r < 0)
		return r;
	if (!accept_is_stream(name))
		return aip_json_err(v, err, -EBADMSG, "not the name of a stream");
	if (!aip_is_hex(sha256, 64) && !(s->serial == 0 && !*sha256))
		return aip_json_err(v, err, -EBADMSG, "not a SHA-256");
	strcpy(s->name, name);
	strcpy(s->sha256, sha256);
	return 0;
}

static int parse_streams(struct aip_json_val list, struct accept_state *st, struct aip_err *err)
{
	struct aip_json_val v;
	bool more;
	int r;

	if (aip_json_size(list) > ACCEPT_MAX_STREAMS)
		return aip_json_err(list, err, -EBADMSG, "too many streams");
	st->streams = calloc(aip_json_size(list) + 1, sizeof(*st->streams));
	if (!st->streams)
		return aip_err_errno(err, -ENOMEM, "%s", ACCEPT_FILE);
	for (more = aip_json_first(list, &v); more; more = aip_json_next(&v)) {
		struct accept_stream *s = &st->streams[st->n_streams];

		r = parse_stream(v, s, err);
		if (r < 0)
			return r;
		if (accept_find(st, s->name))
			return aip_json_err(v, err, -EBADMSG, "stream %s twice", s->name);
		st->n_streams++;
	}
	return 0;
}

static int add_revoked(struct accept_state *st, const char *fingerprint, const char *stream)
{
	struct accept_revoked r = { strdup(fingerprint), strdup(stream) }, *more;

	more = realloc(st->revoked, (st->n_revoked + 1) * sizeof(*more));
	if (more)
		st->revoked = more;
	if (!more || !r.fingerprint || !r.stream) {
		free(r.fingerprint);
		free(r.stream);
		return -ENOMEM;
	}
	st->revoked[st->n_revoked++] = r;
	return 0;
}

static int parse_revoked(struct aip_json_val list, struct accept_state *st, struct aip_err *err)
{
	struct aip_json_val v;
	bool more;

	if (aip_json_size(list) > ACCEPT_MAX_REVOKED)
		return aip_json_err(list, err, -EBADMSG, "too many revoked keys");
	for (more = aip_json_first(list, &v); more; more = aip_json_next(&v)) {
		const char *fingerprint, *stream;
		int r = aip_json_str(v, "fingerprint", &fingerprint, err);

		if (r == 0)
			r = aip_json_str(v, "stream", &stream, err);
		if (r < 0)
			return r;
		if (!is_fingerprint(fingerprint) || !accept_is_stream(stream))
			return aip_json_err(v, err, -EBADMSG, "not a fingerprint and a stream");
		if (add_revoked(st, fingerprint, stream) < 0)
			return aip_err_errno(err, -ENOMEM, "%s", ACCEPT_FILE);
	}
	return 0;
}

static int parse_root(struct aip_json_val root, struct accept_state *st, struct aip_err *err)
{
	struct aip_json_val list;
	int64_t version;
	int r;

	r = aip_json_int(root, "version", 1, AIP_JSON_INT_MAX, &version, err);
	if (r == 0 && version != ACCEPT_VERSION)
		return aip_err_set(err, -EPROTONOSUPPORT, "%s has version %" PRId64, ACCEPT_FILE,
				   version);
	if (r == 0)
		r = aip_json_bool(root, "lost", &st->lost, err);
	if (r == 0)
		r = aip_json_array(root, "streams", &list, err);
	if (r == 0)
		r = parse_streams(list, st, err);
	if (r == 0)
		r = aip_json_array(root, "revoked_keys", &list, err);
	if (r == 0)
		r = parse_revoked(list, st, err);
	return r;
}

int accept_parse(const void *data, size_t len, struct accept_state *st, struct aip_err *err)
{
	static const struct aip_json_limits limits = { ACCEPT_MAX_BYTES, 100000, 8 };
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	int r;

	r = aip_json_parse(data, len, ACCEPT_FILE, &limits, &doc, err);
	if (r == 0)
		r = parse_root(aip_json_root(doc), st, err);
	return r == 0 || r == -EPROTONOSUPPORT || r == -ENOMEM ? r : -EBADMSG;
}

int accept_write(const struct accept_state *st, struct aip_buf *out)
{
	char when[AIP_RFC3339_LEN];
	struct aip_jsonw w;
	size_t i;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_int(&w, "version", ACCEPT_VERSION);
	aip_jsonw_bool(&w, "lost", st->lost);
	aip_jsonw_array(&w, "streams");
	for (i = 0; i < st->n_streams; i++) {
		const struct accept_stream *s = &st->streams[i];

		aip_jsonw_object(&w, NULL);
		aip_jsonw_str(&w, "stream", s->name);
		aip_jsonw_int(&w, "serial", s->serial);
		aip_jsonw_str(&w, "sha256", s->sha256);
		aip_jsonw_str(&w, "issued", aip_rfc3339(s->issued, when));
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_array(&w, "revoked_keys");
	for (i = 0; i < st->n_revoked; i++) {
		aip_jsonw_object(&w, NULL);
		aip_jsonw_str(&w, "fingerprint", st->revoked[i].fingerprint);
		aip_jsonw_str(&w, "stream", st->revoked[i].stream);
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	return aip_buf_status(out);
}

void accept_free(struct accept_state *st)
{
	size_t i;

	for (i = 0; i < st->n_revoked; i++) {
		free(st->revoked[i].fingerprint);
		free(st->revoked[i].stream);
	}
	free(st->revoked);
	free(st->streams);
	memset(st, 0, sizeof(*st));
}

/* ---- on disk -------------------------------------------------------------------- */

int accept_load(const struct ctx *ctx, struct accept_state *st, struct aip_err *warn)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0, NULL);
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_err why = AIP_ERR_INIT;
	int r = dir;

	if (r >= 0)
		r = aip_read_file(dir, ACCEPT_FILE, ACCEPT_MAX_BYTES, &text, &why);
	else if (r != -ENOENT)
		aip_err_errno(&why, r, "cannot open %s", AIP_STATE_DIR);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = accept_parse(text.data ? text.data : "", text.len, st, &why);
	if (r == 0 || r == -ENOMEM)
		return r;
	accept_free(st);
	if (r == -EPROTONOSUPPORT) {
		st->frozen = true;
		aip_err_set(warn, r, "%s/%s was written by a newer aip (%s): it is left as it is",
			    AIP_STATE_DIR, ACCEPT_FILE, why.msg);
		aip_err_hint(
			warn,
			"no new index is accepted; update aip, or remove the file to start anew");
		return 0;
	}
	st->lost = st->damaged = true;
	aip_err_set(warn, r, "%s/%s cannot be read, the cache takes its place: %s", AIP_STATE_DIR,
		    ACCEPT_FILE, why.msg);
	aip_err_hint(warn, "a stream that is not in the cache is refused until 'aipmng "
			   "--reset-serial STREAM'");
	return 0;
}

int accept_save(const struct ctx *ctx, struct accept_state *st, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_close_ int dir = -1;
	int r;

	if (st->frozen) {
		aip_err_set(err, -EROFS, "%s/%s was written by a newer aip", AIP_STATE_DIR,
			    ACCEPT_FILE);
		return aip_err_hint(err, "update aip, or remove the file to start anew");
	}
	dir = ctx_dir(ctx, AIP_STATE_DIR, 0755, err);
	if (dir < 0)
		return dir;
	if (accept_write(st, &text) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot write %s", ACCEPT_FILE);
	/* for whoever wants to know what happened; that it can fail does not matter */
	if (st->damaged)
		(void)!renameat(dir, ACCEPT_FILE, dir, ACCEPT_FILE ".damaged");
	r = aip_write_file(dir, ACCEPT_FILE, text.data, text.len, 0644, err);
	if (r == 0)
		st->damaged = false;
	return r;
}

int accept_lock(const struct ctx *ctx, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0755, err);
	_cleanup_close_ int fd = -1;
	int waited;

	if (dir < 0)
		return dir;
	fd = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return aip_err_errno(err, -errno, "cannot open %s/%s", AIP_STATE_DIR, LOCK_FILE);
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 50) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return aip_err_errno(err, -errno, "cannot lock %s/%s", AIP_STATE_DIR,
					     LOCK_FILE);
		if (waited >= LOCK_MS)
			return aip_err_set(err, -EAGAIN,
					   "another aipmng holds %s/%s for more than %d s",
					   AIP_STATE_DIR, LOCK_FILE, LOCK_MS / 1000);
		usleep(50000);
	}
	return TAKE_FD(fd);
}

/* ---- judging ----------------------------------------------------------------------- */

static struct accept_stream *find(const struct accept_state *st, const char *stream)
{
	size_t i;

	for (i = 0; i < st->n_streams; i++)
		if (strcmp(st->streams[i].name, stream) == 0)
			return &st->streams[i];
	return NULL;
}

const struct accept_stream *accept_find(const struct accept_state *st, const char *stream)
{
	return find(st, stream);
}

static int refuse(struct aip_err *err, int code, const char *hint)
{
	aip_err_exit(err, AIP_EXIT_REFUSED);
	aip_err_hint(err, "%s", hint);
	return code;
}

/*
 * Issued in the future: the publisher's clock was wrong, or somebody's who has its key.  Once taken
 * it would make everything issued since look expired.  A clock of this machine that is itself known to be
 * behind (a dead battery: 1970) cannot judge that; accept_note() sees to it that no harm comes of it.
 */
static int judge_issued(const struct aip_index *idx, time_t now, const char *name,
			struct aip_err *err)
{
	char issued[AIP_RFC3339_LEN], clock[AIP_RFC3339_LEN];
	time_t machine = time(NULL);

	if (idx->issued <= machine + ACCEPT_AHEAD || machine + ACCEPT_AHEAD < now)
		return 0;
	aip_err_set(err, -ETIME,
		    "%s: index %s, serial %" PRId64 ", was issued at %s, but it is only %s", name,
		    idx->stream, idx->serial, aip_rfc3339(idx->issued, issued),
		    aip_rfc3339(machine, clock));
	return refuse(err, -ETIME,
		      "check this machine's clock; if it is right, the publisher's was wrong, and "
		      "the index has to be issued anew");
}

/* What only matters for news from outside. */
static int judge_network(const struct accept_state *st, const struct accept_stream *s,
			 const struct aip_index *idx, time_t now, const char *name,
			 struct aip_err *err)
{
	if (st->frozen) {
		aip_err_set(err, -EPERM, "%s: not accepted, %s/%s was written by a newer aip", name,
			    AIP_STATE_DIR, ACCEPT_FILE);
		return refuse(err, -EPERM, "update aip, or remove the file to start anew");
	}
	if (!s && st->lost) {
		aip_err_set(err, -EPERM,
			    "%s: stream %s is not known, and what was known of streams was lost "
			    "with a damaged %s/%s",
			    name, idx->stream, AIP_STATE_DIR, ACCEPT_FILE);
		refuse(err, -EPERM, "");
		return aip_err_hint(err, "if this stream is wanted: aipmng --reset-serial %s",
				    idx->stream);
	}
	if (aip_index_check_time(idx, now, err) < 0) {
		aip_err_prefix(err, "%s", name);
		return refuse(err, -ETIME,
			      "the publisher has to issue a new one; check this "
			      "machine's clock too");
	}
	return judge_issued(idx, now, name, err);
}

int accept_refuse_old(const struct accept_stream *s, int64_t serial, const char *name,
		      struct aip_err *err)
{
	aip_err_set(err, -ESTALE,
		    "%s: serial %" PRId64 " of stream %s is older than %" PRId64
		    ", which was accepted before",
		    name, serial, s->name, s->serial);
	refuse(err, -ESTALE, "");
	aip_err_hint(err,
		     "a mirror that is behind, or an attack; only if the publisher started over: "
		     "aipmng --reset-serial %s",
		     s->name);
	return -ESTALE;
}

int accept_judge(const struct accept_state *st, const struct aip_index *idx, bool network,
		 time_t now, const char *name, struct aip_err *err)
{
	const struct accept_stream *s = find(st, idx->stream);

	if (s && idx->serial == s->serial) {
		if (strcmp(idx->sha256, s->sha256) == 0)
			return 1;
		aip_err_set(err, -EBADMSG,
			    "%s: serial %" PRId64
			    " of stream %s was accepted before with other content",
			    name, idx->serial, idx->stream);
		return refuse(err, -EBADMSG, "the publisher has to issue it under a higher serial");
	}
	if (s && idx->serial < s->serial)
		return accept_refuse_old(s, idx->serial, name, err);
	return network ? judge_network(st, s, idx, now, name, err) : 0;
}

static bool is_revoked(const struct accept_state *st, const char *fingerprint)
{
	size_t i;

	for (i = 0; i < st->n_revoked; i++)
		if (strcmp(st->revoked[i].fingerprint, fingerprint) == 0)
			return true;
	return false;
}

/* A stream's entry, a new one where there is none. Return: 0, -EFBIG or -ENOMEM. */
static int find_or_add(struct accept_state *st, const char *stream, struct accept_stream **out)
{
	struct accept_stream *more;

	*out = find(st, stream);
	if (*out)
		return 0;
	if (st->n_streams == ACCEPT_MAX_STREAMS)
		return -EFBIG;
	more = realloc(st->streams, (st->n_streams + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	st->streams = more;
	*out = &more[st->n_streams++];
	**out = (struct accept_stream){ .serial = 0 };
	snprintf((*out)->name, sizeof((*out)->name), "%s", stream);
	return 0;
}

int accept_note(struct accept_state *st, const struct aip_index *idx, time_t now)
{
	struct accept_stream *s;
	int changed = 0, r;
	size_t i;

	for (i = 0; i < idx->n_revoked; i++) {
		if (is_revoked(st, idx->revoked[i]))
			continue;
		if (st->n_revoked == ACCEPT_MAX_REVOKED)
			return -EFBIG;
		if (add_revoked(st, idx->revoked[i], idx->stream) < 0)
			return -ENOMEM;
		changed = 1;
	}
	r = find_or_add(st, idx->stream, &s);
	if (r < 0)
		return r;
	if (idx->serial <= s->serial)
		return changed;
	s->serial = idx->serial;
	s->issued = idx->issued < now + ACCEPT_AHEAD ? idx->issued : now + ACCEPT_AHEAD;
	memcpy(s->sha256, idx->sha256, sizeof(s->sha256));
	return 1;
}

int accept_forget(struct accept_state *st, const char *stream)
{
	struct accept_stream *s = find(st, stream);
	int r;

	if (!s && !st->lost)
		return -ENOENT;
	r = find_or_add(st, stream, &s);
	if (r < 0)
		return r;
	/* the entry stays, with serial 0: after a lost state it is what lets the stream in again */
	s->serial = 0;
	s->sha256[0] = 0;
	s->issued = 0;
	return 0;
}

time_t accept_clock(const struct accept_state *st)
{
	time_t now = time(NULL);
	size_t i;

	if (now < (time_t)AIP_BUILD_TIME)
		now = AIP_BUILD_TIME;
	for (i = 0; i < st->n_streams; i++)
		if (st->streams[i].issued > now)
			now = st->streams[i].issued;
	return now;
}
