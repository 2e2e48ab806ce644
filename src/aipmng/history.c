// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "aipmng/history.h"
#include "aipmng/log.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"
#include "json/json.h"

#define HISTORY_FILE "history.jsonl"

/* Drop the oldest lines, so that about half stays. */
static void shorten(int dir)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	const char *p;

	if (aip_read_file(dir, HISTORY_FILE, 2 * AIP_HISTORY_MAX, &b, NULL) < 0) {
		unlinkat(dir, HISTORY_FILE, 0);
		return;
	}
	p = memchr(b.data + b.len / 2, '\n', b.len - b.len / 2);
	if (p)
		aip_write_file(dir, HISTORY_FILE, p + 1, b.data + b.len - p - 1, 0644, NULL);
}

static void append(const struct ctx *ctx, struct aip_buf *line)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0755, NULL);
	_cleanup_close_ int fd = -1;
	struct stat st;

	aip_buf_chr(line, '\n');
	if (dir < 0 || aip_buf_status(line) < 0)
		return;
	if (fstatat(dir, HISTORY_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_size > AIP_HISTORY_MAX)
		shorten(dir);
	fd = openat(dir, HISTORY_FILE,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd >= 0)
		aip_write_all(fd, line->data, line->len);
}

static void begin(struct aip_jsonw *w, struct aip_buf *line, const char *event)
{
	char stamp[AIP_RFC3339_LEN];

	aip_jsonw_init(w, line, false);
	aip_jsonw_object(w, NULL);
	aip_jsonw_str(w, "time", aip_rfc3339(time(NULL), stamp));
	aip_jsonw_str(w, "event", event);
}

static const char *step_words(enum step_action a)
{
	switch (a) {
	case STEP_PATCH:
		return "patched";
	case STEP_MOVE:
		return "moved to another patch";
	case STEP_HEAL:
		return "healed from .rpmnew and patched";
	case STEP_ADAPT:
		return "patched at a place proved by the anchor engine";
	case STEP_RESTORE:
		return "restored";
	case STEP_STRIP:
		return "our lines taken out of the edited file";
	default:
		return "kept";
	}
}

void history_step(const struct ctx *ctx, const struct survey *s, const struct step *st)
{
	_cleanup_buf_ struct aip_buf line = AIP_BUF_INIT;
	struct aip_jsonw w;

	begin(&w, &line, step_name(st->action));
	aip_jsonw_str(&w, "path", st->t->hook->path);
	aip_jsonw_str(&w, "from", st->t->now.sha);
	aip_jsonw_str(&w, "to", st->next.sha);
	if (s->package)
		aip_jsonw_str(&w, "package", s->package->nevra);
	if (st->rec->stream) {
		aip_jsonw_str(&w, "stream", st->rec->stream);
		aip_jsonw_int(&w, "serial", st->rec->serial);
	}
	aip_jsonw_end(&w);
	append(ctx, &line);
	aip_log(ctx, LOG_NOTICE, "%s: %s (%s%s%s)", st->t->hook->path, step_words(st->action),
		s->package ? s->package->nevra : "no package", st->rec->stream ? ", index " : "",
		st->rec->stream ? st->rec->stream : "");
}

void history_failure(const struct ctx *ctx, const struct aip_err *err)
{
	history_note(ctx, "failed", err->msg);
}

void history_note(const struct ctx *ctx, const char *event, const char *text)
{
	_cleanup_buf_ struct aip_buf line = AIP_BUF_INIT;
	struct aip_jsonw w;

	begin(&w, &line, event);
	aip_jsonw_str(&w, "text", text);
	aip_jsonw_end(&w);
	append(ctx, &line);
}

static const char *member(struct aip_json_val v, const char *name)
{
	const char *s;

	return aip_json_str(v, name, &s, NULL) == 0 ? s : NULL;
}

static void print_line(const char *text, size_t len)
{
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	struct aip_json_val v;
	const char *time, *event, *path, *package, *note, *stream;

	if (aip_json_parse(text, len, HISTORY_FILE, NULL, &doc, NULL) < 0)
		return; /* cut off by a crash or a full disk */
	v = aip_json_root(doc);
	time = member(v, "time");
	event = member(v, "event");
	path = member(v, "path");
	package = member(v, "package");
	stream = member(v, "stream");
	note = member(v, "text");
	printf("%s  %-8s  %s", time ? time : "?", event ? event : "?",
	       path   ? path
	       : note ? note
		      : "");
	if (package)
		printf("  %s", package);
	if (stream)
		printf("  %s", stream);
	putchar('\n');
}

int mode_history(struct ctx *ctx)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0, NULL);
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	const char *p, *end, *nl;
	bool first = true;
	int r = dir < 0 ? dir : aip_read_file(dir, HISTORY_FILE, 2 * AIP_HISTORY_MAX, &b, &err);

	if (r < 0 && r != -ENOENT) {
		if (dir < 0)
			aip_err_errno(&err, r, "cannot read " AIP_STATE_DIR);
		return ctx_fail(ctx, &err);
	}
	end = b.data + b.len;
	if (ctx->opt.json)
		fputs("[", stdout);
	for (p = b.data; p && p < end; p = nl + 1) {
		nl = memchr(p, '\n', end - p);
		if (!nl)
			break;
		if (!ctx->opt.json) {
			print_line(p, nl - p);
			continue;
		}
		_cleanup_(aip_json_freep) struct aip_json *doc = NULL;

		if (aip_json_parse(p, nl - p, HISTORY_FILE, NULL, &doc, NULL) < 0)
			continue;
		printf("%s%.*s", first ? "\n" : ",\n", (int)(nl - p), p);
		first = false;
	}
	if (ctx->opt.json)
		puts("\n]");
	return AIP_EXIT_OK;
}
