// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manifest.c: builds that are not there as packages (a source history, for one), as a list of
 * loose scripts: lines of NAME EVR ARCH KIND FILE, '#' begins a comment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/fs.h"
#include "mkindex/harvest.h"

#define MANIFEST_MAX (64u << 20)

struct reader {
	struct harvest *h;
	const char *path;
	size_t line;
	struct aip_err *err;
};

/* The package of the line before, if it is the same build; else a new one. */
static struct package *package_for(struct harvest *h, const char *path, char *const field[5])
{
	struct package *p = h->n ? &h->packages[h->n - 1] : NULL;

	if (p && p->path == path && strcmp(p->name, field[0]) == 0 &&
	    strcmp(p->evr, field[1]) == 0 && strcmp(p->arch, field[2]) == 0 &&
	    p->n_files < AIP_KIND_N)
		return p;
	p = realloc(h->packages, (h->n + 2) * sizeof(*p));
	if (!p)
		return NULL;
	h->packages = p;
	p = &h->packages[h->n++];
	memset(p, 0, sizeof(*p));
	p->path = path;
	p->state = PKG_READ;
	p->name = strdup(field[0]);
	p->evr = strdup(field[1]);
	p->arch = strdup(field[2]);
	return p->name && p->evr && p->arch ? p : NULL;
}

/* FILE is relative to the folder of the manifest. */
static int read_script(const char *manifest, const char *file, struct aip_buf *out,
		       struct aip_err *err)
{
	const char *slash = strrchr(manifest, '/');
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%.*s%s", slash && *file != '/' ? (int)(slash + 1 - manifest) : 0,
		     manifest, file) < 0) {
		path = NULL;
		return aip_err_errno(err, -ENOMEM, "cannot read %s", manifest);
	}
	return aip_read_file(AT_FDCWD, path, AIP_SCRIPT_MAX, out, err);
}

static int take_line(struct reader *rd, char *text)
{
	_cleanup_buf_ struct aip_buf script = AIP_BUF_INIT;
	char *field[5], *save = NULL;
	struct package *p;
	int k, r, i;

	text[strcspn(text, "#")] = 0;
	for (i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : text, " \t", &save);
		if (!field[i] && i == 0)
			return 0;
		if (!field[i])
			return aip_err_set(rd->err, -EINVAL,
					   "%s: line %zu: not NAME EVR ARCH KIND FILE", rd->path,
					   rd->line);
	}
	k = aip_kind_by_name(field[3]);
	if (k < 0)
		return aip_err_set(rd->err, -EINVAL,
				   "%s: line %zu: %s is neither rc.sysinit nor halt", rd->path,
				   rd->line, field[3]);
	r = read_script(rd->path, field[4], &script, rd->err);
	if (r < 0)
		return r;
	p = package_for(rd->h, rd->path, field);
	if (!p)
		return aip_err_errno(rd->err, -ENOMEM, "cannot read %s", rd->path);
	r = harvest_keep(rd->h, p, k, &script, rd->err);
	return r < 0 ? aip_err_prefix(rd->err, "%s: line %zu", rd->path, rd->line) : 0;
}

int harvest_manifest(struct harvest *h, const char *path, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf list = AIP_BUF_INIT;
	struct reader rd = { h, path, 0, err };
	char *p, *nl;
	int r = aip_read_file(AT_FDCWD, path, MANIFEST_MAX, &list, err);

	if (r < 0)
		return r;
	for (p = list.data; p < list.data + list.len && r == 0; p = nl + 1) {
		nl = p + strcspn(p, "\n");
		*nl = 0;
		rd.line++;
		r = take_line(&rd, p);
	}
	return r;
}
