// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nomem.c: memory that runs out.  Linked with --wrap for each allocating function (see
 * build.mk), so what our own sources ask for is counted, not what libraries do.
 *
 *	AIP_NOMEM=N	the Nth allocation fails
 *	AIP_NOMEM=N+	and so does every later one
 *	AIP_NOMEM_COUNT=FILE	how many there were, written at the end
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_vasprintf(char **out, const char *fmt, va_list ap);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
int __wrap_asprintf(char **out, const char *fmt, ...);

static long count;
static bool over; /* main() has returned: what is counted for coverage is to be written */

static bool fails(void)
{
	const char *plan = getenv("AIP_NOMEM");
	char *end = NULL;
	long n = plan ? strtol(plan, &end, 10) : 0;

	count++;
	if (!n || over || (*end == '+' ? count < n : count != n))
		return false;
	errno = ENOMEM;
	return true;
}

static void end(void)
{
	over = true;
}

/* Before all destructors, gcov's among them. */
static __attribute__((constructor)) void begin(void)
{
	atexit(end);
}

static __attribute__((destructor)) void tell(void)
{
	const char *file = getenv("AIP_NOMEM_COUNT");
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

	if (fd >= 0) {
		dprintf(fd, "%ld\n", count);
		close(fd);
	}
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
	return fails() ? -1 : __real_vasprintf(out, fmt, ap);
}

int __wrap_asprintf(char **out, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = __wrap_vasprintf(out, fmt, ap);
	va_end(ap);
	return r;
}
