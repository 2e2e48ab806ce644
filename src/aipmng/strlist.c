// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "aipmng/strlist.h"

int strlist_add(char ***list, size_t *n, const char *fmt, ...)
{
	char **more, *s;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (len < 0)
		return -ENOMEM;
	more = realloc(*list, (*n + 1) * sizeof(**list));
	if (!more) {
		free(s);
		return -ENOMEM;
	}
	*list = more;
	more[(*n)++] = s;
	return 0;
}

void strlist_free(char ***list, size_t *n)
{
	size_t i;

	for (i = 0; i < *n; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
	*n = 0;
}
