// SPDX-License-Identifier: GPL-2.0-or-later
/* full, incremental, auto */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "aipbackup/aipbackup.h"
#include "aipbackup/copy.h"
#include "aipbackup/ui.h"
#include "common/fs.h"
#include "common/jsonw.h"
#include "common/spawn.h"

#define DEFAULT_CHUNK 65536

enum wish { WANT_FULL, WANT_INCREMENTAL, WANT_AUTO };

/* One run. */
struct run {
	const struct aip_options *o;
	struct aip_set set;
	struct aip_source src;
	struct aip_manifest m;
	const struct aip_manifest *parent; /* of an increment */
	struct aip_extents changes;
	bool by_tracking;	/* increment: `changes` says what */
	const char *unused_why; /* why a full backup reads all, NULL when it need not */
	uint64_t same;		/* bytes read and found unchanged (--compare) */
};

static void run_free(struct run *r)
{
	aip_extents_free(&r->changes);
	aip_manifest_free(&r->m);
	aip_set_close(&r->set);
}

static int set_text(char **to, const char *text, struct aip_err *err)
{
	free(*to);
	*to = strdup(text);
	return *to ? 0 : aip_err_errno(err, -ENOMEM, "cannot describe the backup");
}

/*
 * Does the latest backup allow an increment?
 * Return: 0; -ESTALE with the reason in @err when it does not; another -errno.
 */
static int check_parent(struct run *r, struct aip_err *err)
{
	const struct aip_manifest *p = aip_set_find(&r->set, "latest");
	const struct aip_source *s = &r->src;

	r->parent = p;
	if (!p)
		return aip_err_set(err, -ESTALE, "the set has no backup yet");
	if (p->size != s->size)
		return aip_err_set(err, -ESTALE,
				   "the device was resized from %" PRIu64 " to %" PRIu64 " bytes",
				   p->size, s->size);
	if ((p->store == AIP_STORE_NBD) != !!r->o->to) {
		aip_err_set(err, -EINVAL,
			    "%s: one set keeps all its data in qcow2 files or all of it "
			    "in NBD exports",
			    r->set.path);
		return aip_err_hint(err, "%s",
				    r->o->to ? "leave --to out" : "name the export with --to");
	}
	if (r->o->compare)
		return 0;
	if (!s->generation[0])
		return aip_err_set(err, -ESTALE, "%s is not tracked", s->device);
	if (!p->generation[0])
		return aip_err_set(err, -ESTALE, "backup %s was made without tracking", p->id);
	if (p->chunk != s->chunk)
		return aip_err_set(err, -ESTALE,
				   "the chunk size was changed from %" PRIu32 " to %" PRIu32,
				   p->chunk, s->chunk);
	if (strcmp(p->uuid, s->uuid) != 0)
		return aip_err_set(
			err, -ESTALE, "%s holds another file system (UUID %s instead of %s)",
			s->device, s->uuid[0] ? s->uuid : "none", p->uuid[0] ? p->uuid : "none");
	return aip_source_changes(s, p->generation, &r->changes, err);
}

/* Decide between full and incremental. */
static int decide(struct run *r, enum wish wish, struct aip_err *err)
{
	struct aip_err why = AIP_ERR_INIT;
	int code;

	r->m.kind = AIP_FULL;
	if (wish == WANT_FULL)
		return set_text(&r->m.reason, "asked for", err);
	code = check_parent(r, &why);
	if (code == 0) {
		r->m.kind = AIP_INCREMENTAL;
		r->by_tracking = !r->o->compare;
		return set_text(&r->m.reason,
				r->by_tracking ? "changes are known since the latest backup"
					       : "compared with the latest backup",
				err);
	}
	if (code != -ESTALE) {
		*err = why;
		return code;
	}
	if (wish == WANT_INCREMENTAL) {
		aip_err_set(err, -ESTALE, "a full backup is needed: %s", why.msg);
		aip_err_hint(err,
			     "run `aipbackup full`, or `aipbackup incremental --compare`, which "
			     "reads all and stores what differs");
		return aip_err_exit(err, AIP_EXIT_FULL_NEEDED);
	}
	return set_text(&r->m.reason, why.msg, err);
}

static int new_uuid(char out[37], struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	int r = aip_read_file(AT_FDCWD, "/proc/sys/kernel/random/uuid", 64, &b, err);

	if (r < 0)
		return r;
	if (b.len < 36)
		return aip_err_set(err, -EIO, "/proc/sys/kernel/random/uuid gives no UUID");
	memcpy(out, b.data, 36);
	out[36] = 0;
	return 0;
}

/* All of the manifest that is known before the copy. */
static int describe(struct run *r, struct aip_err *err)
{
	const struct aip_source *s = &r->src;
	struct aip_manifest *m = &r->m;
	struct utsname un;
	int code;

	uname(&un);
	code = aip_set_next_id(&r->set, m->id, err);
	if (code == 0 && r->set.n)
		strcpy(m->set, r->set.list[0].set);
	else if (code == 0)
		code = new_uuid(m->set, err);
	if (code < 0)
		return code;
	if (m->kind == AIP_INCREMENTAL)
		strcpy(m->parent, r->parent->id);
	m->created = time(NULL);
	m->size = s->size;
	m->chunk = r->o->compare && r->parent ? r->parent->chunk
		   : s->chunk		      ? s->chunk
					      : DEFAULT_CHUNK;
	strcpy(m->lineage, s->lineage);
	strcpy(m->generation, s->generation);
	m->store = r->o->to ? AIP_STORE_NBD : AIP_STORE_QCOW2;
	if (r->o->to)
		m->where = strdup(r->o->to);
	else if (asprintf(&m->where, "%s.qcow2", m->id) < 0)
		m->where = NULL;
	if (asprintf(&m->sums, "%s.sums", m->id) < 0)
		m->sums = NULL;
	m->device = strdup(s->device);
	m->uuid = strdup(s->uuid);
	m->fs = strdup(s->type);
	m->kernel = strdup(un.release);
	if (!m->where || !m->sums || !m->device || !m->uuid || !m->fs || !m->kernel)
		return aip_err_errno(err, -ENOMEM, "cannot describe the backup");
	return 0;
}

/* What stands there under the names of this backup is not ours: it is not overwritten. */
static int check_names(const struct run *r, struct aip_err *err)
{
	const char *names[] = { r->m.sums, r->o->to ? NULL : r->m.where, NULL };
	size_t i;

	for (i = 0; names[i]; i++)
		if (faccessat(r->set.dirfd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			aip_err_set(err, -EEXIST,
				    "%s/%s exists and belongs to no backup of the set", r->set.path,
				    names[i]);
			return aip_err_hint(
				err, "bring its manifest back, move it away, or choose another "
				     "folder for the set");
		}
	return aip_set_unfinished(&r->set, names, err);
}

/* No two backups may share an export. */
static int check_export(const struct run *r, struct aip_err *err)
{
	size_t i;

	for (i = 0; i < r->set.n; i++) {
		if (strcmp(r->set.list[i].where, r->o->to) != 0)
			continue;
		aip_err_set(err, -EEXIST, "%s holds backup %s already", r->o->to,
			    r->set.list[i].id);
		return aip_err_hint(err, "give each backup of a set an export of its own");
	}
	return 0;
}

static int create_qcow2(const struct run *r, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	_cleanup_free_ char *path = NULL, *opts = NULL, *size = NULL;
	const char *argv[16] = { "qemu-img", "create", "-q", "-f", "qcow2", "-u", "-o" };
	struct aip_spawn s = { .argv = argv, .output_max = 65536, .timeout_ms = 60000 };
	int n = 7, code;

	/* a cluster is a chunk, so that a write never has to copy around it */
	if (asprintf(&path, "%s/%s", r->set.path, r->m.where) < 0 ||
	    asprintf(&opts, "compat=1.1,cluster_size=%" PRIu32, r->m.chunk) < 0 ||
	    asprintf(&size, "%" PRIu64, r->m.size) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot create %s", r->m.where);
	argv[n++] = opts;
	if (r->parent && r->m.kind == AIP_INCREMENTAL) {
		argv[n++] = "-b";
		argv[n++] = r->parent->where;
		argv[n++] = "-F";
		argv[n++] = "qcow2";
	}
	argv[n++] = path;
	argv[n++] = size;
	code = aip_spawn(&s, &res, err);
	if (code == 0 && res.status)
		code = aip_err_set(err, -EIO, "cannot create %s: %s", path,
				   res.err.len ? strtok(res.err.data, "\n") : "qemu-img failed");
	return code;
}

static int open_store(const struct run *r, struct aip_nbd **out, struct aip_err *err)
{
	int code;

	if (r->o->to) {
		code = check_export(r, err);
		if (code == 0)
			code = aip_nbd_open_uri(r->o->to, true, out, err);
		if (code == 0 && aip_nbd_size(*out) < r->m.size) {
			code = aip_err_set(err, -ENOSPC,
					   "%s has %" PRIu64 " bytes, the device %" PRIu64,
					   r->o->to, aip_nbd_size(*out), r->m.size);
			aip_err_hint(err, "make the export as large as the device");
		}
		return code;
	}
	code = create_qcow2(r, err);
	return code < 0 ? code
			: aip_nbd_open_file(r->set.path, r->m.where, AIP_NBD_WRITE, out, err);
}

static int fsync_file(const struct run *r, struct aip_err *err)
{
	_cleanup_close_ int fd = openat(r->set.dirfd, r->m.where, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0 || fsync(r->set.dirfd) < 0)
		return aip_err_errno(err, -errno, "cannot make %s/%s durable", r->set.path,
				     r->m.where);
	return 0;
}

/* A bare export may hold anything: what a full backup does not write must read as zeroes. */
static int blank_export(struct aip_nbd *n, const struct run *r, struct aip_err *err)
{
	uint64_t at = 0;

	if (!r->o->to || r->m.kind != AIP_FULL)
		return 0;
	while (at < r->m.size) {
		int64_t zero = aip_nbd_zeroes(n, at, r->m.size - at, err);
		uint64_t len = r->m.size - at < (16 << 20) ? r->m.size - at : (16 << 20);
		int code = zero < 0 ? zero : 0;

		if (zero == 0)
			code = aip_nbd_zero(n, len, at, err);
		if (code < 0)
			return code;
		at += zero > 0 ? (uint64_t)zero : len;
	}
	return aip_nbd_flush(n, err);
}

/* Copy the data; the store and the checksum file are durable afterwards. */
static int copy_data(struct run *r, struct aip_err *err)
{
	_cleanup_(aip_sums_writer_freep) struct aip_sums_writer *sums = NULL;
	_cleanup_chain_ struct aip_chain *old = NULL;
	_cleanup_nbd_ struct aip_nbd *to = NULL;
	struct aip_used *used = NULL;
	struct aip_progress progress;
	struct aip_copy c = { .fd = r->src.fd,
			      .name = r->src.image,
			      .size = r->m.size,
			      .chunk = r->m.chunk,
			      .full = r->m.kind == AIP_FULL,
			      .extents = r->by_tracking ? &r->changes : NULL,
			      .zero_writes = !r->o->to,
			      .rate = r->o->rate,
			      .stop = &aip_stop,
			      .progress = aip_progress,
			      .ctx = &progress };
	int code = check_names(r, err);

	if (code == 0)
		code = open_store(r, &to, err);
	if (code == 0)
		code = aip_sums_create(r->set.dirfd, r->m.sums, r->m.chunk, r->m.size, &sums, err);
	if (code == 0 && !c.full && !r->by_tracking)
		code = aip_chain_open(&r->set, r->parent, 0, &old, err);
	if (code == 0)
		code = blank_export(to, r, err);
	if (code < 0)
		return code;
	if (c.full && !r->o->all)
		used = aip_used_open(r->src.image, r->src.type, &r->unused_why);
	c.to = to;
	c.sums = sums;
	c.used = used;
	c.parent = old;
	aip_progress_start(&progress, c.full ? "full backup" : "incremental backup");
	code = aip_copy_run(&c, err);
	aip_progress_end(&progress);
	aip_used_close(used);
	if (code == 0)
		code = aip_sums_finish(sums, r->m.sums_digest, &r->m.chunks, err);
	if (code < 0)
		return code;
	r->m.read = c.read;
	r->m.stored = c.stored;
	r->m.zero = c.zero;
	r->m.unused = c.unused;
	r->same = c.same;
	aip_nbd_close(TAKE_PTR(to));
	return r->o->to ? 0 : fsync_file(r, err);
}

/*
 * May the full backup below an increment have skipped what was not in use?  Then a chunk that no
 * layer records is not known to be zero.  A merge does not keep how much the full backup skipped.
 */
static bool skipped_unused(const struct run *r)
{
	const struct aip_manifest *m = r->m.kind == AIP_FULL ? &r->m : r->parent, *below;

	while ((below = aip_set_parent(&r->set, m)))
		m = below;
	return m->unused || (strlen(m->sums) > strlen("NNNN.sums") && !strncmp(m->fs, "ext", 3));
}

/* --paranoid: the backup, read back through its chain, is the image, byte for byte. */
static int compare_all(struct run *r, struct aip_err *err)
{
	_cleanup_free_ char *a = malloc(r->m.chunk), *b = malloc(r->m.chunk);
	_cleanup_chain_ struct aip_chain *chain = NULL;
	struct aip_progress progress;
	bool skipped = skipped_unused(r);
	struct aip_used *used = NULL;
	const char *why;
	uint64_t no;
	int code;

	if (!a || !b)
		return aip_err_errno(err, -ENOMEM, "cannot compare");
	/* the new backup's manifest is not in the set yet */
	code = aip_chain_open(&r->set, &r->m, 0, &chain, err);
	if (code == 0 && (r->m.kind == AIP_INCREMENTAL || !r->o->all))
		used = aip_used_open(r->src.image, r->src.type, &why);
	aip_progress_start(&progress, "comparing");
	for (no = 0; code == 0 && no * r->m.chunk < r->m.size; no++) {
		uint64_t at = no * r->m.chunk;
		size_t len = r->m.size - at < r->m.chunk ? r->m.size - at : r->m.chunk;
		struct aip_chunk c;

		if (aip_stop)
			code = aip_err_set(err, -EINTR, "interrupted");
		else if (pread(r->src.fd, a, len, at) != (ssize_t)len)
			code = aip_err_errno(err, -errno, "cannot read %s", r->src.image);
		else if (aip_chain_seek(chain, no, &c))
			code = aip_chain_read(chain, &c, b, &len, err);
		else if (used ? !aip_used_any(used, at, len) : skipped)
			continue; /* not in use, or not known to be: skipped by the full backup */
		else
			memset(b, 0, len);
		if (code == 0 && memcmp(a, b, len) != 0)
			code = aip_err_set(err, -EBADMSG,
					   "backup %s differs from %s in bytes %" PRIu64
					   " to %" PRIu64,
					   r->m.id, r->src.image, at, at + len - 1);
		aip_progress(&progress, at + len, r->m.size);
	}
	aip_progress_end(&progress);
	aip_used_close(used);
	return code;
}

static void report(const struct run *r)
{
	const struct aip_manifest *m = &r->m;
	char a[16], b[16], c[16];

	if (aip_ui_json) {
		_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;

		aip_manifest_write(m, &out);
		if (aip_buf_status(&out) == 0)
			fputs(out.data, stdout);
		return;
	}
	printf("Backup %s: %s of %s (%s).\n", m->id, m->kind == AIP_FULL ? "full" : "incremental",
	       m->device, m->reason);
	printf("Read %s of %s, stored %s in %s, %" PRIu64 " s.\n", aip_ui_bytes(m->read, a),
	       aip_ui_bytes(m->size, b), aip_ui_bytes(m->stored, c), m->where, m->seconds);
	if (m->unused)
		printf("Skipped %s that the file system does not use.\n",
		       aip_ui_bytes(m->unused, a));
	if (r->o->paranoid)
		printf("Compared with the image, byte for byte: equal.\n");
}

static int work(struct run *r, enum wish wish, const char *device, struct aip_err *err)
{
	time_t started = time(NULL);
	int code = aip_source_drop_pending(&r->set, err);

	if (code == 0)
		code = aip_source_open(device, &r->o->source, &r->set, &r->src, err);
	if (code == 0)
		code = decide(r, wish, err);
	if (code == 0)
		code = describe(r, err);
	if (code < 0)
		return code;
	aip_ui_note("%s backup %s of %s: %s", r->m.kind == AIP_FULL ? "Full" : "Incremental",
		    r->m.id, device, r->m.reason);
	code = copy_data(r, err);
	if (code == 0 && r->o->paranoid)
		code = compare_all(r, err);
	r->m.seconds = time(NULL) - started;
	/* the manifest comes last: from here on the backup exists */
	return code < 0 ? code : aip_set_save(&r->set, &r->m, err);
}

static int backup(const struct aip_options *o, char **args, enum wish wish)
{
	struct run r = { .o = o, .src = AIP_SOURCE_INIT };
	struct aip_err err = AIP_ERR_INIT, late = AIP_ERR_INIT;
	int code = aip_set_open(args[1], true, &r.set, &err);

	if (code < 0)
		return aip_ui_fail(&err);
	code = work(&r, wish, args[0], &err);
	if (aip_source_close(&r.src, &r.set, &late) < 0)
		aip_ui_fail(&late);
	if (code < 0 && r.m.id[0] && !aip_set_find(&r.set, r.m.id)) {
		char name[16];

		snprintf(name, sizeof(name), "%s.json", r.m.id);
		unlinkat(r.set.dirfd, name, 0);
	}
	/* nothing of a failed run stays; a killed one's leavings go with the next run */
	if (code < 0)
		aip_set_sweep(&r.set, &late);
	else
		aip_set_finished(&r.set);
	code = code < 0 ? aip_ui_fail(&err) : (report(&r), late.code ? AIP_EXIT_ERROR : 0);
	run_free(&r);
	return code;
}

int aip_cmd_full(const struct aip_options *o, char **args)
{
	return backup(o, args, WANT_FULL);
}

int aip_cmd_incremental(const struct aip_options *o, char **args)
{
	return backup(o, args, WANT_INCREMENTAL);
}

int aip_cmd_auto(const struct aip_options *o, char **args)
{
	return backup(o, args, WANT_AUTO);
}
