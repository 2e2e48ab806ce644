// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "aipmng/aipmng.h"
#include "common/fs.h"
#include "fetch/http.h"

#define REDIRECTS_MAX 5
#define SLOW_BYTES    64 /* per second, for some seconds and a quarter of the time: given up */

struct transfer {
	struct aip_buf *body;
	size_t start, max;
	bool too_much;
	struct http_tags tags; /* of the answer */
	char why[CURL_ERROR_SIZE];
};

int http_setup(void)
{
	return curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK ? 0 : -ENOMEM;
}

const char *http_version(void)
{
	return curl_version();
}

long http_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	n *= size;
	if (t->body->len - t->start + n > t->max) {
		t->too_much = true;
		return 0;
	}
	aip_buf_add(t->body, data, n);
	return aip_buf_status(t->body) < 0 ? 0 : n;
}

/* Copy the value of header line @line if it is header @name and short enough to be kept. */
static void keep_header(const char *line, size_t len, const char *name, char out[WIRE_TAG_MAX])
{
	size_t n = strlen(name), i;

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return;
	line += n + 1;
	len -= n + 1;
	while (len && isspace((unsigned char)*line))
		line++, len--;
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	if (len >= WIRE_TAG_MAX)
		return;
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return;
	memcpy(out, line, len);
	out[len] = 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	n *= size;
	if (n > 5 && strncmp(line, "HTTP/", 5) == 0)
		memset(&t->tags, 0, sizeof(t->tags)); /* those of a redirect do not count */
	keep_header(line, n, "ETag", t->tags.etag);
	keep_header(line, n, "Last-Modified", t->tags.modified);
	return n;
}

static void set_protocols(CURL *c, bool https)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS,
			 (long)(https ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_string(CURL *c, CURLoption opt, const char *value)
{
	if (value)
		curl_easy_setopt(c, opt, value);
}

static void set_how(CURL *c, const struct http_how *how)
{
	bool none = how->proxy && strcmp(how->proxy, "none") == 0;

	set_string(c, CURLOPT_PROXY, none ? "" : how->proxy);
	set_string(c, CURLOPT_PROXYUSERNAME, how->proxy_username);
	set_string(c, CURLOPT_PROXYPASSWORD, how->proxy_password);
	set_string(c, CURLOPT_USERNAME, how->username);
	set_string(c, CURLOPT_PASSWORD, how->password);
	set_string(c, CURLOPT_CAINFO, how->sslcacert);
	set_string(c, CURLOPT_SSLCERT, how->sslclientcert);
	set_string(c, CURLOPT_SSLKEY, how->sslclientkey);
	if (how->no_sslverify) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (how->ip_version)
		curl_easy_setopt(c, CURLOPT_IPRESOLVE,
				 how->ip_version == 6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_V4);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, how->connect_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, how->total_ms);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 2 + how->total_ms / 4000);
}

/* What to do about it. */
static const char *advice(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "check the name in the URL and this machine's DNS; behind a proxy set "
		       "'proxy =' in aip.conf";
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "check 'proxy =' in aip.conf";
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
		return "check that the server runs and is reachable from here; behind a proxy set "
		       "'proxy =' in aip.conf";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return "for a certificate authority of your own set 'sslcacert =' in aip.conf";
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CONNECT_ERROR:
		return "check 'sslclientcert =', 'sslclientkey =' and 'sslcacert =' in aip.conf";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_TOO_MANY_REDIRECTS:
		return "use the address that the server redirects to, or correct the server";
	default:
		return "check the server; the last good index stays in use";
	}
}

static int http_status(const char *name, long status, struct aip_err *err)
{
	aip_err_set(err, status == 404 || status == 410 ? -ENOENT : -EREMOTEIO,
		    "%s: the server answered %ld", name, status);
	aip_err_exit(err, AIP_EXIT_NO_INDEX);
	if (status == 401 || status == 403 || status == 407)
		return aip_err_hint(err, "check user, password and client certificate in the URL "
					 "and in aip.conf");
	return aip_err_hint(err, "check the URL and the server");
}

static int judge(CURL *c, CURLcode code, const struct transfer *t, const char *name, bool asked,
		 struct aip_err *err)
{
	const char *why = t->why[0] ? t->why : curl_easy_strerror(code);
	long status = 0, hops = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c, CURLINFO_REDIRECT_COUNT, &hops);
	if (aip_buf_status(t->body) < 0)
		return aip_err_errno(err, -ENOMEM, "%s", name);
	if (t->too_much || code == CURLE_FILESIZE_EXCEEDED) {
		aip_err_set(err, -EFBIG, "%s: larger than %zu bytes", name, t->max);
		aip_err_exit(err, AIP_EXIT_REFUSED);
		return aip_err_hint(err, "no index is that large: check the URL and the server");
	}
	if (code == CURLE_OK && status == 304 && asked)
		return HTTP_UNCHANGED;
	if (code == CURLE_OK && status != 200)
		return http_status(name, status, err);
	if (code == CURLE_OK)
		return HTTP_BODY;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return http_status(name, status, err);
	if (code == CURLE_UNSUPPORTED_PROTOCOL && status >= 300 && status < 400)
		why = "redirected to an address that is not allowed (from https only to https)";
	aip_err_set(err, code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EREMOTEIO, "%s: %s", name,
		    why);
	aip_err_exit(err, AIP_EXIT_NO_INDEX);
	return aip_err_hint(err, "%s", advice(code));
}

/* The headers of a conditional request. Return: 0 or -ENOMEM; *@list is the caller's to free. */
static int condition(const struct http_tags *tags, struct curl_slist **list)
{
	char line[WIRE_TAG_MAX + 32];
	struct curl_slist *more;

	if (tags->etag[0]) {
		snprintf(line, sizeof(line), "If-None-Match: %s", tags->etag);
		*list = curl_slist_append(NULL, line);
		if (!*list)
			return -ENOMEM;
	}
	if (tags->modified[0]) {
		snprintf(line, sizeof(line), "If-Modified-Since: %s", tags->modified);
		more = curl_slist_append(*list, line);
		if (!more)
			return -ENOMEM;
		*list = more;
	}
	return 0;
}

static int transfer(CURL *c, const struct http_how *how, const char *url, const char *name,
		    struct transfer *t, struct http_tags *tags, struct aip_err *err)
{
	struct curl_slist *headers = NULL;
	int r = tags ? condition(tags, &headers) : 0;

	if (r < 0) {
		curl_slist_free_all(headers);
		return aip_err_errno(err, r, "%s", name);
	}
	set_how(c, how);
	set_protocols(c, strncasecmp(url, "https:", 6) == 0);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->max);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "aipmng/" AIP_VERSION);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	r = judge(c, curl_easy_perform(c), t, name, headers != NULL, err);
	curl_slist_free_all(headers);
	if (r == HTTP_BODY && tags)
		*tags = t->tags;
	return r;
}

/* The path of a file URL, unescaped; a plain path is one too. Return: it, the caller frees; NULL when it is none. */
static char *file_path(const char *url)
{
	int len = 0;
	char *raw, *path;

	if (*url == '/')
		return strdup(url);
	if (strncasecmp(url, "file://", 7) != 0)
		return NULL;
	url += 7;
	if (strncasecmp(url, "localhost/", 10) == 0)
		url += 9;
	if (*url != '/')
		return NULL;
	raw = curl_easy_unescape(NULL, url, 0, &len);
	path = raw && strlen(raw) == (size_t)len ? strdup(raw) : NULL;
	curl_free(raw);
	return path;
}

static int get_file(const char *url, const char *name, size_t max, struct aip_buf *body,
		    struct aip_err *err)
{
	_cleanup_free_ char *path = file_path(url);
	int r;

	if (!path) {
		aip_err_set(err, -EINVAL, "%s: not a file URL of this machine", name);
		return aip_err_hint(err, "write file:///PATH");
	}
	r = aip_read_file(AT_FDCWD, path, max, body, err);
	if (r == 0)
		return HTTP_BODY;
	aip_err_exit(err, r == -EFBIG ? AIP_EXIT_REFUSED : AIP_EXIT_NO_INDEX);
	return aip_err_hint(err, "check that the file is there and readable");
}

static int get_url(const struct http_how *how, const char *url, const char *name, size_t max,
		   struct http_tags *tags, struct aip_buf *body, struct aip_err *err)
{
	struct transfer t = { .body = body, .start = body->len, .max = max };
	CURL *c;
	int r;

	if (how->total_ms <= 0) {
		aip_err_set(err, -ETIMEDOUT, "%s: no time left to ask it", name);
		return aip_err_exit(err, AIP_EXIT_NO_INDEX);
	}
	c = curl_easy_init();
	if (!c)
		return aip_err_errno(err, -ENOMEM, "%s", name);
	r = transfer(c, how, url, name, &t, tags, err);
	curl_easy_cleanup(c);
	return r;
}

int http_get(const struct http_how *how, const char *url, size_t max, struct http_tags *tags,
	     struct aip_buf *body, struct aip_err *err)
{
	_cleanup_free_ char *name = wire_public_url(url);
	size_t start = body->len;
	int r;

	if (!name)
		return aip_err_errno(err, -ENOMEM, "cannot fetch");
	if (strncasecmp(url, "file:", 5) == 0 || *url == '/')
		r = get_file(url, name, max, body, err);
	else
		r = get_url(how, url, name, max, tags, body, err);
	if (r != HTTP_BODY && body->data) {
		body->len = start;
		body->data[start] = 0;
	}
	return r;
}
