// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "aipmng/log.h"
#include "common/cleanup.h"
#include "common/rfc3339.h"
#include "common/root.h"

#define LINE_MAX_BYTES 2048

static const char *prio_name(int prio)
{
	switch (prio) {
	case LOG_ERR:
		return "error";
	case LOG_WARNING:
		return "warning";
	case LOG_NOTICE:
		return "notice";
	default:
		return "info";
	}
}

static void to_file(const struct ctx *ctx, int prio, const char *text)
{
	char stamp[AIP_RFC3339_LEN], line[LINE_MAX_BYTES + 64];
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int n;

	if (ctx->rootfd < 0 || aip_root_resolve(ctx->rootfd, AIP_LOG_FILE, 1, &path, NULL) < 0)
		return;
	fd = openat(ctx->rootfd, path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		    0640);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	n = snprintf(line, sizeof(line), "%s aipmng[%d] %s: %s\n", aip_rfc3339(time(NULL), stamp),
		     (int)getpid(), prio_name(prio), text);
	if (n > 0 && write(fd, line, n) < 0)
		return; /* a full disk must not stop the work that is being logged */
}

void aip_printable(char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') ||
		    *text == 0x7f)
			*text = '?';
}

void aip_log(const struct ctx *ctx, int prio, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES], *p;
	bool loud = prio <= LOG_WARNING ? ctx->opt.verbose >= 0 : ctx->opt.verbose > 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	if (loud)
		fprintf(stderr, "aipmng: %s%s\n", prio == LOG_WARNING ? "warning: " : "", text);
	if (prio == LOG_DEBUG)
		return;
	to_file(ctx, prio, text);
	if (ctx->real_root)
		syslog(LOG_DAEMON | prio, "%s", text);
}
