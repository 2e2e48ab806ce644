// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/cmd.h"
#include "aipsnap/report.h"

void report_free(struct report *r)
{
	free(r->list);
	*r = (struct report)REPORT_INIT;
}

static struct report_line *add(struct report *r, const char *name, const char *outcome)
{
	struct report_line *list = realloc(r->list, (r->n + 1) * sizeof(*list)), *l;

	if (!list) {
		r->exit = EXIT_ERROR;
		return NULL;
	}
	r->list = list;
	l = &list[r->n++];
	*l = (struct report_line){ .outcome = outcome };
	snprintf(l->name, sizeof(l->name), "%.79s", name);
	return l;
}

static void take(struct report_line *l, const struct track *t)
{
	l->why = t->why;
	l->lineage = t->lineage;
	l->generation = t->generation;
	l->written = t->written;
	snprintf(l->detail, sizeof(l->detail), "%s", t->detail);
}

void report_started(struct report *r, const struct track *t)
{
	struct report_line *l = add(r, t->name, t->resumed ? "resumed" : "new-lineage");

	if (l)
		take(l, t);
}

void report_sealed(struct report *r, const struct track *t)
{
	struct report_line *l = add(r, t->name, "sealed");

	if (l)
		take(l, t);
}

void report_done(struct report *r, const char *name, const char *outcome)
{
	add(r, name, outcome);
}

static void note(struct report *r, struct report_line *l, const struct aip_err *err, int fallback)
{
	if (l) {
		snprintf(l->error, sizeof(l->error), "%.511s", err->msg);
		snprintf(l->hint, sizeof(l->hint), "%.255s", err->hint);
	}
	r->exit = err->exit ? err->exit : fallback;
}

void report_not_sealed(struct report *r, const struct track *t, const struct aip_err *err)
{
	struct report_line *l = add(r, t->name, "not-sealed");

	if (l)
		take(l, t);
	note(r, l, err, EXIT_NOT_SEALED);
}

int report_failed(struct report *r, const char *name, const struct aip_err *err)
{
	note(r, add(r, name, "failed"), err, err->code == -EOPNOTSUPP ? EXIT_REFUSED : EXIT_ERROR);
	return err->code;
}

static void print_json(const struct report *r, struct aip_buf *out)
{
	struct aip_jsonw w;
	char id[ID_TEXT];
	size_t i;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_array(&w, "devices");
	for (i = 0; i < r->n; i++) {
		const struct report_line *l = &r->list[i];

		aip_jsonw_object(&w, NULL);
		aip_jsonw_str(&w, "name", l->name);
		aip_jsonw_str(&w, "outcome", l->outcome);
		if (l->why) {
			aip_jsonw_str(&w, "why", why_token(l->why));
			aip_jsonw_str(&w, "why_text", why_text(l->why));
		}
		if (l->detail[0])
			aip_jsonw_str(&w, "detail", l->detail);
		if (!id_is_zero(&l->lineage))
			aip_jsonw_str(&w, "lineage", id_text(&l->lineage, id));
		if (!id_is_zero(&l->generation))
			aip_jsonw_str(&w, "generation", id_text(&l->generation, id));
		if (l->written)
			aip_jsonw_uint(&w, "written", l->written);
		if (l->error[0])
			aip_jsonw_str(&w, "error", l->error);
		if (l->hint[0])
			aip_jsonw_str(&w, "hint", l->hint);
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
}

static void print_text(const struct report *r, struct aip_buf *out)
{
	char id[ID_TEXT];
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct report_line *l = &r->list[i];

		if (l->error[0]) {
			fprintf(stderr, "aipsnap: %s\n", l->error);
			if (l->hint[0])
				fprintf(stderr, "aipsnap: %s\n", l->hint);
			continue;
		}
		aip_buf_fmt(out, "%s: ", l->name);
		if (!strcmp(l->outcome, "new-lineage"))
			aip_buf_fmt(out, "new lineage: %s", why_text(l->why));
		else
			aip_buf_str(out, l->outcome);
		if (l->why == AIPSNAP_WHY_NO_FINGERPRINT && l->detail[0])
			aip_buf_fmt(out, " (%s)", l->detail);
		if (!id_is_zero(&l->generation))
			aip_buf_fmt(out, ", generation %s", id_text(&l->generation, id));
		aip_buf_chr(out, '\n');
	}
}

int report_print(const struct report *r, bool json)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	int ret;

	if (json)
		print_json(r, &out);
	else
		print_text(r, &out);
	ret = cmd_print(&out);
	return r->exit ? r->exit : ret;
}

int report_nothing(const char *why, bool json)
{
	if (json)
		puts("{\n  \"devices\": []\n}");
	else if (*why)
		printf("aipsnap: %s\n", why);
	return EXIT_OK;
}

int report_bound(const char *command, int ret, int seconds)
{
	if (ret == -ETIMEDOUT) {
		report_loud("%s: not done after %d s, going on without", command, seconds);
		return EXIT_TIME;
	}
	if (ret < 0) {
		report_loud("%s: %s", command, strerror(-ret));
		return EXIT_ERROR;
	}
	return ret;
}

void report_loud(const char *fmt, ...)
{
	char line[700];
	va_list ap;
	int fd, n;

	n = snprintf(line, sizeof(line), "<4>aipsnap: ");
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	fputs(line + 3, stderr);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, line, strlen(line));
		close(fd);
	}
}
