// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "aipbackup/set.h"
#include "common/fs.h"

#define MANIFEST_MAX (1 << 20)
#define UNFINISHED   ".unfinished"

static int by_id(const void *a, const void *b)
{
	const struct aip_manifest *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* Is @name "NNNN" and @suffix? */
static bool is_ours(const char *name, const char *suffix)
{
	return strlen(name) == AIP_ID_LEN + strlen(suffix) &&
	       strspn(name, "0123456789") == AIP_ID_LEN && strcmp(name + AIP_ID_LEN, suffix) == 0;
}

static int add_manifest(struct aip_set *s, const char *name, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_manifest m, *list;
	int r;

	r = aip_read_file(s->dirfd, name, MANIFEST_MAX, &b, err);
	if (r < 0)
		return aip_err_prefix(err, "%s", s->path);
	r = aip_manifest_parse(b.data, b.len, name, &m, err);
	if (r < 0)
		return aip_err_prefix(err, "%s", s->path);
	if (strncmp(m.id, name, AIP_ID_LEN) != 0) {
		r = aip_err_set(err, -EBADMSG, "%s/%s is the manifest of backup %s", s->path, name,
				m.id);
		aip_manifest_free(&m);
		return r;
	}
	list = realloc(s->list, (s->n + 1) * sizeof(*list));
	if (!list) {
		aip_manifest_free(&m);
		return aip_err_errno(err, -ENOMEM, "cannot read %s", s->path);
	}
	s->list = list;
	s->list[s->n++] = m;
	return 0;
}

/* Call @f for each file of the folder. */
static int each_file(struct aip_set *s, int (*f)(struct aip_set *, const char *, struct aip_err *),
		     struct aip_err *err)
{
	_cleanup_closedir_ DIR *d = NULL;
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	struct dirent *e;

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return aip_err_errno(err, -errno, "cannot read %s", s->path);
	while (r == 0 && (errno = 0, e = readdir(d)))
		r = f(s, e->d_name, err);
	if (r == 0 && errno)
		r = aip_err_errno(err, -errno, "cannot read %s", s->path);
	return r;
}

static int take_manifest(struct aip_set *s, const char *name, struct aip_err *err)
{
	return is_ours(name, ".json") ? add_manifest(s, name, err) : 0;
}

/* Remove a file that .unfinished names, unless a manifest names it too. */
static int drop_leftover(struct aip_set *s, const char *name, struct aip_err *err)
{
	size_t i;

	if (strchr(name, '/') || !strspn(name, "0123456789"))
		return 0;
	for (i = 0; i < s->n; i++)
		if (strcmp(s->list[i].where, name) == 0 || strcmp(s->list[i].sums, name) == 0)
			return 0;
	if (unlinkat(s->dirfd, name, 0) < 0 && errno != ENOENT)
		return aip_err_errno(err, -errno, "cannot remove %s/%s, left by an interrupted run",
				     s->path, name);
	return 0;
}

int aip_set_sweep(struct aip_set *s, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char *name, *save = NULL;
	int r = aip_read_file(s->dirfd, UNFINISHED, 4096, &b, err);

	if (r == -ENOENT)
		return 0;
	for (name = r == 0 && b.len ? strtok_r(b.data, "\n", &save) : NULL; name && r == 0;
	     name = strtok_r(NULL, "\n", &save))
		r = drop_leftover(s, name, err);
	if (r == 0 && unlinkat(s->dirfd, UNFINISHED, 0) < 0)
		r = aip_err_errno(err, -errno, "cannot remove %s/" UNFINISHED, s->path);
	return r;
}

void aip_set_finished(const struct aip_set *s)
{
	unlinkat(s->dirfd, UNFINISHED,
		 0); /* if it stays, the next run finds them named and keeps them */
}

int aip_set_unfinished(const struct aip_set *s, const char *const *names, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;

	for (; *names; names++)
		aip_buf_fmt(&b, "%s\n", *names);
	if (aip_buf_status(&b) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot write %s/" UNFINISHED, s->path);
	return aip_write_file(s->dirfd, UNFINISHED, b.data, b.len, 0600, err);
}

/* Temporary files of a manifest, or of the two lists, that a run which was killed left. */
static int drop_temporary(struct aip_set *s, const char *name, struct aip_err *err)
{
	if (name[0] == '.' && strstr(name, ".aip-") && unlinkat(s->dirfd, name, 0) < 0)
		return aip_err_errno(err, -errno, "cannot remove %s/%s", s->path, name);
	return 0;
}

/*
 * All of one set and one device, each increment on the backup before it: so they are made,
 * and prune takes only the oldest.  With another parent the chunks in between would be missing,
 * and nothing else would show it.
 */
static int check_list(const struct aip_set *s, struct aip_err *err)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct aip_manifest *m = &s->list[i], *p = aip_set_parent(s, m);

		if (strcmp(m->set, s->list[0].set) != 0)
			return aip_err_set(err, -EBADMSG,
					   "%s: backup %s belongs to another set (%s)", s->path,
					   m->id, m->set);
		if (m->kind == AIP_INCREMENTAL && !p) {
			aip_err_set(err, -EBADMSG, "%s: backup %s needs %s, which is missing",
				    s->path, m->id, m->parent);
			return aip_err_hint(err,
					    "bring %s.json and its files back, or move %s.json "
					    "and what depends on it out of the folder",
					    m->parent, m->id);
		}
		if (p && (p->size != m->size || p->chunk != m->chunk || p->store != m->store))
			return aip_err_set(err, -EBADMSG,
					   "%s: backup %s does not fit its parent %s", s->path,
					   m->id, p->id);
		if (p && p != m - 1)
			return aip_err_set(err, -EBADMSG,
					   "%s/%s.json is damaged: it names %s as the parent, but "
					   "%s comes before it",
					   s->path, m->id, p->id, m[-1].id);
	}
	return 0;
}

static int lock(struct aip_set *s, struct aip_err *err)
{
	s->lockfd = openat(s->dirfd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lockfd < 0)
		return aip_err_errno(err, -errno, "cannot lock %s", s->path);
	if (flock(s->lockfd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return aip_err_errno(err, -errno, "cannot lock %s", s->path);
	aip_err_set(err, -EBUSY, "%s is being changed by another aipbackup", s->path);
	return aip_err_hint(err, "wait for it; `fuser -v %s/.lock` shows its process", s->path);
}

int aip_set_open(const char *path, bool change, struct aip_set *s, struct aip_err *err)
{
	int r;

	*s = (struct aip_set)AIP_SET_INIT;
	if (change && mkdir(path, 0700) < 0 && errno != EEXIST)
		return aip_err_errno(err, -errno, "cannot create the set %s", path);
	s->path = strdup(path);
	s->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!s->path || s->dirfd < 0) {
		r = aip_err_errno(err, -errno, "cannot open the set %s", path);
		goto fail;
	}
	r = change ? lock(s, err) : 0;
	if (r == 0)
		r = each_file(s, take_manifest, err);
	if (r == 0 && s->n)
		qsort(s->list, s->n, sizeof(*s->list), by_id);
	if (r == 0)
		r = check_list(s, err);
	if (r == 0 && change)
		r = aip_set_sweep(s, err);
	if (r == 0 && change)
		r = each_file(s, drop_temporary, err);
	if (r == 0)
		return 0;
fail:
	aip_set_close(s);
	return r;
}

void aip_set_close(struct aip_set *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		aip_manifest_free(&s->list[i]);
	free(s->list);
	free(s->path);
	aip_closep(&s->dirfd);
	aip_closep(&s->lockfd);
	*s = (struct aip_set)AIP_SET_INIT;
}

struct aip_manifest *aip_set_find(const struct aip_set *s, const char *id)
{
	size_t i;

	if (strcmp(id, "latest") == 0)
		return s->n ? &s->list[s->n - 1] : NULL;
	for (i = 0; i < s->n; i++)
		if (strcmp(s->list[i].id, id) == 0)
			return &s->list[i];
	return NULL;
}

struct aip_manifest *aip_set_parent(const struct aip_set *s, const struct aip_manifest *m)
{
	return m->kind == AIP_INCREMENTAL ? aip_set_find(s, m->parent) : NULL;
}

struct aip_manifest *aip_set_child(const struct aip_set *s, const struct aip_manifest *m)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->list[i].parent, m->id) == 0)
			return &s->list[i];
	return NULL;
}

int aip_set_next_id(const struct aip_set *s, char id[AIP_ID_LEN + 1], struct aip_err *err)
{
	unsigned last = s->n ? atoi(s->list[s->n - 1].id) : 0;

	if (last >= 9999) {
		aip_err_set(err, -ENOSPC, "%s: 9999 backups are as many as a set can have",
			    s->path);
		return aip_err_hint(err, "start a new set in another folder");
	}
	snprintf(id, AIP_ID_LEN + 1, "%04u", last + 1);
	return 0;
}

int aip_set_save(const struct aip_set *s, const struct aip_manifest *m, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char name[16];
	int r;

	snprintf(name, sizeof(name), "%s.json", m->id);
	aip_manifest_write(m, &b);
	r = aip_buf_status(&b);
	if (r < 0)
		return aip_err_errno(err, r, "cannot write %s/%s", s->path, name);
	r = aip_write_file(s->dirfd, name, b.data, b.len, 0600, err);
	return r < 0 ? aip_err_prefix(err, "%s", s->path) : 0;
}

int aip_set_sums(const struct aip_set *s, const struct aip_manifest *m, struct aip_sums *sums,
		 struct aip_err *err)
{
	int r = aip_sums_open(s->dirfd, m->sums, m->sums_digest, sums, err);

	if (r == 0 &&
	    (sums->chunk != m->chunk || sums->device_size != m->size || sums->count != m->chunks)) {
		aip_sums_close(sums);
		r = aip_err_set(err, -EBADMSG, "%s does not belong to %s.json", m->sums, m->id);
	}
	return r < 0 ? aip_err_prefix(err, "%s", s->path) : 0;
}
