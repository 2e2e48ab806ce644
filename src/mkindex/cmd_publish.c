// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * publish: an index becomes the record "aip_patches" of a repository's metadata.
 *
 * A copy of repodata (files linked, repomd.xml copied) is changed by modifyrepo_c, signed,
 * and exchanged with the old one in one step: a client sees the one or the other.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fs.h"
#include "common/spawn.h"
#include "mkindex/cmd.h"
#include "mkindex/gpg.h"
#include "mkindex/gz.h"
#include "mkindex/input.h"

#define RECORD	   "aip_patches"
#define COPY	   "aip-index.json.gz" /* in the repository: what publish takes when no index is named */
#define REPOMD_MAX (1u << 20)
#define TIMEOUT_MS 120000

struct work {
	const char *repo;
	int repofd;
	char *stage; /* name of the new repodata inside the repository, NULL: there is none */
};

/* ---- the copy --------------------------------------------------------------------------- */

static int clear_folder(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlinkat(fd, e->d_name, 0) < 0 && clear_folder(fd, e->d_name) < 0)
			return -errno;
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static void work_end(struct work *w)
{
	if (w->stage)
		clear_folder(w->repofd, w->stage);
	free(w->stage);
	aip_closep(&w->repofd);
}

static int copy_file(int from, int to, const char *name, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	int r = aip_read_file(from, name, REPOMD_MAX, &b, err);

	return r < 0 ? r : aip_write_file(to, name, b.data, b.len, 0644, err);
}

/* The record's file of an earlier publication: its digest, and the name of the copy. */
static bool is_old_record(const char *name)
{
	size_t n = strlen(name), k = strlen(COPY);

	return n >= k && strcmp(name + n - k, COPY) == 0;
}

/* Every file of repodata is linked, what is going to change is copied, what it replaces left out. */
static int stage_files(const struct work *w, struct aip_err *err)
{
	_cleanup_close_ int to = openat(w->repofd, w->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int from = openat(w->repofd, "repodata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = from >= 0 ? fdopendir(from) : NULL;
	const struct dirent *e;
	int r = 0;

	if (to < 0 || !d)
		return aip_err_errno(err, -errno, "cannot read %s/repodata", w->repo);
	while (r == 0 && (errno = 0, e = readdir(d))) {
		if (e->d_name[0] == '.' || strncmp(e->d_name, "repomd.xml.", 11) == 0 ||
		    is_old_record(e->d_name))
			continue;
		if (strcmp(e->d_name, "repomd.xml") == 0)
			r = copy_file(from, to, e->d_name, err);
		else if (linkat(from, e->d_name, to, e->d_name, 0) < 0)
			r = aip_err_errno(err, -errno, "cannot link %s/repodata/%s", w->repo,
					  e->d_name);
	}
	if (r == 0 && errno)
		r = aip_err_errno(err, -errno, "cannot read %s/repodata", w->repo);
	return r;
}

static int stage_begin(struct work *w, struct aip_err *err)
{
	struct stat st;

	w->repofd = open(w->repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->repofd < 0)
		return aip_err_errno(err, -errno, "cannot open %s", w->repo);
	if (fstatat(w->repofd, "repodata/repomd.xml", &st, 0) < 0) {
		aip_err_set(err, -ENOENT, "%s is not a repository: it has no repodata/repomd.xml",
			    w->repo);
		return aip_err_hint(err, "make one with: createrepo_c %s", w->repo);
	}
	if (fstatat(w->repofd, "repodata", &st, 0) < 0)
		return aip_err_errno(err, -errno, "cannot look at %s/repodata", w->repo);
	w->stage = aip_temp_name("repodata");
	if (!w->stage || mkdirat(w->repofd, w->stage, 0700) < 0 ||
	    fchmodat(w->repofd, w->stage, st.st_mode & 0777, 0) < 0)
		return aip_err_errno(err, -errno, "cannot make a folder in %s", w->repo);
	return stage_files(w, err);
}

/* ---- the change ------------------------------------------------------------------------- */

static int modify(const struct work *w, const struct aip_buf *packed, struct aip_err *err)
{
	_cleanup_free_ char *dir = NULL, *file = NULL, *rel = NULL;
	const char *argv[] = { "modifyrepo_c", "--mdtype=" RECORD, NULL, NULL, NULL };
	struct aip_spawn s = {
		.argv = argv, .output_max = 1 << 20, .timeout_ms = TIMEOUT_MS, .quiet_stdout = true
	};
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	int r;

	if (asprintf(&dir, "%s/%s", w->repo, w->stage) < 0 ||
	    asprintf(&rel, "%s/in", w->stage) < 0 || asprintf(&file, "%s/in/" COPY, dir) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot publish");
	if (mkdirat(w->repofd, rel, 0700) < 0)
		return aip_err_errno(err, -errno, "cannot make a folder in %s", dir);
	r = aip_write_file(AT_FDCWD, file, packed->data, packed->len, 0644, err);
	if (r < 0)
		return r;
	argv[2] = file;
	argv[3] = dir;
	r = aip_spawn(&s, &res, err);
	if (r == -ENOENT)
		aip_err_hint(err, "install createrepo_c");
	if (r == 0 && res.status != 0)
		r = aip_err_set(err, -EIO, "modifyrepo_c failed: %.*s",
				(int)strcspn(res.err.len ? res.err.data : "", "\n"),
				res.err.len ? res.err.data : "");
	if (r == 0)
		r = clear_folder(w->repofd, rel);
	return r;
}

static int sign_repomd(const struct work *w, const char *key, struct aip_err *err)
{
	_cleanup_close_ int dir = openat(w->repofd, w->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buf_ struct aip_buf md = AIP_BUF_INIT, sig = AIP_BUF_INIT;
	char fpr[41];
	int r = dir < 0 ? -errno : aip_read_file(dir, "repomd.xml", REPOMD_MAX, &md, err);

	if (r == 0)
		r = gpg_sign(key, md.data, md.len, true, &sig, fpr, err);
	return r < 0 ? r : aip_write_file(dir, "repomd.xml.asc", sig.data, sig.len, 0644, err);
}

/* Put the new repodata where the old one is; the old one then is the stage, and goes. */
static int exchange(const struct work *w, struct aip_err *err)
{
	_cleanup_free_ char *old = NULL;

#if defined(SYS_renameat2)
	if (syscall(SYS_renameat2, w->repofd, w->stage, w->repofd, "repodata", 2 /* EXCHANGE */) ==
	    0)
		return 0;
#endif
	/* a kernel or file system without exchange: for a moment there is none */
	old = aip_temp_name("repodata");
	if (!old || renameat(w->repofd, "repodata", w->repofd, old) < 0)
		return aip_err_errno(err, -errno, "cannot exchange %s/repodata", w->repo);
	if (renameat(w->repofd, w->stage, w->repofd, "repodata") < 0) {
		int r = -errno;

		renameat(w->repofd, old, w->repofd, "repodata");
		return aip_err_errno(err, r, "cannot exchange %s/repodata", w->repo);
	}
	renameat(w->repofd, old, w->repofd, w->stage);
	return 0;
}

static bool was_signed(const struct work *w)
{
	return faccessat(w->repofd, "repodata/repomd.xml.asc", F_OK, 0) == 0;
}

/* What lies there already must not be newer: clients do not go back. */
static int check_serial(const struct input *in, const char *copy, const char *repo,
			struct aip_err *err)
{
	_cleanup_(input_free) struct input old = { 0 };
	struct aip_err ignored = AIP_ERR_INIT;

	/* none, or one that cannot be read: then this one is better */
	if (input_read(copy, &old, &ignored) < 0 ||
	    strcmp(old.index->stream, in->index->stream) != 0 ||
	    old.index->serial <= in->index->serial)
		return 0;
	aip_err_set(
		err, -EINVAL,
		"%s carries serial %lld of stream %s already; clients would refuse the older %lld",
		repo, (long long)old.index->serial, in->index->stream,
		(long long)in->index->serial);
	return aip_err_hint(err, "build the index anew with --previous and that one");
}

static int publish(struct work *w, const char *index, const char *key, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf packed = AIP_BUF_INIT;
	_cleanup_(input_free) struct input in = { 0 };
	_cleanup_free_ char *copy = NULL;
	int r;

	if (asprintf(&copy, "%s/" COPY, w->repo) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot publish");
	r = input_read(index ? index : copy, &in, err);
	if (r == -ENOENT && !index)
		aip_err_hint(err,
			     "nothing was published there yet: name the index with --index INDEX");
	if (r < 0)
		return r;
	if (!in.envelope) {
		aip_err_set(err, -EBADMSG, "%s is not signed; no client would take it",
			    index ? index : copy);
		return aip_err_hint(err, "sign it with: aip-mkindex sign --sign KEY -o OUT INDEX");
	}
	r = index ? check_serial(&in, copy, w->repo, err) : 0;
	if (r < 0)
		return r;
	if (gz(in.raw.data, in.raw.len, &packed) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot pack the index");
	r = stage_begin(w, err);
	if (r == 0 && was_signed(w) && !key) {
		aip_err_set(err, -EINVAL,
			    "%s/repodata/repomd.xml is signed; changing it needs a new "
			    "signature",
			    w->repo);
		r = aip_err_hint(err, "name the key with --sign-repomd KEY");
	}
	if (r == 0)
		r = modify(w, &packed, err);
	if (r == 0 && key)
		r = sign_repomd(w, key, err);
	if (r == 0)
		r = aip_write_file(w->repofd, COPY, packed.data, packed.len, 0644, err);
	if (r == 0)
		r = exchange(w, err);
	if (r == 0)
		printf("%s: index of stream %s, serial %lld, is published\n", w->repo,
		       in.index->stream, (long long)in.index->serial);
	return r;
}

int cmd_publish(int argc, char **argv)
{
	static const struct option options[] = { { "index", required_argument, NULL, 'i' },
						 { "sign-repomd", required_argument, NULL, 's' },
						 { NULL, 0, NULL, 0 } };
	_cleanup_(work_end) struct work w = { .repofd = -1 };
	const char *index = NULL, *key = NULL;
	struct aip_err err = AIP_ERR_INIT;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'i')
			index = optarg;
		else if (c == 's')
			key = optarg;
		else
			return bad_usage("publish", "see the message above");
	}
	if (optind != argc - 1)
		return bad_usage("publish", "one repository is to be named");
	w.repo = argv[optind];
	if (publish(&w, index, key, &err) < 0) {
		err.exit = EXIT_ERROR;
		return complain(&err);
	}
	return EXIT_DONE;
}
