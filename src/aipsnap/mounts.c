// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "aipsnap/mounts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/fs.h"

#define MOUNTINFO_MAX  (16 << 20)
#define NAMESPACES_MAX 4096

static int add(struct mounts *m, const struct mounted *fs)
{
	struct mounted *list;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->list[i].major == fs->major && m->list[i].minor == fs->minor) {
			m->list[i].rw |= fs->rw;
			return 0;
		}
	list = realloc(m->list, (m->n + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	m->list = list;
	list[m->n++] = *fs;
	return 0;
}

/* "\040" and its like, in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = 0;
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG]... - TYPE SOURCE SUPER-OPTIONS */
static bool parse_line(char *line, struct mounted *fs)
{
	char point[PATH_MAX], *rest = strstr(line, " - "), *save, *source, *options;
	struct stat st;

	memset(fs, 0, sizeof(*fs));
	if (!rest || sscanf(line, "%*d %*d %u:%u %*s %4095s", &fs->major, &fs->minor, point) != 3)
		return false;
	strtok_r(rest + 3, " ", &save);
	source = strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " ", &save);
	if (!options)
		return false;
	fs->rw = !strncmp(options, "rw", 2) && (!options[2] || options[2] == ',');
	unescape(point);
	snprintf(fs->point, sizeof(fs->point), "%.255s", point);
	if (fs->major)
		return true;
	/* btrfs has a device number of its own; its source is one of its devices */
	unescape(source);
	if (source[0] != '/' || stat(source, &st) || !S_ISBLK(st.st_mode))
		return false;
	fs->major = major(st.st_rdev);
	fs->minor = minor(st.st_rdev);
	return true;
}

int mounts_parse(struct mounts *m, char *text)
{
	char *line, *save;
	struct mounted fs;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (parse_line(line, &fs) && add(m, &fs))
			return -ENOMEM;
	return 0;
}

static int read_one(struct mounts *m, const char *pid)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	char path[300];
	int ret;

	snprintf(path, sizeof(path), "/proc/%.255s/mountinfo", pid);
	ret = aip_read_file(AT_FDCWD, path, MOUNTINFO_MAX, &text, NULL);
	if (ret == -ENOMEM)
		return ret;
	/* a process that ended meanwhile */
	return ret || !text.data ? 0 : mounts_parse(m, text.data);
}

/* Whether a namespace is new; its number is remembered. */
static bool is_new(const char *pid, ino_t *seen, size_t *n)
{
	char path[300];
	struct stat st;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%.255s/ns/mnt", pid);
	if (stat(path, &st))
		return false;
	for (i = 0; i < *n; i++)
		if (seen[i] == st.st_ino)
			return false;
	if (*n < NAMESPACES_MAX)
		seen[(*n)++] = st.st_ino;
	return true;
}

int mounts_read(struct mounts *m, struct aip_err *err)
{
	_cleanup_free_ ino_t *seen = calloc(NAMESPACES_MAX, sizeof(*seen));
	_cleanup_closedir_ DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0;
	int ret;

	*m = (struct mounts){ 0 };
	if (!d || !seen)
		return aip_err_errno(err, d ? -ENOMEM : -errno, "/proc");
	ret = read_one(m, "self");
	is_new("self", seen, &n);
	while (!ret && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && is_new(e->d_name, seen, &n))
			ret = read_one(m, e->d_name);
	if (ret)
		return aip_err_errno(err, ret, "reading the mounted file systems");
	return 0;
}

void mounts_free(struct mounts *m)
{
	free(m->list);
	*m = (struct mounts){ 0 };
}

struct ranked {
	struct mounted fs;
	int depth;
};

static int by_depth(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return y->depth - x->depth;
}

int mounts_above(const struct mounts *m, const struct blkdev *bases, size_t n, struct mounts *out)
{
	_cleanup_free_ struct ranked *r = calloc(m->n + 1, sizeof(*r));
	size_t i, k = 0;

	*out = (struct mounts){ 0 };
	if (!r)
		return -ENOMEM;
	for (i = 0; i < m->n; i++) {
		struct blkdev b;

		if (blkdev_from_number(m->list[i].major, m->list[i].minor, &b, NULL))
			continue;
		r[k].fs = m->list[i];
		r[k].depth = blkdev_lies_on(&b, bases, n);
		if (r[k].depth >= 0)
			k++;
	}
	qsort(r, k, sizeof(*r), by_depth);
	out->list = calloc(k + 1, sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	for (i = 0; i < k; i++)
		out->list[i] = r[i].fs;
	out->n = k;
	return 0;
}
