// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "fetch/ini.h"

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		*--end = 0;
	return s;
}

/* The value in @line if it is one of @key, else NULL. */
static char *value_of(char *line, const char *key)
{
	char *eq = strchr(line, '=');

	if (!key || !eq)
		return NULL;
	*eq = 0;
	return strcasecmp(trim(line), key) == 0 ? trim(eq + 1) : NULL;
}

int ini_value(const char *text, size_t len, const char *section, const char *key, char **out)
{
	_cleanup_free_ char *copy = strndup(text, len);
	char *line, *rest = copy, *value = NULL;
	bool inside = false, seen = false;

	*out = NULL;
	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n"))) {
		size_t n;

		line = trim(line);
		n = strlen(line);
		if (*line == '[' && line[n - 1] == ']') {
			line[n - 1] = 0;
			inside = !seen && strcmp(line + 1, section) == 0;
			seen = seen || inside;
		} else if (inside) {
			char *v = value_of(line, key);

			value = v ? v : value;
		}
	}
	if (!seen)
		return -ENOENT;
	if (value && !(*out = strdup(value)))
		return -ENOMEM;
	return 0;
}

int ini_bool(const char *value, int def)
{
	static const char *const yes[] = { "1", "yes", "true", "on" };
	static const char *const no[] = { "0", "no", "false", "off" };
	size_t i;

	for (i = 0; value && i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0)
			return strcasecmp(value, yes[i]) == 0;
	return def;
}
