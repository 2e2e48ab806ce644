// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * recdir.c: the folder of the records.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aipmng/log.h"
#include "aipmng/record.h"
#include "aipmng/state.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define RECORDS_DIR AIP_STATE_DIR "/records"
#define APPLIED	    "v1"
#define INTENT	    "v1.intent"

static const char *file_name(enum aip_kind kind, const char *what, char out[64])
{
	snprintf(out, 64, "%s.%s.json", aip_hook(kind)->name, what);
	return out;
}

static int note_foreign(struct records *recs, const char *name, const char *why)
{
	struct foreign_record *v = realloc(recs->foreign, (recs->n_foreign + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	recs->foreign = v;
	v[recs->n_foreign].name = strdup(name);
	v[recs->n_foreign].why = strdup(why);
	recs->n_foreign++;
	return v[recs->n_foreign - 1].name && v[recs->n_foreign - 1].why ? 0 : -ENOMEM;
}

/* Which of our files is @name? Return: where its record goes, NULL for none of them. */
static struct record **slot_of(struct records *recs, const char *name, enum aip_kind *kind,
			       bool *intent)
{
	char own[64];
	int k;

	for (k = 0; k < AIP_KIND_N; k++) {
		*kind = k;
		*intent = strcmp(name, file_name(k, INTENT, own)) == 0;
		if (*intent)
			return &recs->intent[k];
		if (strcmp(name, file_name(k, APPLIED, own)) == 0)
			return &recs->applied[k];
	}
	return NULL;
}

static int load_one(int dir, const char *name, struct records *recs)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_(record_freep) struct record *rec = NULL;
	struct aip_err err = AIP_ERR_INIT;
	enum aip_kind kind;
	bool intent;
	struct record **slot = slot_of(recs, name, &kind, &intent);
	int r;

	if (!slot)
		return note_foreign(recs, name, "not a name that this aipmng uses");
	r = aip_read_file(dir, name, AIP_RECORD_MAX, &text, &err);
	if (r == -ENOENT)
		return 0; /* gone since the folder was listed */
	if (r == 0)
		r = record_parse(text.data, text.len, name, &rec, &err);
	if (r == 0 && rec->kind != kind)
		r = aip_err_set(&err, -EBADMSG, "%s: speaks of another file", name);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		recs->kept[kind] |= !intent;
		return note_foreign(recs, name, err.msg);
	}
	*slot = TAKE_PTR(rec);
	return 0;
}

int records_load(const struct ctx *ctx, struct records *out, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, RECORDS_DIR, 0, err);
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	int fd, r = 0;

	memset(out, 0, sizeof(*out));
	if (dir == -ENOENT) {
		aip_err_clear(err);
		return 0;
	}
	if (dir < 0)
		return dir;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return aip_err_errno(err, r, "cannot read " RECORDS_DIR);
	}
	while (r == 0 && (errno = 0, e = readdir(d)))
		if (e->d_name[0] != '.')
			r = load_one(dir, e->d_name, out);
	if (r == 0 && errno)
		r = -errno;
	if (r < 0) {
		records_free(out);
		return aip_err_errno(err, r, "cannot read " RECORDS_DIR);
	}
	return 0;
}

void records_free(struct records *recs)
{
	size_t i;

	for (i = 0; i < AIP_KIND_N; i++) {
		record_free(recs->applied[i]);
		record_free(recs->intent[i]);
	}
	for (i = 0; i < recs->n_foreign; i++) {
		free(recs->foreign[i].name);
		free(recs->foreign[i].why);
	}
	free(recs->foreign);
	memset(recs, 0, sizeof(*recs));
}

/* Return: 1 when a file @name is there that is no record of ours, 0 when not, -ENOMEM. */
static int is_foreign(int dir, const char *name)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_(record_freep) struct record *rec = NULL;
	int r = aip_read_file(dir, name, AIP_RECORD_MAX, &text, NULL);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = record_parse(text.data, text.len, name, &rec, NULL);
	return r == 0 || r == -ENOMEM ? r : 1;
}

/* What stands at @name and is no record of ours moves aside, unchanged. */
static int make_room(int dir, const char *name, struct aip_err *err)
{
	char aside[128];
	int i, r = is_foreign(dir, name);

	if (r < 0)
		return aip_err_errno(err, r, "cannot read " RECORDS_DIR "/%s", name);
	if (r == 0)
		return 0;
	for (i = 0; i < 1000; i++) {
		snprintf(aside, sizeof(aside), "%s.kept-%d", name, i);
		if (faccessat(dir, aside, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
			break;
	}
	if (renameat(dir, name, dir, aside) < 0)
		return aip_err_errno(err, -errno, "cannot move " RECORDS_DIR "/%s aside", name);
	return 0;
}

static int put(const struct ctx *ctx, const struct record *rec, const char *what,
	       struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, RECORDS_DIR, 0755, err);
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	char name[64];
	int r;

	if (dir < 0)
		return dir;
	file_name(rec->kind, what, name);
	r = make_room(dir, name, err);
	if (r < 0)
		return r;
	r = record_write(rec, &text);
	if (r < 0)
		return aip_err_errno(err, r, "cannot write " RECORDS_DIR "/%s", name);
	return aip_write_file(dir, name, text.data, text.len, 0644, err);
}

int record_intend(const struct ctx *ctx, const struct record *rec, struct aip_err *err)
{
	return put(ctx, rec, INTENT, err);
}

int record_put(const struct ctx *ctx, const struct record *rec, struct aip_err *err)
{
	return put(ctx, rec, APPLIED, err);
}

static int drop(const struct ctx *ctx, enum aip_kind kind, const char *what, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, RECORDS_DIR, 0, err);
	char name[64];

	if (dir == -ENOENT) {
		aip_err_clear(err);
		return 0;
	}
	if (dir < 0)
		return dir;
	file_name(kind, what, name);
	if (is_foreign(dir, name))
		return 0;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return aip_err_errno(err, -errno, "cannot remove " RECORDS_DIR "/%s", name);
	if (fsync(dir) < 0)
		return aip_err_errno(err, -errno, "cannot make " RECORDS_DIR " durable");
	return 0;
}

int record_cancel(const struct ctx *ctx, enum aip_kind kind, struct aip_err *err)
{
	return drop(ctx, kind, INTENT, err);
}

int record_drop(const struct ctx *ctx, enum aip_kind kind, struct aip_err *err)
{
	return drop(ctx, kind, APPLIED, err);
}

int record_commit(const struct ctx *ctx, const struct record *rec, struct aip_err *err)
{
	_cleanup_close_ int dir = -1;
	char from[64], to[64];
	int r;

	if (rec->action == RECORD_RESTORE) {
		/* the record first: an intent without one is finished by the next run */
		r = record_drop(ctx, rec->kind, err);
		return r < 0 ? r : record_cancel(ctx, rec->kind, err);
	}
	dir = ctx_dir(ctx, RECORDS_DIR, 0, err);
	if (dir < 0)
		return dir;
	file_name(rec->kind, INTENT, from);
	file_name(rec->kind, APPLIED, to);
	r = make_room(dir, to, err);
	if (r < 0)
		return r;
	if (renameat(dir, from, dir, to) < 0)
		return aip_err_errno(err, -errno, "cannot commit " RECORDS_DIR "/%s", to);
	if (fsync(dir) < 0)
		return aip_err_errno(err, -errno, "cannot make " RECORDS_DIR " durable");
	return 0;
}
