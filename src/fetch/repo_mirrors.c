// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * repo_mirrors.c: which mirrors a repository has, the preferred ones first.
 */
#include <string.h>
#include <strings.h>

#include "common/fs.h"
#include "fetch/repo_look.h"

static void add_mirror(struct look *l, const char *url, int preference)
{
	struct mirror *m;
	char *full, *slash;
	size_t i;

	if (*url == '/')
		full = g_strconcat("file://", url, NULL);
	else
		full = lr_url_substitute(url, l->vars);
	slash = full + strlen(full);
	while (slash > full && slash[-1] == '/')
		*--slash = 0;
	for (i = 0; i < l->n_mirrors; i++)
		if (strcmp(l->mirror[i].url, full) == 0)
			break;
	if (i < l->n_mirrors || l->n_mirrors == REPO_MIRRORS_MAX ||
	    (strncasecmp(full, "http://", 7) != 0 && strncasecmp(full, "https://", 8) != 0 &&
	     strncasecmp(full, "file://", 7) != 0)) {
		g_free(full);
		return;
	}
	m = &l->mirror[l->n_mirrors++];
	*m = (struct mirror){ full, preference };
	/* the preferred ones of a metalink first; a stable insertion */
	for (; m > l->mirror && m[-1].preference < m->preference; m--) {
		struct mirror t = m[-1];

		m[-1] = m[0];
		m[0] = t;
	}
}

static void add_metalink(struct look *l, int fd, GError **gerr)
{
	static const char suffix[] = "repodata/repomd.xml";
	LrMetalink *ml = lr_metalink_init();
	GSList *e;

	if (!lr_metalink_parse_file(ml, fd, "repomd.xml", NULL, NULL, gerr)) {
		lr_metalink_free(ml);
		return;
	}
	l->metalink = ml;
	for (e = ml->urls; e; e = e->next) {
		LrMetalinkUrl *u = e->data;
		char *base;

		if (!u->url || !g_str_has_suffix(u->url, suffix))
			continue;
		base = g_strndup(u->url, strlen(u->url) - strlen(suffix));
		add_mirror(l, base, u->preference + 1000);
		g_free(base);
	}
}

static void add_mirrorlist(struct look *l, int fd, GError **gerr)
{
	LrMirrorlist *list = lr_mirrorlist_init();
	GSList *e;

	if (lr_mirrorlist_parse_file(list, fd, gerr))
		for (e = list->urls; e; e = e->next)
			add_mirror(l, e->data, 500);
	lr_mirrorlist_free(list);
}

static void fetch_list(struct look *l, const char *url, const char *what, bool metalink, bool more)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	_cleanup_close_ int fd = -1;
	char *full = *url == '/' ? g_strconcat("file://", url, NULL) : g_strdup(url);
	GError *gerr = NULL;
	int r;

	r = look_get(l, full, REPO_LIST_MAX, more, &text, &err);
	g_free(full);
	if (r != HTTP_BODY) {
		look_note(l, "%s: %s", what, err.msg);
		return;
	}
	fd = look_memory_file(&text);
	if (fd < 0)
		return;
	if (metalink)
		add_metalink(l, fd, &gerr);
	else
		add_mirrorlist(l, fd, &gerr);
	if (gerr) {
		look_note(l, "%s: %s", what, gerr->message);
		g_error_free(gerr);
	} else if (!l->n_mirrors) {
		look_note(l, "%s: names no mirror that http, https or file reaches", what);
	}
}

void look_mirrors(struct look *l)
{
	const char *metalink = look_option(l, LR_YRC_METALINK),
		   *list = look_option(l, LR_YRC_MIRRORLIST);
	char **base = NULL;
	size_t i;

	/* yum and dnf both take a mirrorlist whose URL says "metalink" for one */
	if (!metalink && list && strstr(list, "metalink")) {
		metalink = list;
		list = NULL;
	}
	if (metalink && *metalink)
		fetch_list(l, metalink, "metalink", true, true);
	if (list && *list)
		fetch_list(l, list, "mirrorlist", false, true);
	if (lr_yum_repoconf_getinfo(l->conf, NULL, LR_YRC_BASEURL, &base) && base)
		for (i = 0; base[i]; i++)
			add_mirror(l, base[i], 0);
	g_strfreev(base);
}
