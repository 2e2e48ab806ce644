// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <librepo/checksum.h>
#include <librepo/gpg.h>
#include <librepo/metalink.h>
#include <librepo/mirrorlist.h>
#include <librepo/repoconf.h>
#include <librepo/repomd.h>
#include <librepo/url_substitution.h>
#include <librepo/version.h>

#include "aipmng/aipmng.h"
#include "common/fs.h"
#include "common/root.h"
#include "fetch/ini.h"
#include "fetch/repo.h"

#define LIST_MAX   (1u << 20) /* bytes of a mirror list or a metalink */
#define REPOMD_MAX (4u << 20)
#define SIG_MAX	   65536
#define VAR_MAX	   4096

static const char *const repo_dirs[] = { "/etc/yum.repos.d", "/etc/distro.repos.d",
					 "/etc/yum/repos.d" };
static const char *const var_dirs[] = { "/etc/yum/vars", "/etc/dnf/vars" };
static const char *const main_files[] = { "/etc/dnf/dnf.conf", "/etc/yum.conf" };

struct mirror {
	char *url;
	int preference;
};

/* One look at a repository. */
struct look {
	const struct wire *req;
	const char *id, *root;
	int rootfd;
	struct http_how how;   /* strings are in .own or the caller's */
	GPtrArray *own;	       /* strings that .how points to */
	LrYumRepoConfs *confs; /* of the .repo file that has the section */
	LrYumRepoConfs *mains; /* of dnf.conf */
	LrYumRepoConf *conf, *main;
	struct aip_buf text, main_text; /* of the two files */
	LrUrlVars *vars;
	LrMetalink *metalink;
	struct mirror mirror[REPO_MIRRORS_MAX];
	size_t n_mirrors;
	bool gpgcheck;
	long deadline;
	struct repo_answer *ans;
};

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

static void note(struct look *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct look *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	aip_buf_vfmt(&l->ans->notes, fmt, ap);
	va_end(ap);
	aip_buf_chr(&l->ans->notes, 0);
}

/* An anonymous file with this content, for the functions of librepo that read descriptors. */
static int memory_file(const struct aip_buf *b)
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

/* @path inside the root as this process sees it. */
static char *host_path(struct look *l, const char *path)
{
	_cleanup_free_ char *rel = NULL;
	char *full;

	if (aip_root_resolve(l->rootfd, path, 1, &rel, NULL) < 0)
		return NULL;
	if (asprintf(&full, "%s/%s", strcmp(l->root, "/") == 0 ? "" : l->root, rel) < 0)
		return NULL;
	return full;
}

/* ---- the section ------------------------------------------------------------ */

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
	_cleanup_free_ char *full = host_path(l, path);
	LrYumRepoConfs *c;
	GError *gerr = NULL;

	if (!full || access(full, R_OK) != 0)
		return 0;
	c = lr_yum_repoconfs_init();
	if (!lr_yum_repoconfs_parse(c, full, &gerr)) {
		note(l, "%s: %s", path, gerr->message);
		g_error_free(gerr);
		lr_yum_repoconfs_free(c);
		return -EINVAL;
	}
	*conf = find_section(c, id);
	aip_buf_reset(text);
	if (*conf && aip_read_file(AT_FDCWD, full, LIST_MAX, text, NULL) == 0) {
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
	_cleanup_free_ char *full = host_path(l, dir);
	_cleanup_closedir_ DIR *d = full ? opendir(full) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && g_str_has_suffix(e->d_name, suffix))
			g_ptr_array_add(names, g_strdup(e->d_name));
	g_ptr_array_sort(names, by_name);
	return names;
}

static int find_repo(struct look *l)
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
			_cleanup_free_ char *full = host_path(l, path);

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

/* A string option of the section, else of dnf.conf; variables put in; owned by @l. */
static const char *option(struct look *l, LrYumRepoConfOption opt)
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
	const char *path = option(l, opt);
	char *full;

	if (!path || !*path)
		return;
	full = host_path(l, path);
	if (!full) {
		note(l, "%s does not exist", path);
		full = strdup(path);
	}
	*field = g_strdup(full);
	g_ptr_array_add(l->own, (void *)*field);
	free(full);
}

static void load_how(struct look *l)
{
	const char *proxy = option(l, LR_YRC_PROXY), *s;
	LrIpResolveType ip = LR_IPRESOLVE_WHATEVER;

	if (proxy) {
		bool none =
			!*proxy || strcmp(proxy, "_none_") == 0 || strcasecmp(proxy, "none") == 0;

		l->how.proxy = none ? "none" : proxy;
		l->how.proxy_username = l->how.proxy_password = NULL;
	}
	if ((s = option(l, LR_YRC_PROXY_USERNAME)))
		l->how.proxy_username = s;
	if ((s = option(l, LR_YRC_PROXY_PASSWORD)))
		l->how.proxy_password = s;
	l->how.username = option(l, LR_YRC_USERNAME);
	l->how.password = option(l, LR_YRC_PASSWORD);
	file_option(l, LR_YRC_SSLCACERT, &l->how.sslcacert);
	file_option(l, LR_YRC_SSLCLIENTCERT, &l->how.sslclientcert);
	file_option(l, LR_YRC_SSLCLIENTKEY, &l->how.sslclientkey);
	l->how.no_sslverify = !flag(l, "sslverify", true);
	if (lr_yum_repoconf_getinfo(l->conf, NULL, LR_YRC_IP_RESOLVE, &ip) ||
	    (l->main && lr_yum_repoconf_getinfo(l->main, NULL, LR_YRC_IP_RESOLVE, &ip)))
		l->how.ip_version = ip == LR_IPRESOLVE_V4 ? 4 : ip == LR_IPRESOLVE_V6 ? 6 : 0;
	l->gpgcheck = flag(l, "repo_gpgcheck", false);
}

/* ---- mirrors ----------------------------------------------------------------- */

/* Fetch within what is left of the time; @more mirrors may follow and want some of it. */
static int get(struct look *l, const char *url, size_t max, bool more, struct aip_buf *out,
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

	r = get(l, full, LIST_MAX, more, &text, &err);
	g_free(full);
	if (r != HTTP_BODY) {
		note(l, "%s: %s", what, err.msg);
		return;
	}
	fd = memory_file(&text);
	if (fd < 0)
		return;
	if (metalink)
		add_metalink(l, fd, &gerr);
	else
		add_mirrorlist(l, fd, &gerr);
	if (gerr) {
		note(l, "%s: %s", what, gerr->message);
		g_error_free(gerr);
	} else if (!l->n_mirrors) {
		note(l, "%s: names no mirror that http, https or file reaches", what);
	}
}

static void find_mirrors(struct look *l)
{
	const char *metalink = option(l, LR_YRC_METALINK), *list = option(l, LR_YRC_MIRRORLIST);
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

static bool to_skip(const struct look *l, const char *url)
{
	size_t i;

	for (i = 0; i < l->req->n; i++)
		if (strcmp(l->req->item[i].key, "skip") == 0 &&
		    strcmp(l->req->item[i].value, url) == 0)
			return true;
	return false;
}

/* ---- one mirror --------------------------------------------------------------- */

static int digest_matches(int fd, const char *type, const char *value)
{
	gboolean same = FALSE;
	LrChecksumType t = type ? lr_checksum_type(type) : LR_CHECKSUM_UNKNOWN;

	if (t == LR_CHECKSUM_UNKNOWN || !value)
		return -EINVAL;
	if (lseek(fd, 0, SEEK_SET) < 0 || !lr_checksum_fd_cmp(t, fd, value, FALSE, &same, NULL))
		return -EIO;
	return lseek(fd, 0, SEEK_SET) < 0 ? -EIO : same;
}

/* Is it what these hashes say, by the strongest of them? */
static int hashes_match(int fd, GSList *hashes)
{
	LrMetalinkHash *best = NULL;
	GSList *e;

	for (e = hashes; e; e = e->next) {
		LrMetalinkHash *h = e->data;

		if (!best || (h->type && lr_checksum_type(h->type) > lr_checksum_type(best->type)))
			best = h;
	}
	return best ? digest_matches(fd, best->type, best->value) : -ENOENT;
}

/* A metalink says what repomd.xml must be; it also lists older ones that mirrors may still have. */
static int check_metalink(const struct look *l, int fd, struct aip_err *err)
{
	GSList *e;

	if (!l->metalink || hashes_match(fd, l->metalink->hashes) != 0)
		return 0;
	for (e = l->metalink->alternates; e; e = e->next)
		if (hashes_match(fd, ((LrMetalinkAlternate *)e->data)->hashes) == 1)
			return 0;
	return aip_err_set(err, -EBADMSG,
			   "its repomd.xml is not the one that the metalink describes");
}

/* Import the keys of "gpgkey" into a keyring of our own. Only files: nobody is here to confirm others. */
static int import_keys(struct look *l, const char *home, struct aip_err *err)
{
	char **keys = NULL;
	size_t i, n = 0;

	if (!lr_yum_repoconf_getinfo(l->conf, NULL, LR_YRC_GPGKEY, &keys) || !keys)
		return aip_err_set(err, -ENOKEY, "repo_gpgcheck is on, and there is no gpgkey");
	for (i = 0; keys[i]; i++) {
		char *key = lr_url_substitute(keys[i], l->vars);
		const char *path = g_str_has_prefix(key, "file://") ? key + 7 : key;
		_cleanup_free_ char *full = *path == '/' ? host_path(l, path) : NULL;
		GError *gerr = NULL;

		if (full && lr_gpg_import_key(full, home, &gerr))
			n++;
		else if (*path && *path != '/')
			note(l, "gpgkey %s: only keys in files are taken", key);
		else if (*path)
			note(l, "gpgkey %s: %s", key, gerr ? gerr->message : "no such file");
		g_clear_error(&gerr);
		g_free(key);
	}
	g_strfreev(keys);
	return n ? 0 : aip_err_set(err, -ENOKEY, "repo_gpgcheck is on, and no gpgkey can be used");
}

static int check_signature(struct look *l, const char *mirror, int fd, bool more,
			   struct aip_err *err)
{
	const char *home = wire_get(l->req, "scratch");
	_cleanup_buf_ struct aip_buf sig = AIP_BUF_INIT;
	_cleanup_close_ int sigfd = -1;
	GError *gerr = NULL;
	char *url;
	int r;

	if (!home)
		return aip_err_set(err, -EROFS, "repo_gpgcheck is on, and %s cannot be written",
				   AIP_CACHE_DIR);
	r = import_keys(l, home, err);
	if (r < 0)
		return r;
	url = g_strconcat(mirror, "/repodata/repomd.xml.asc", NULL);
	r = get(l, url, SIG_MAX, more, &sig, err);
	g_free(url);
	if (r < 0)
		return r;
	sigfd = memory_file(&sig);
	if (sigfd < 0)
		return aip_err_errno(err, sigfd, "repomd.xml.asc");
	if (!lr_gpg_check_signature_fd(sigfd, fd, home, &gerr)) {
		aip_err_set(err, -EKEYREJECTED, "signature of repomd.xml: %s", gerr->message);
		g_error_free(gerr);
		return -EKEYREJECTED;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? aip_err_errno(err, -errno, "repomd.xml") : 0;
}

static int read_repomd(struct look *l, const char *mirror, bool more, LrYumRepoMd *md,
		       struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_close_ int fd = -1;
	char *url = g_strconcat(mirror, "/repodata/repomd.xml", NULL);
	GError *gerr = NULL;
	int r;

	r = get(l, url, REPOMD_MAX, more, &text, err);
	g_free(url);
	if (r < 0)
		return r;
	fd = memory_file(&text);
	if (fd < 0)
		return aip_err_errno(err, fd, "repomd.xml");
	r = check_metalink(l, fd, err);
	if (r == 0 && l->gpgcheck)
		r = check_signature(l, mirror, fd, more, err);
	if (r < 0)
		return r;
	if (!lr_yum_repomd_parse_file(md, fd, NULL, NULL, &gerr)) {
		aip_err_set(err, -EBADMSG, "repomd.xml: %s", gerr->message);
		g_error_free(gerr);
		return -EBADMSG;
	}
	return 0;
}

/* The address of the record's file; never outside of the mirror unless repomd.xml names another base. */
static char *record_url(const LrYumRepoMdRecord *rec, const char *mirror)
{
	const char *href = rec->location_href, *base = rec->location_base;

	if (!href || *href == '/' || strstr(href, "..") || strstr(href, "://"))
		return NULL;
	/* as with redirects: from https to https only */
	if (base && strncasecmp(base, "http://", 7) == 0 && strncasecmp(mirror, "https:", 6) == 0)
		return NULL;
	if (base && (strncasecmp(base, "http://", 7) == 0 || strncasecmp(base, "https://", 8) == 0))
		mirror = base;
	return g_strdup_printf("%s%s%s", mirror, g_str_has_suffix(mirror, "/") ? "" : "/", href);
}

static int get_record(struct look *l, const LrYumRepoMdRecord *rec, const char *mirror, size_t max,
		      bool more, struct aip_buf *body, struct aip_err *err)
{
	char *url = record_url(rec, mirror);
	_cleanup_close_ int fd = -1;
	size_t start = body->len;
	struct aip_buf got = AIP_BUF_INIT;
	int r;

	if (!url)
		return aip_err_set(err, -EBADMSG, "repomd.xml: %s has no usable location",
				   REPO_RECORD);
	r = get(l, url, max, more, body, err);
	g_free(url);
	if (r < 0)
		return r;
	got.data = body->data + start;
	got.len = body->len - start;
	fd = memory_file(&got);
	r = fd < 0 ? fd : digest_matches(fd, rec->checksum_type, rec->checksum);
	if (r == 1)
		return HTTP_BODY;
	body->len = start;
	body->data[start] = 0;
	return aip_err_set(err, -EBADMSG, "its %s is not the file that repomd.xml describes",
			   REPO_RECORD);
}

static int try_mirror(struct look *l, const char *mirror, bool more, size_t max,
		      const struct http_tags *tags, struct aip_buf *body, struct aip_err *err)
{
	LrYumRepoMd *md = lr_yum_repomd_init();
	struct http_tags *out = &l->ans->tags;
	const LrYumRepoMdRecord *rec;
	int r;

	r = read_repomd(l, mirror, more, md, err);
	if (r < 0)
		goto out;
	rec = lr_yum_repomd_get_record(md, REPO_RECORD);
	if (!rec || !rec->checksum || !rec->checksum_type) {
		r = aip_err_set(err, -ENOENT, "its repomd.xml has no record %s", REPO_RECORD);
		goto out;
	}
	snprintf(out->etag, sizeof(out->etag), "%s:%s", rec->checksum_type, rec->checksum);
	if (strcmp(out->etag, tags->etag) == 0)
		r = HTTP_UNCHANGED;
	else
		r = get_record(l, rec, mirror, max, more, body, err);
out:
	lr_yum_repomd_free(md);
	return r;
}

/* ---- all together --------------------------------------------------------------- */

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
		r = try_mirror(l, url, i + 1 < l->n_mirrors, max, tags, body, &why);
		if (r >= 0) {
			l->ans->mirror = strdup(url);
			return l->ans->mirror ? r : aip_err_errno(err, -ENOMEM, "%s", l->id);
		}
		note(l, "mirror %s: %s", shown ? shown : "", why.msg);
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
	r = find_repo(&l);
	if (r < 0) {
		r = REPO_NONE;
	} else {
		load_vars(&l);
		load_how(&l);
		find_mirrors(&l);
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
