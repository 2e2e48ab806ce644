// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * repo.c: asks the mirrors of a repository, one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "aipmng/aipmng.h"
#include "common/fs.h"
#include "fetch/repo_look.h"

const char *repo_version(void)
{
	static char text[32];

	snprintf(text, sizeof(text), "librepo/%d.%d.%d", LR_VERSION_MAJOR, LR_VERSION_MINOR,
		 LR_VERSION_PATCH);
	return text;
}

static int refuse(struct aip_err *err, int code, const char *hint)
{
	aip_err_exit(err, AIP_EXIT_NO_INDEX);
	aip_err_hint(err, "%s", hint);
	return code;
}

void look_note(struct look *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	aip_buf_vfmt(&l->ans->notes, fmt, ap);
	va_end(ap);
	aip_buf_chr(&l->ans->notes, 0);
}

int look_memory_file(const struct aip_buf *b)
{
	_cleanup_close_ int fd = syscall(SYS_memfd_create, "aip-fetch", 1u /* MFD_CLOEXEC */);
	int r;

	if (fd < 0 && errno == ENOSYS) {
		_cleanup_fclose_ FILE *f = tmpfile();

		fd = f ? fcntl(fileno(f), F_DUPFD_CLOEXEC, 3) : -1;
	}
	if (fd < 0)
		return -errno;
	r = aip_write_all(fd, b->data, b->len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

int look_get(struct look *l, const char *url, size_t max, bool more, struct aip_buf *out,
	     struct aip_err *err)
{
	struct http_how how = l->how;

	how.total_ms = l->deadline - http_now_ms();
	if (more)
		how.total_ms /= 2;
	if (how.connect_ms > how.total_ms / 2)
		how.connect_ms = how.total_ms / 2 + 1;
	return http_get(&how, url, max, NULL, out, err);
}

static bool to_skip(const struct look *l, const char *url)
{
	size_t i;

	for (i = 0; i < l->req->n; i++)
		if (strcmp(l->req->item[i].key, "skip") == 0 &&
		    strcmp(l->req->item[i].value, url) == 0)
			return true;
	return false;
}

static int try_mirrors(struct look *l, size_t max, const struct http_tags *tags,
		       struct aip_buf *body, struct aip_err *err)
{
	struct aip_err first = AIP_ERR_INIT;
	size_t i, asked = 0;

	for (i = 0; i < l->n_mirrors; i++) {
		const char *url = l->mirror[i].url;
		_cleanup_free_ char *shown = wire_public_url(url);
		struct aip_err why = AIP_ERR_INIT;
		int r;

		if (to_skip(l, url))
			continue;
		asked++;
		r = look_mirror(l, url, i + 1 < l->n_mirrors, max, tags, body, &why);
		if (r >= 0) {
			l->ans->mirror = strdup(url);
			return l->ans->mirror ? r : aip_err_errno(err, -ENOMEM, "%s", l->id);
		}
		look_note(l, "mirror %s: %s", shown ? shown : "", why.msg);
		if (!first.code)
			first = why;
		if (http_now_ms() >= l->deadline)
			break;
	}
	if (!asked) {
		aip_err_set(err, -ENOENT, "repository %s: %s mirror", l->id,
			    l->n_mirrors ? "no further" : "it has no");
		return refuse(err, -ENOENT, "check baseurl, mirrorlist or metalink of the section");
	}
	aip_err_set(err, first.code,
		    "repository %s: none of %zu mirror%s gave an index (the first: %s)", l->id,
		    asked, asked == 1 ? "" : "s", first.msg);
	return refuse(err, first.code,
		      first.hint[0] ? first.hint : "publish it there with 'aip-mkindex publish'");
}

static void look_free(struct look *l)
{
	size_t i;

	for (i = 0; i < l->n_mirrors; i++)
		g_free(l->mirror[i].url);
	if (l->metalink)
		lr_metalink_free(l->metalink);
	if (l->vars)
		lr_urlvars_free(l->vars);
	if (l->confs)
		lr_yum_repoconfs_free(l->confs);
	if (l->mains)
		lr_yum_repoconfs_free(l->mains);
	aip_buf_free(&l->text);
	aip_buf_free(&l->main_text);
	g_ptr_array_free(l->own, TRUE);
	aip_closep(&l->rootfd);
}

int repo_get(const struct wire *req, const struct http_how *how, size_t max,
	     const struct http_tags *tags, struct repo_answer *ans, struct aip_buf *body,
	     struct aip_err *err)
{
	struct look l = { .req = req, .how = *how, .ans = ans, .rootfd = -1 };
	int r;

	l.id = wire_get(req, "repo");
	l.root = wire_get(req, "root");
	l.deadline = http_now_ms() + how->total_ms;
	l.own = g_ptr_array_new_with_free_func(g_free);
	l.rootfd = open(l.root ? l.root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!l.id || !l.root || l.rootfd < 0) {
		look_free(&l);
		return aip_err_set(err, -EINVAL, "repository: not a complete request");
	}
	r = look_section(&l);
	if (r < 0) {
		r = REPO_NONE;
	} else {
		look_settings(&l);
		look_mirrors(&l);
		r = try_mirrors(&l, max, tags, body, err);
	}
	look_free(&l);
	return r;
}

void repo_answer_free(struct repo_answer *ans)
{
	free(ans->mirror);
	ans->mirror = NULL;
	aip_buf_free(&ans->notes);
}
