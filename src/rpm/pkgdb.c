// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>

#include "common/cleanup.h"
#include "common/hex.h"
#include "common/root.h"
#include "rpm/pkgdb.h"
#include "rpm/quiet.h"

struct aip_rpmdb {
	rpmts ts;
	char *root;
	char *dbpath; /* as seen inside the root */
};

static int configure(struct aip_err *err)
{
	static bool done;

	if (done)
		return 0;
	aip_rpmlog_quiet();
	if (rpmReadConfigFiles(NULL, NULL) != 0)
		return aip_err_set(err, -EIO, "cannot read the configuration of rpm: %s",
				   aip_rpmlog_last());
	done = true;
	return 0;
}

/* Return: 1 when there is a database in folder @dbpath of the root, 0 when not, -errno. */
static int has_db(int rootfd, const char *dbpath)
{
	static const char *const files[] = { "rpmdb.sqlite", "Packages.db", "Packages" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		_cleanup_free_ char *path = NULL, *rel = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s", dbpath, files[i]) < 0)
			return -ENOMEM;
		if (aip_root_resolve(rootfd, path, 1, &rel, NULL) == 0 &&
		    fstatat(rootfd, rel, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
			return 1;
	}
	return 0;
}

static int find_db(const char *root, char **out, struct aip_err *err)
{
	_cleanup_close_ int rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *configured = rpmExpand("%{?_dbpath}", NULL);
	const char *places[] = { configured, "/var/lib/rpm", "/usr/lib/sysimage/rpm" };
	size_t i;

	if (rootfd < 0)
		return aip_err_errno(err, -errno, "cannot open the root %s", root);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int r = places[i] && places[i][0] == '/' ? has_db(rootfd, places[i]) : 0;

		if (r < 0)
			return aip_err_errno(err, r, "cannot look for the rpm database");
		if (r) {
			*out = strdup(places[i]);
			return *out ? 0
				    : aip_err_errno(err, -ENOMEM, "cannot open the rpm database");
		}
	}
	return aip_err_set(err, -ENOENT, "there is no rpm database in %s", root);
}

int aip_rpmdb_open(const char *root, struct aip_rpmdb **out, struct aip_err *err)
{
	struct aip_rpmdb *db;
	_cleanup_free_ char *macro = NULL;
	int r = configure(err);

	if (r < 0)
		return r;
	db = calloc(1, sizeof(*db));
	if (!db || !(db->root = strdup(root))) {
		free(db);
		return aip_err_errno(err, -ENOMEM, "cannot open the rpm database");
	}
	r = find_db(root, &db->dbpath, err);
	if (r < 0)
		goto fail;
	if (asprintf(&macro, "_dbpath %s", db->dbpath) < 0) {
		macro = NULL;
		r = aip_err_errno(err, -ENOMEM, "cannot open the rpm database");
		goto fail;
	}
	rpmDefineMacro(NULL, macro, RMIL_CMDLINE);
	db->ts = rpmtsCreate();
	aip_rpmlog_forget();
	rpmtsSetVSFlags(db->ts, _RPMVSF_NOSIGNATURES | _RPMVSF_NODIGESTS);
	if (rpmtsSetRootDir(db->ts, root) != 0 || rpmtsOpenDB(db->ts, O_RDONLY) != 0) {
		r = aip_err_set(err, -EIO, "cannot open the rpm database %s in %s: %s", db->dbpath,
				root, aip_rpmlog_last());
		aip_err_hint(err, "check it with: rpm --root %s -q initscripts", root);
		goto fail;
	}
	*out = db;
	return 0;
fail:
	aip_rpmdb_close(db);
	return r;
}

void aip_rpmdb_close(struct aip_rpmdb *db)
{
	if (!db)
		return;
	if (db->ts)
		rpmtsFree(db->ts);
	free(db->root);
	free(db->dbpath);
	free(db);
}

void aip_rpmdb_closep(struct aip_rpmdb **db)
{
	aip_rpmdb_close(*db);
}

static void take_file(rpmfiles fi, int ix, struct aip_rpmfile *f)
{
	rpmfileAttrs flags = rpmfilesFFlags(fi, ix);
	const unsigned char *digest;
	size_t len = 0;
	int algo = 0;

	f->listed = true;
	f->installed = rpmfilesFState(fi, ix) == RPMFILE_STATE_NORMAL;
	f->config = flags & RPMFILE_CONFIG;
	f->noreplace = flags & RPMFILE_NOREPLACE;
	f->ghost = flags & RPMFILE_GHOST;
	digest = rpmfilesFDigest(fi, ix, &algo, &len);
	f->algo = algo ? algo : AIP_DIGEST_MD5;
	if (digest && len && len * 2 < sizeof(f->digest) && !f->ghost)
		aip_hex(digest, len, f->digest);
}

static int take_pkg(Header h, unsigned int offset, const char *const *paths, size_t n_paths,
		    struct aip_rpmpkg *pkg)
{
	rpmfiles fi;
	size_t i;
	int ix;

	pkg->offset = offset;
	pkg->nevra = headerGetAsString(h, RPMTAG_NEVRA);
	pkg->name = headerGetAsString(h, RPMTAG_NAME);
	pkg->evr = headerGetAsString(h, RPMTAG_EVR);
	pkg->arch = headerGetAsString(h, RPMTAG_ARCH);
	pkg->files = calloc(n_paths ? n_paths : 1, sizeof(*pkg->files));
	fi = rpmfilesNew(NULL, h, RPMTAG_BASENAMES, RPMFI_FLAGS_VERIFY);
	if (!pkg->nevra || !pkg->name || !pkg->evr || !pkg->arch || !pkg->files || !fi) {
		rpmfilesFree(fi);
		return -ENOMEM;
	}
	for (i = 0; i < n_paths; i++) {
		ix = rpmfilesFindFN(fi, paths[i]);
		if (ix >= 0)
			take_file(fi, ix, &pkg->files[i]);
	}
	rpmfilesFree(fi);
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct aip_rpmpkg *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int aip_rpmdb_query(struct aip_rpmdb *db, const char *name, const char *const *paths,
		    size_t n_paths, struct aip_rpmpkgs *out, struct aip_err *err)
{
	rpmdbMatchIterator mi;
	Header h;
	int r = 0;

	memset(out, 0, sizeof(*out));
	aip_rpmlog_forget();
	mi = rpmtsInitIterator(db->ts, RPMDBI_NAME, name, 0);
	while (r == 0 && (h = rpmdbNextIterator(mi))) {
		struct aip_rpmpkg *v = realloc(out->v, (out->n + 1) * sizeof(*v));

		if (!v) {
			r = -ENOMEM;
			break;
		}
		out->v = v;
		memset(&v[out->n], 0, sizeof(*v));
		r = take_pkg(h, rpmdbGetIteratorOffset(mi), paths, n_paths, &v[out->n++]);
	}
	rpmdbFreeIterator(mi);
	/* librpm only logs that it could not read; "not installed" would be another matter */
	if (r == 0 && !out->n && aip_rpmlog_last()[0])
		return aip_err_set(err, -EIO,
				   "cannot read the package %s from the rpm database: %s", name,
				   aip_rpmlog_last());
	if (r < 0) {
		aip_rpmpkgs_free(out);
		return aip_err_errno(err, r, "cannot read the package %s from the rpm database",
				     name);
	}
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_offset);
	return 0;
}

/* The version with which @h provides @cap, where it says "=", else that of the package. */
static char *provided_version(Header h, const char *cap)
{
	struct rpmtd_s names, flags, versions;
	char *out = NULL;

	headerGet(h, RPMTAG_PROVIDENAME, &names, HEADERGET_MINMEM);
	headerGet(h, RPMTAG_PROVIDEFLAGS, &flags, HEADERGET_MINMEM);
	headerGet(h, RPMTAG_PROVIDEVERSION, &versions, HEADERGET_MINMEM);
	while (!out && rpmtdNext(&names) >= 0 && rpmtdNext(&flags) >= 0 &&
	       rpmtdNext(&versions) >= 0) {
		const char *version = rpmtdGetString(&versions);

		/* a package that is called so provides itself with version and release */
		if (strcmp(rpmtdGetString(&names), cap) == 0 && version && *version &&
		    (rpmtdGetNumber(&flags) & RPMSENSE_SENSEMASK) == RPMSENSE_EQUAL &&
		    !strchr(version, '-'))
			out = strdup(version);
	}
	rpmtdFreeData(&names);
	rpmtdFreeData(&flags);
	rpmtdFreeData(&versions);
	return out ? out : headerGetAsString(h, RPMTAG_VERSION);
}

int aip_rpmdb_releasever(struct aip_rpmdb *db, char *out, size_t size)
{
	static const char *const caps[] = { "system-release(releasever)", "system-release",
					    "distribution-release(releasever)",
					    "distribution-release", "redhat-release" };
	size_t i;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		rpmdbMatchIterator it = rpmtsInitIterator(db->ts, RPMDBI_PROVIDENAME, caps[i], 0);
		Header h = rpmdbNextIterator(it);
		_cleanup_free_ char *version = h ? provided_version(h, caps[i]) : NULL;

		rpmdbFreeIterator(it);
		if (h) {
			if (!version)
				return -ENOMEM;
			snprintf(out, size, "%s", version);
			return 0;
		}
	}
	return -ENOENT;
}

void aip_rpmpkgs_free(struct aip_rpmpkgs *pkgs)
{
	size_t i;

	for (i = 0; i < pkgs->n; i++) {
		free(pkgs->v[i].nevra);
		free(pkgs->v[i].name);
		free(pkgs->v[i].evr);
		free(pkgs->v[i].arch);
		free(pkgs->v[i].files);
	}
	free(pkgs->v);
	memset(pkgs, 0, sizeof(*pkgs));
}

/* Parent of @pid, 0 when unknown. */
static pid_t parent_of(pid_t pid)
{
	char path[64], line[512], *p;
	_cleanup_fclose_ FILE *f = NULL;
	int ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return 0;
	/* the name in parentheses may hold anything */
	p = strrchr(line, ')');
	return p && sscanf(p + 1, " %*c %d", &ppid) == 1 ? ppid : 0;
}

static bool is_ancestor(pid_t pid)
{
	pid_t p = getppid();
	int depth;

	for (depth = 0; p > 0 && depth < 64; depth++) {
		if (p == pid)
			return true;
		if (p == 1)
			return false;
		p = parent_of(p);
	}
	return false;
}

const char *aip_pid_describe(pid_t pid, char *out, size_t size)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64], name[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f)) {
		name[strcspn(name, "\n")] = 0;
		snprintf(out, size, "%d (%s)", (int)pid, name);
	} else {
		snprintf(out, size, "%d", (int)pid);
	}
	return out;
}

/* Open description locks survive librpm's closing the same file; kernels before 3.15 have none. */
static int set_lock(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &fl) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	return fcntl(fd, F_SETLK, &fl) == 0 ? 0 : -errno;
}

static int open_lock(struct aip_rpmdb *db, int flags, int *fd, struct aip_err *err)
{
	_cleanup_close_ int rootfd = open(db->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *path = rpmExpand("%{?_rpmlock_path}", NULL), *rel = NULL;
	int r;

	if (!path || !path[0]) {
		free(path);
		if (asprintf(&path, "%s/.rpm.lock", db->dbpath) < 0)
			path = NULL;
	}
	if (!path)
		return aip_err_errno(err, -ENOMEM, "cannot lock the rpm database");
	if (rootfd < 0)
		return aip_err_errno(err, -errno, "cannot open the root %s", db->root);
	r = aip_root_resolve(rootfd, path, 1, &rel, err);
	if (r < 0)
		return r;
	*fd = openat(rootfd, rel, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	return *fd >= 0 ? 0 : aip_err_errno(err, -errno, "cannot open the lock of rpm, %s", path);
}

/* Somebody holds the lock on @fd. Return: 0 when it is the transaction around us, else -EAGAIN. */
static int judge_holder(int fd, struct aip_err *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char who[96];

	if (getenv("AIP_IN_TRANSACTION"))
		return 0;
	if (fcntl(fd, F_GETLK, &fl) < 0 || fl.l_type == F_UNLCK || fl.l_pid <= 0)
		return aip_err_set(err, -EAGAIN, "the rpm database is locked by another process");
	if (is_ancestor(fl.l_pid))
		return 0;
	return aip_err_set(err, -EAGAIN, "the rpm database is locked by process %s",
			   aip_pid_describe(fl.l_pid, who, sizeof(who)));
}

int aip_rpmlock_ask(struct aip_rpmdb *db, struct aip_err *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_close_ int fd = -1;
	int r = open_lock(db, O_RDONLY, &fd, err);

	if (r == -ENOENT) {
		aip_err_clear(err);
		return 0; /* nobody has ever run a transaction there */
	}
	if (r < 0)
		return r;
	if (fcntl(fd, F_GETLK, &fl) < 0)
		return aip_err_errno(err, -errno, "cannot ask for the lock of rpm");
	return fl.l_type == F_UNLCK ? 0 : judge_holder(fd, err);
}

int aip_rpmlock_try(struct aip_rpmdb *db, struct aip_rpmlock *lock, struct aip_err *err)
{
	_cleanup_close_ int fd = -1;
	int r = open_lock(db, O_RDWR | O_CREAT, &fd, err);

	*lock = (struct aip_rpmlock)AIP_RPMLOCK_INIT;
	if (r == 0)
		r = set_lock(fd);
	else if (r != -EROFS)
		return r;
	if (r == 0) {
		lock->fd = TAKE_FD(fd);
		return 0;
	}
	if (r == -EAGAIN || r == -EACCES)
		r = judge_holder(fd, err);
	else if (r == -EROFS)
		r = 0; /* nobody can run a transaction there */
	else
		aip_err_errno(err, r, "cannot take the lock of rpm");
	lock->inside = r == 0;
	return r;
}

void aip_rpmlock_release(struct aip_rpmlock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
	lock->inside = false;
}
