// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "aipmng/strlist.h"
#include "aipmng/yumrepo.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "fetch/ini.h"
#include "fetch/wire.h"
#include "rpm/pkgdb.h"

static const char *const dirs[] = { AIP_REPOS_DIR, "/etc/distro.repos.d", "/etc/yum/repos.d" };

int yumrepo_scan(const char *text, size_t len, const char *id)
{
	_cleanup_free_ char *enabled = NULL;
	int r = ini_value(text, len, id, "enabled", &enabled);

	return r < 0 ? r : !enabled || ini_bool(enabled, 0);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Look through one folder. Return: as yumrepo_scan(). */
static int scan_dir(const struct ctx *ctx, const char *path, const char *id)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	char **names = NULL;
	size_t n = 0, i;
	int fd = ctx_dir(ctx, path, 0, NULL), r = -ENOENT;

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		aip_closep(&fd);
		return -ENOENT;
	}
	while ((e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".repo") == 0)
			strlist_add(&names, &n, "%s", e->d_name);
	}
	if (n)
		qsort(names, n, sizeof(*names), by_bytes);
	for (i = 0; r == -ENOENT && i < n; i++) {
		_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;

		if (aip_read_file(dirfd(dir), names[i], YUMREPO_MAX_BYTES, &text, NULL) == 0 &&
		    text.data)
			r = yumrepo_scan(text.data, text.len, id);
	}
	strlist_free(&names, &n);
	return r;
}

bool yumrepo_enabled(const struct ctx *ctx, const char *id)
{
	size_t i;
	int r = -ENOENT;

	for (i = 0; r == -ENOENT && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = scan_dir(ctx, dirs[i], id);
	return r == 1;
}

/* The name of a family of machines, as yum and dnf have it in $basearch. */
static const char *basearch(const char *machine)
{
	static const char *const pairs[][2] = {
		{ "amd64", "x86_64" },	  { "ia32e", "x86_64" },  { "i386", "i386" },
		{ "i486", "i386" },	  { "i586", "i386" },	  { "i686", "i386" },
		{ "athlon", "i386" },	  { "armv7l", "armhfp" }, { "armv7hl", "armhfp" },
		{ "armv7hnl", "armhfp" }, { "armv8l", "armhfp" },
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (strcmp(machine, pairs[i][0]) == 0)
			return pairs[i][1];
	return machine;
}

void yumrepo_variables(const struct ctx *ctx, struct aip_buf *request)
{
	_cleanup_(aip_rpmdb_closep) struct aip_rpmdb *db = NULL;
	struct utsname u;
	char release[64];

	if (aip_rpmdb_open(ctx->root, &db, NULL) == 0 &&
	    aip_rpmdb_releasever(db, release, sizeof(release)) == 0)
		wire_put(request, "releasever", release);
	if (uname(&u) == 0) {
		wire_put(request, "basearch", basearch(u.machine));
		wire_put(request, "arch", u.machine);
	}
}
