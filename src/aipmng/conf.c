// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "aipmng/conf.h"
#include "aipmng/strlist.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/root.h"

/* One value on its way into the configuration. */
struct setting {
	struct conf *conf;
	const char *key, *value;
	const char *name; /* of the file */
	unsigned int line;
};

static int __attribute__((format(printf, 3, 4)))
wrong(const struct setting *s, struct aip_err *err, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	aip_err_set(err, -EINVAL, "%s:%u: %s", s->name, s->line, why);
	aip_err_hint(err, "correct the line; aip.conf(5) describes every key");
	return -EINVAL;
}

static int replace(char **field, const char *value)
{
	char *copy = NULL;

	if (value && *value) {
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
	}
	free(*field);
	*field = copy;
	return 0;
}

static int nomem(struct aip_err *err)
{
	return aip_err_errno(err, -ENOMEM, "cannot read the configuration");
}

bool conf_is_url(const char *s)
{
	return strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0 ||
	       strncmp(s, "file:///", 8) == 0;
}

static int set_index(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	struct conf *c = s->conf;

	if (!*s->value) {
		strlist_free(&c->index, &c->n_index);
		return 0;
	}
	if (!conf_is_url(s->value))
		return wrong(s, err,
			     "index: not a URL that begins with https://, http:// or file:///");
	if (strpbrk(s->value, " \t"))
		return wrong(s, err, "index: a URL holds no blank; give one URL a line");
	if (c->n_index == AIP_CONF_MAX_INDEX)
		return wrong(s, err, "index: more than %d URLs", AIP_CONF_MAX_INDEX);
	return strlist_add(&c->index, &c->n_index, "%s", s->value) < 0 ? nomem(err) : 0;
}

static int set_text(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	return replace(field, s->value) < 0 ? nomem(err) : 0;
}

static int set_repo(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	const char *value = s->value;

	if (strpbrk(value, " \t[]"))
		return wrong(s, err, "repo: not the name of a section of yum.repos.d, nor none");
	value = *value ? value : "aip";
	return replace(field, strcmp(value, "none") == 0 ? NULL : value) < 0 ? nomem(err) : 0;
}

static int set_proxy(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	bool none = strcmp(s->value, "none") == 0 || strcmp(s->value, "_none_") == 0;

	if (strpbrk(s->value, " \t"))
		return wrong(s, err, "proxy: a URL holds no blank");
	return replace(field, none ? "none" : s->value) < 0 ? nomem(err) : 0;
}

static int set_path(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	if (*s->value && *s->value != '/')
		return wrong(s, err, "%s: not an absolute path: %s", s->key, s->value);
	return set_text(s, field, min, max, err);
}

static int set_number(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	unsigned long n = 0;
	const char *p;

	for (p = s->value; *p >= '0' && *p <= '9' && n <= (unsigned long)max; p++)
		n = n * 10 + (*p - '0');
	if (p == s->value || *p || n < (unsigned long)min || n > (unsigned long)max)
		return wrong(s, err, "%s: not a whole number from %ld to %ld: '%s'", s->key, min,
			     max, s->value);
	*(unsigned int *)field = n;
	return 0;
}

static int set_bool(const struct setting *s, void *field, long min, long max, struct aip_err *err)
{
	static const char *const yes[] = { "yes", "true", "1", "on" };
	static const char *const no[] = { "no", "false", "0", "off" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(s->value, yes[i]) == 0 || strcasecmp(s->value, no[i]) == 0) {
			*(bool *)field = strcasecmp(s->value, yes[i]) == 0;
			return 0;
		}
	}
	return wrong(s, err, "%s: neither yes nor no: '%s'", s->key, s->value);
}

static const struct key {
	const char *name;
	int (*set)(const struct setting *s, void *field, long min, long max, struct aip_err *err);
	size_t field;
	long min, max;
} keys[] = {
	{ "index", set_index, offsetof(struct conf, index), 0, 0 },
	{ "repo", set_repo, offsetof(struct conf, repo), 0, 0 },
	{ "proxy", set_proxy, offsetof(struct conf, proxy), 0, 0 },
	{ "proxy_username", set_text, offsetof(struct conf, proxy_username), 0, 0 },
	{ "proxy_password", set_text, offsetof(struct conf, proxy_password), 0, 0 },
	{ "sslcacert", set_path, offsetof(struct conf, sslcacert), 0, 0 },
	{ "sslclientcert", set_path, offsetof(struct conf, sslclientcert), 0, 0 },
	{ "sslclientkey", set_path, offsetof(struct conf, sslclientkey), 0, 0 },
	{ "connect_timeout", set_number, offsetof(struct conf, connect_timeout), 1, 300 },
	{ "timeout", set_number, offsetof(struct conf, timeout), 1, 3600 },
	{ "trigger_timeout", set_number, offsetof(struct conf, trigger_timeout), 1, 300 },
	{ "signatures", set_number, offsetof(struct conf, signatures), 1, 16 },
	{ "adapt", set_bool, offsetof(struct conf, adapt), 0, 0 },
};

struct conf *conf_new(void)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->connect_timeout = 10;
	c->timeout = 60;
	c->trigger_timeout = 10;
	c->signatures = 1;
	c->repo = strdup("aip");
	if (!c->repo) {
		free(c);
		return NULL;
	}
	return c;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	strlist_free(&c->index, &c->n_index);
	strlist_free(&c->warnings, &c->n_warnings);
	free(c->repo);
	free(c->proxy);
	free(c->proxy_username);
	free(c->proxy_password);
	free(c->sslcacert);
	free(c->sslclientcert);
	free(c->sslclientkey);
	free(c);
}

void conf_freep(struct conf **c)
{
	conf_free(*c);
}

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && strchr(" \t\r", end[-1]))
		*--end = 0;
	return s + strspn(s, " \t");
}

static int set(struct setting *s, struct aip_err *err)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(s->key, keys[i].name) == 0)
			return keys[i].set(s, (char *)s->conf + keys[i].field, keys[i].min,
					   keys[i].max, err);
	if (strlist_add(&s->conf->warnings, &s->conf->n_warnings,
			"%s:%u: unknown key '%.60s', ignored", s->name, s->line, s->key) < 0)
		return nomem(err);
	return 0;
}

static int parse_line(struct setting *s, char *line, struct aip_err *err)
{
	char *eq;

	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return wrong(s, err, "there are no sections in this file");
	eq = strchr(line, '=');
	if (!eq || eq == line)
		return wrong(s, err, "not of the form 'key = value'");
	*eq = 0;
	s->key = trim(line);
	s->value = trim(eq + 1);
	return set(s, err);
}

/* Control characters have no business in a configuration, and NUL would hide what follows. */
static int check_text(struct setting *s, const char *text, size_t len, struct aip_err *err)
{
	size_t i;

	s->line = 1;
	for (i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c == '\n')
			s->line++;
		else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			return wrong(s, err, "control character 0x%02x", c);
	}
	return 0;
}

#define BOM "\xef\xbb\xbf" /* what some editors begin a text with */

int conf_parse(struct conf *conf, const char *text, size_t len, const char *name,
	       struct aip_err *err)
{
	struct setting s = { .conf = conf, .name = name };
	_cleanup_free_ char *copy = strndup(text, len);
	char *line, *rest = copy && strncmp(copy, BOM, 3) == 0 ? copy + 3 : copy;
	int r;

	if (!copy)
		return nomem(err);
	r = check_text(&s, text, len, err);
	s.line = 0;
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		s.line++;
		r = parse_line(&s, line, err);
	}
	return r;
}

/* Read @path (inside the root) if it is there; @origin is its name for people. */
static int load_file(const struct ctx *ctx, struct conf *conf, const char *path,
		     struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	_cleanup_free_ char *rel = NULL;
	struct stat st;
	int r;

	r = aip_root_resolve(ctx->rootfd, path, 1, &rel, err);
	if (r == 0)
		r = aip_read_file(ctx->rootfd, rel, AIP_CONF_MAX_BYTES, &text, err);
	if (r == -ENOENT) {
		aip_err_clear(err);
		return 0;
	}
	if (r < 0)
		return aip_err_hint(err, "see that %s is a readable file, or remove it", path);
	if (fstatat(ctx->rootfd, rel, &st, 0) == 0 && (st.st_mode & S_IWOTH) &&
	    strlist_add(&conf->warnings, &conf->n_warnings,
			"%s can be changed by every user: chmod o-w it", path) < 0)
		return nomem(err);
	return conf_parse(conf, text.data ? text.data : "", text.len, path, err);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_conf(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static int list_dir(const struct ctx *ctx, char ***names, size_t *n, struct aip_err *err)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int fd;

	fd = ctx_dir(ctx, AIP_CONF_DIR, 0, err);
	if (fd == -ENOENT) {
		aip_err_clear(err);
		return 0;
	}
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return aip_err_errno(err, -errno, "cannot read %s", AIP_CONF_DIR);
	}
	while ((errno = 0, e = readdir(dir))) {
		if (!is_conf(e->d_name))
			continue;
		if (*n == AIP_CONF_MAX_FILES)
			return aip_err_set(err, -EFBIG, "%s holds more than %d files", AIP_CONF_DIR,
					   AIP_CONF_MAX_FILES);
		if (strlist_add(names, n, "%s/%s", AIP_CONF_DIR, e->d_name) < 0)
			return nomem(err);
	}
	if (errno)
		return aip_err_errno(err, -errno, "cannot read %s", AIP_CONF_DIR);
	if (*n)
		qsort(*names, *n, sizeof(**names), by_bytes);
	return 0;
}

static int check_whole(const struct conf *c, struct aip_err *err)
{
	if (c->sslclientkey && !c->sslclientcert) {
		aip_err_set(err, -EINVAL, "%s: sslclientkey without sslclientcert", AIP_CONF_FILE);
		return aip_err_hint(err, "set sslclientcert to the certificate of that key");
	}
	if (c->proxy_password && !c->proxy_username) {
		aip_err_set(err, -EINVAL, "%s: proxy_password without proxy_username",
			    AIP_CONF_FILE);
		return aip_err_hint(err, "set proxy_username too");
	}
	return 0;
}

int conf_load(struct ctx *ctx, struct aip_err *err)
{
	_cleanup_(conf_freep) struct conf *c = conf_new();
	char **names = NULL;
	size_t n = 0, i;
	int r;

	if (!c)
		return nomem(err);
	r = load_file(ctx, c, AIP_CONF_FILE, err);
	if (r == 0)
		r = list_dir(ctx, &names, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		r = load_file(ctx, c, names[i], err);
	strlist_free(&names, &n);
	if (r == 0)
		r = check_whole(c, err);
	if (r == 0)
		ctx->conf = TAKE_PTR(c);
	return r;
}

bool conf_adapt(const struct conf *conf)
{
	return conf->adapt;
}
