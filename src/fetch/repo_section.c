// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * repo_section.c: the section of yum.repos.d, its variables and options.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/fs.h"
#include "common/root.h"
#include "fetch/ini.h"
#include "fetch/repo_look.h"

#define VAR_MAX 4096

static const char *const repo_dirs[] = { "/etc/yum.repos.d", "/etc/distro.repos.d",
					 "/etc/yum/repos.d" };
static const char *const var_dirs[] = { "/etc/yum/vars", "/etc/dnf/vars" };
static const char *const main_files[] = { "/etc/dnf/dnf.conf", "/etc/yum.conf" };

char *look_path(struct look *l, const char *path)
{
	_cleanup_free_ char *rel = NULL;
	char *full;

	if (aip_root_resolve(l->rootfd, path, 1, &rel, NULL) < 0)
		return NULL;
	if (asprintf(&full, "%s/%s", strcmp(l->root, "/") == 0 ? "" : l->root, rel) < 0)
		return NULL;
	return full;
}

static LrYumRepoConf *find_section(LrYumRepoConfs *confs, const char *id)
{
	GSList *e;

	for (e = lr_yum_repoconfs_get_list(confs, NULL); e; e = e->next) {
		char *name = NULL;
		bool same;

		if (!lr_yum_repoconf_getinfo(e->data, NULL, LR_YRC_ID, &name))
			continue;
		same = strcmp(name, id) == 0;
		g_free(name);
		if (same)
			return e->data;
	}
	return NULL;
}

/* Look for section @id in one file. Return: 1 found, 0 not, -EINVAL unreadable (noted). */
static int try_file(struct look *l, const char *path, const char *id, LrYumRepoConfs **confs,
		    LrYumRepoConf **conf, struct aip_buf *text)
{
	_cleanup_free_ char *full = look_path(l, path);
	LrYumRepoConfs *c;
	GError *gerr = NULL;

	if (!full || access(full, R_OK) != 0)
		return 0;
	c = lr_yum_repoconfs_init();
	if (!lr_yum_repoconfs_parse(c, full, &gerr)) {
		look_note(l, "%s: %s", path, gerr->message);
		g_error_free(gerr);
		lr_yum_repoconfs_free(c);
		return -EINVAL;
	}
	*conf = find_section(c, id);
	aip_buf_reset(text);
	if (*conf && aip_read_file(AT_FDCWD, full, REPO_LIST_MAX, text, NULL) == 0) {
		*confs = c;
		return 1;
	}
	*conf = NULL;
	lr_yum_repoconfs_free(c);
	return 0;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder of the root, sorted. */
static GPtrArray *list_names(struct look *l, const char *dir, const char *suffix)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	_cleanup_free_ char *full = look_path(l, dir);
	_cleanup_closedir_ DIR *d = full ? opendir(full) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && g_str_has_suffix(e->d_name, suffix))
			g_ptr_array_add(names, g_strdup(e->d_name));
	g_ptr_array_sort(names, by_name);
	return names;
}

int look_section(struct look *l)
{
	size_t d;
	guint i;
	int r = 0;

	for (d = 0; r <= 0 && d < G_N_ELEMENTS(repo_dirs); d++) {
		GPtrArray *names = list_names(l, repo_dirs[d], ".repo");

		/* another repository's broken file is not our affair, beyond a note */
		for (i = 0; r <= 0 && i < names->len; i++) {
			char *path = g_strdup_printf("%s/%s", repo_dirs[d],
						     (char *)g_ptr_array_index(names, i));

			r = try_file(l, path, l->id, &l->confs, &l->conf, &l->text);
			g_free(path);
		}
		g_ptr_array_free(names, TRUE);
	}
	for (d = 0; d < G_N_ELEMENTS(main_files) && !l->main; d++)
		try_file(l, main_files[d], "main", &l->mains, &l->main, &l->main_text);
	return r > 0 ? 0 : -ENOENT;
}

static void set_var(struct look *l, const char *name, const char *value)
{
	if (value && *value)
		l->vars = lr_urlvars_set(l->vars, name, value);
}

static void load_vars(struct look *l)
{
	size_t d;
	guint i;

	set_var(l, "releasever", wire_get(l->req, "releasever"));
	set_var(l, "basearch", wire_get(l->req, "basearch"));
	set_var(l, "arch", wire_get(l->req, "arch"));
	for (d = 0; d < G_N_ELEMENTS(var_dirs); d++) {
		GPtrArray *names = list_names(l, var_dirs[d], "");

		for (i = 0; i < names->len; i++) {
			const char *name = g_ptr_array_index(names, i);
			_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
			char *path = g_strdup_printf("%s/%s", var_dirs[d], name);
			_cleanup_free_ char *full = look_path(l, path);

			g_free(path);
			if (full && aip_read_file(AT_FDCWD, full, VAR_MAX, &text, NULL) == 0 &&
			    text.data) {
				text.data[strcspn(text.data, "\r\n")] = 0;
				set_var(l, name, g_strstrip(text.data));
			}
		}
		g_ptr_array_free(names, TRUE);
	}
}

const char *look_option(struct look *l, LrYumRepoConfOption opt)
{
	LrYumRepoConf *where[] = { l->conf, l->main };
	size_t i;

	for (i = 0; i < 2; i++) {
		char *raw = NULL, *value;

		if (!where[i] || !lr_yum_repoconf_getinfo(where[i], NULL, opt, &raw))
			continue;
		value = lr_url_substitute(g_strstrip(raw), l->vars);
		g_free(raw);
		g_ptr_array_add(l->own, value);
		return value;
	}
	return NULL;
}

/* Yes or no, of the section, else of dnf.conf; a spelling that nobody knows is a yes: it is the safe one here. */
static bool flag(struct look *l, const char *key, bool def)
{
	_cleanup_free_ char *own = NULL, *all = NULL;

	if (l->text.data)
		ini_value(l->text.data, l->text.len, l->id, key, &own);
	if (l->main_text.data)
		ini_value(l->main_text.data, l->main_text.len, "main", key, &all);
	return own ? ini_bool(own, true) : all ? ini_bool(all, true) : def;
}

/* A file named by the section: inside the root. */
static void file_option(struct look *l, LrYumRepoConfOption opt, const char **field)
{
	const char *path = look_option(l, opt);
	char *full;

	if (!path || !*path)
		return;
	full = look_path(l, path);
	if (!full) {
		look_note(l, "%s does not exist", path);
		full = strdup(path);
	}
	*field = g_strdup(full);
	g_ptr_array_add(l->own, (void *)*field);
	free(full);
}

static void load_how(struct look *l)
{
	const char *proxy = look_option(l, LR_YRC_PROXY), *s;
	LrIpResolveType ip = LR_IPRESOLVE_WHATEVER;

	if (proxy) {
		bool none =
			!*proxy || strcmp(proxy, "_none_") == 0 || strcasecmp(proxy, "none") == 0;

		l->how.proxy = none ? "none" : proxy;
		l->how.proxy_username = l->how.proxy_password = NULL;
	}
	if ((s = look_option(l, LR_YRC_PROXY_USERNAME)))
		l->how.proxy_username = s;
	if ((s = look_option(l, LR_YRC_PROXY_PASSWORD)))
		l->how.proxy_password = s;
	l->how.username = look_option(l, LR_YRC_USERNAME);
	l->how.password = look_option(l, LR_YRC_PASSWORD);
	file_option(l, LR_YRC_SSLCACERT, &l->how.sslcacert);
	file_option(l, LR_YRC_SSLCLIENTCERT, &l->how.sslclientcert);
	file_option(l, LR_YRC_SSLCLIENTKEY, &l->how.sslclientkey);
	l->how.no_sslverify = !flag(l, "sslverify", true);
	if (lr_yum_repoconf_getinfo(l->conf, NULL, LR_YRC_IP_RESOLVE, &ip) ||
	    (l->main && lr_yum_repoconf_getinfo(l->main, NULL, LR_YRC_IP_RESOLVE, &ip)))
		l->how.ip_version = ip == LR_IPRESOLVE_V4 ? 4 : ip == LR_IPRESOLVE_V6 ? 6 : 0;
	l->gpgcheck = flag(l, "repo_gpgcheck", false);
}

void look_settings(struct look *l)
{
	load_vars(l);
	load_how(l);
}
