// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/root.h"

#define LINKS_MAX 40

struct walk {
	char done[PATH_MAX]; /* resolved so far, no links, relative to the root; "" is the root */
	char todo[PATH_MAX]; /* still to be walked */
};

/* Take the first component off @w->todo. Return: false when none is left. */
static int next_component(struct walk *w, char name[NAME_MAX + 1])
{
	char *p = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(p, "/");

	if (!n)
		return 0;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, p, n);
	name[n] = 0;
	p += n;
	memmove(w->todo, p, strlen(p) + 1);
	return 1;
}

static int push(struct walk *w, const char *name)
{
	size_t n = strlen(w->done);

	if (n + strlen(name) + 2 > sizeof(w->done))
		return -ENAMETOOLONG;
	snprintf(w->done + n, sizeof(w->done) - n, "%s%s", n ? "/" : "", name);
	return 0;
}

static void pop(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	*(slash ? slash : w->done) = 0;
}

/* @w->done ends in a link: put what it points to before the rest of the way. */
static int follow(struct walk *w, const char *target)
{
	size_t n = strlen(target), rest = strlen(w->todo);

	if (target[0] == '/')
		w->done[0] = 0;
	else
		pop(w);
	if (n + 1 + rest >= sizeof(w->todo))
		return -ENAMETOOLONG;
	memmove(w->todo + n + 1, w->todo, rest + 1);
	memcpy(w->todo, target, n);
	w->todo[n] = '/';
	return 0;
}

static int step(int rootfd, struct walk *w, const char *name, int follow_last, int *links)
{
	char target[PATH_MAX];
	bool last;
	ssize_t n;
	int r;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		pop(w);
		return 0;
	}
	r = push(w, name);
	if (r < 0)
		return r;
	last = w->todo[strspn(w->todo, "/")] == 0;
	if (last && !follow_last)
		return 0;
	n = readlinkat(rootfd, w->done, target, sizeof(target) - 1);
	if (n < 0) {
		if (errno == EINVAL || (errno == ENOENT && last))
			return 0;
		return -errno;
	}
	if ((size_t)n >= sizeof(target) - 1)
		return -ENAMETOOLONG;
	target[n] = 0;
	if (++*links > LINKS_MAX)
		return -ELOOP;
	return follow(w, target);
}

int aip_root_resolve(int rootfd, const char *path, int follow_last, char **out, struct aip_err *err)
{
	char name[NAME_MAX + 1];
	struct walk w = { "", "" };
	int links = 0, r;

	if (strlen(path) >= sizeof(w.todo))
		return aip_err_errno(err, -ENAMETOOLONG, "cannot resolve %.100s...", path);
	strcpy(w.todo, path);
	while ((r = next_component(&w, name)) > 0) {
		r = step(rootfd, &w, name, follow_last, &links);
		if (r < 0)
			break;
	}
	if (r < 0)
		return aip_err_errno(err, r, "cannot resolve %s", path);
	*out = strdup(w.done[0] ? w.done : ".");
	return *out ? 0 : aip_err_errno(err, -ENOMEM, "cannot resolve %s", path);
}
