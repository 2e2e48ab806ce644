// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "mkindex/sources.h"

#define DEPTH_MAX   40
#define SOURCES_MAX 1000000

int sources_keep(struct sources *s, const char *path, struct aip_err *err)
{
	char *copy;

	if (s->n == SOURCES_MAX)
		return aip_err_set(err, -EFBIG, "more than %d packages", SOURCES_MAX);
	if ((s->n & (s->n - 1)) == 0) {
		char **bigger = realloc(s->paths, (s->n ? s->n * 2 : 1) * sizeof(*bigger));

		if (!bigger)
			return aip_err_errno(err, -ENOMEM, "cannot list the packages");
		s->paths = bigger;
	}
	copy = strdup(path);
	if (!copy)
		return aip_err_errno(err, -ENOMEM, "cannot list the packages");
	s->paths[s->n++] = copy;
	return 0;
}

static bool is_rpm(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".rpm") == 0 &&
	       (n < 8 || strcmp(name + n - 8, ".src.rpm") != 0);
}

static int add_folder(struct sources *s, const char *path, int depth, struct aip_err *err);

static int add_entry(struct sources *s, const char *dir, const char *name, int depth,
		     struct aip_err *err)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return aip_err_errno(err, -ENOMEM, "cannot list %s", dir);
	}
	if (lstat(path, &st) < 0)
		return aip_err_errno(err, -errno, "cannot look at %s", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(s, path, depth + 1, err);
	/* mirrors link packages to each other, so a link to a file is one */
	if (is_rpm(name) && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return sources_keep(s, path, err);
	return 0;
}

static bool has_repodata(const char *path)
{
	_cleanup_free_ char *md = NULL;
	bool has;

	if (asprintf(&md, "%s/repodata/repomd.xml", path) < 0) {
		md = NULL;
		return false;
	}
	has = access(md, F_OK) == 0;
	return has;
}

static int add_folder(struct sources *s, const char *path, int depth, struct aip_err *err)
{
	_cleanup_closedir_ DIR *d = NULL;
	const struct dirent *e;
	int r = 0;

	if (depth > DEPTH_MAX)
		return aip_err_set(err, -ELOOP, "%s lies more than %d folders deep", path,
				   DEPTH_MAX);
	if (has_repodata(path)) {
		s->repos++;
		return repodata_add(s, path, err);
	}
	d = opendir(path);
	if (!d)
		return aip_err_errno(err, -errno, "cannot read folder %s", path);
	while (r == 0 && (errno = 0, e = readdir(d)))
		if (e->d_name[0] != '.')
			r = add_entry(s, path, e->d_name, depth, err);
	if (r == 0 && errno)
		r = aip_err_errno(err, -errno, "cannot read folder %s", path);
	return r;
}

int sources_add(struct sources *s, const char *path, struct aip_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return aip_err_errno(err, -errno, "cannot look at %s", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(s, path, 0, err);
	if (!S_ISREG(st.st_mode))
		return aip_err_set(err, -EINVAL, "%s is neither a file nor a folder", path);
	return sources_keep(s, path, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void sources_sort(struct sources *s)
{
	size_t i, kept = 0;

	if (s->n)
		qsort(s->paths, s->n, sizeof(*s->paths), by_path);
	for (i = 0; i < s->n; i++) {
		if (kept && strcmp(s->paths[kept - 1], s->paths[i]) == 0)
			free(s->paths[i]);
		else
			s->paths[kept++] = s->paths[i];
	}
	s->n = kept;
}

void sources_free(struct sources *s)
{
	while (s->n)
		free(s->paths[--s->n]);
	free(s->paths);
	s->paths = NULL;
}
