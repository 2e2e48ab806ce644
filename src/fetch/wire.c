// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/wire.h"

void wire_begin(struct aip_buf *b)
{
	aip_buf_str(b, WIRE_MAGIC "\n");
}

void wire_put(struct aip_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	aip_buf_str(b, key);
	aip_buf_chr(b, ' ');
	for (; *value; value++)
		aip_buf_chr(b, (unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value);
	aip_buf_chr(b, '\n');
}

void wire_putf(struct aip_buf *b, const char *key, const char *fmt, ...)
{
	struct aip_buf text = AIP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	aip_buf_vfmt(&text, fmt, ap);
	va_end(ap);
	if (text.data)
		wire_put(b, key, text.data);
	if (text.failed)
		b->failed = text.failed;
	aip_buf_free(&text);
}

void wire_end(struct aip_buf *b)
{
	aip_buf_chr(b, '\n');
}

/* One line of the head, without its end. Return: 1 more to come, 0 it was the empty line, or -errno. */
static int parse_line(struct wire *w, char *line, bool first)
{
	char *blank;

	if (first)
		return strcmp(line, WIRE_MAGIC) == 0 ? 1 : -EBADMSG;
	if (!*line)
		return 0;
	blank = strchr(line, ' ');
	if (!blank || blank == line)
		return -EBADMSG;
	if (w->n == WIRE_ITEMS_MAX)
		return -EFBIG;
	*blank = 0;
	w->item[w->n++] = (struct wire_item){ line, blank + 1 };
	return 1;
}

int wire_parse(const void *data, size_t len, struct wire *w)
{
	size_t head = len < WIRE_HEAD_MAX ? len : WIRE_HEAD_MAX, pos = 0;
	int r = 1;

	memset(w, 0, sizeof(*w));
	w->text = malloc(head + 1);
	if (!w->text)
		return -ENOMEM;
	memcpy(w->text, data, head);
	w->text[head] = 0;
	while (r > 0) {
		char *line = w->text + pos, *nl = memchr(line, '\n', head - pos);

		if (!nl || memchr(line, 0, nl - line)) {
			r = !nl && head < len ? -EFBIG : -EBADMSG;
			break;
		}
		*nl = 0;
		r = parse_line(w, line, pos == 0);
		pos = nl + 1 - w->text;
	}
	w->body = pos;
	if (r < 0)
		wire_free(w);
	return r;
}

void wire_free(struct wire *w)
{
	free(w->text);
	w->text = NULL;
	w->n = 0;
}

const char *wire_get(const struct wire *w, const char *key)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (strcmp(w->item[i].key, key) == 0)
			return w->item[i].value;
	return NULL;
}

long wire_num(const struct wire *w, const char *key, long def)
{
	const char *s = wire_get(w, key), *p;
	long n = 0;

	if (!s || !*s)
		return def;
	for (p = s; *p; p++) {
		if (*p < '0' || *p > '9' || p - s >= 10)
			return def;
		n = n * 10 + (*p - '0');
	}
	return n <= 0x7fffffff ? n : def;
}

char *wire_public_url(const char *url)
{
	const char *host = strstr(url, "://"), *end, *at;
	size_t scheme;
	char *out;

	host = host ? host + 3 : url;
	scheme = host - url;
	end = host + strcspn(host, "/?#");
	/* the last @ ends the user: an unescaped one inside a password is common */
	at = memrchr(host, '@', end - host);
	if (at)
		host = at + 1;
	end += strcspn(end, "?#");
	if (asprintf(&out, "%.*s%.*s", (int)scheme, url, (int)(end - host), host) < 0)
		return NULL;
	return out;
}
