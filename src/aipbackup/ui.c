// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aipbackup/ui.h"
#include "common/jsonw.h"

#define TTY_EVERY   200000000ULL /* ns between two drawings */
#define PLAIN_EVERY 10000000000ULL

bool aip_ui_json, aip_ui_quiet;

int aip_ui_fail(const struct aip_err *err)
{
	fprintf(stderr, "aipbackup: %s.\n", err->msg);
	if (err->hint[0])
		fprintf(stderr, "aipbackup: hint: %s.\n", err->hint);
	if (err->exit)
		return err->exit;
	switch (err->code) {
	case -EBADMSG:
		return AIP_EXIT_DAMAGED;
	case -EBUSY:
		return AIP_EXIT_BUSY;
	case -EINTR:
		return AIP_EXIT_INTERRUPTED;
	}
	return AIP_EXIT_ERROR;
}

void aip_ui_note(const char *fmt, ...)
{
	va_list ap;

	if (aip_ui_quiet || aip_ui_json)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

char *aip_ui_bytes(uint64_t n, char out[16])
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = n;
	size_t i = 0;

	while (v >= 1024 && i < 6) {
		v /= 1024;
		i++;
	}
	snprintf(out, 16, i && v < 100 ? "%.1f %s" : "%.0f %s", v, unit[i]);
	return out;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void aip_progress_start(struct aip_progress *p, const char *what)
{
	*p = (struct aip_progress){ .what = what, .started = now_ns(), .tty = isatty(2) };
	p->drawn = p->started;
}

static void draw_json(const struct aip_progress *p, uint64_t done, uint64_t total, double rate)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_jsonw w;

	aip_jsonw_init(&w, &b, false);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "progress", p->what);
	aip_jsonw_uint(&w, "done", done);
	aip_jsonw_uint(&w, "total", total);
	aip_jsonw_uint(&w, "bytes_per_second", rate);
	aip_jsonw_end(&w);
	if (aip_buf_status(&b) == 0)
		fprintf(stderr, "%s\n", b.data);
}

void aip_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct aip_progress *p = ctx;
	uint64_t now = now_ns(), left;
	char a[16], b[16], c[16];
	double rate;

	if (aip_ui_quiet || now - p->drawn < (p->tty && !aip_ui_json ? TTY_EVERY : PLAIN_EVERY))
		return;
	p->drawn = now;
	p->shown = true;
	rate = done / ((now - p->started) / 1e9);
	if (aip_ui_json) {
		draw_json(p, done, total, rate);
		return;
	}
	left = rate > 0 && total > done ? (total - done) / rate : 0;
	fprintf(stderr, "%s%s: %s of %s (%.0f %%), %s/s, %" PRIu64 ":%02" PRIu64 " left%s",
		p->tty ? "\r" : "", p->what, aip_ui_bytes(done, a), aip_ui_bytes(total, b),
		total ? 100.0 * done / total : 100.0, aip_ui_bytes(rate, c), left / 60, left % 60,
		p->tty ? "\033[K" : "\n");
}

void aip_progress_end(struct aip_progress *p)
{
	if (p->shown && p->tty && !aip_ui_json)
		fprintf(stderr, "\r\033[K");
}
