// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/bound.h"
#include "aipsnap/hooks.h"
#include "common/cleanup.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *folder, struct hooks *h, struct aip_err *err)
{
	_cleanup_closedir_ DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char *path;

		if (strchr(e->d_name, '.') || strchr(e->d_name, '~'))
			continue;
		if (h->n == HOOKS_MAX)
			return aip_err_set(err, -E2BIG, "%s: more than %d hooks", folder,
					   HOOKS_MAX);
		if (asprintf(&path, "%s/%s", folder, e->d_name) < 0)
			return aip_err_errno(err, -ENOMEM, "%s", folder);
		if (access(path, X_OK)) {
			free(path);
			continue;
		}
		h->path[h->n++] = path;
	}
	qsort(h->path, h->n, sizeof(h->path[0]), by_name);
	return 0;
}

static int call(const char *path, const char *verb, struct aip_err *err)
{
	const char *const argv[] = { path, verb, NULL };
	int ret = bound_exec(argv, HOOKS_SECONDS);

	if (!ret)
		return 0;
	if (ret == -ETIMEDOUT)
		return aip_err_set(err, ret, "%s %s: did not end within %d s", path, verb,
				   HOOKS_SECONDS);
	return aip_err_set(err, -EIO, "%s %s: failed with status %d", path, verb, ret);
}

int hooks_freeze(const char *folder, struct hooks *h, struct aip_err *err)
{
	int ret;

	*h = (struct hooks){ 0 };
	ret = list(folder, h, err);
	while (!ret && h->frozen < h->n) {
		ret = call(h->path[h->frozen], "freeze", err);
		/* one that failed half-way wants its thaw as well */
		h->frozen++;
	}
	if (ret)
		hooks_thaw(h, NULL);
	return ret;
}

int hooks_thaw(struct hooks *h, struct aip_err *err)
{
	int ret = 0, one;

	while (h->frozen) {
		one = call(h->path[--h->frozen], "thaw", ret ? NULL : err);
		ret = ret ? ret : one;
	}
	while (h->n)
		free(h->path[--h->n]);
	return ret;
}
