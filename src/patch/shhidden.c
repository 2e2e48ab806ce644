// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shhidden.c: programs in whose arguments commands can hide: those with a language of their
 * own (awk, sed) and those with options that name a program.
 */
#include <string.h>

#include "patch/shstorage.h"

static enum sh_effect awk(const struct sh_fields *f)
{
	size_t i;

	if (sh_has_arg(f, "-f"))
		return SH_OPAQUE_COMPUTED;
	for (i = 1; i < f->n; i++)
		if (strstr(f->v[i], "system(") || strstr(f->v[i], "system (") ||
		    strstr(f->v[i], "getline") || strstr(f->v[i], "| \"") || strstr(f->v[i], "|\""))
			return SH_OPAQUE_COMPUTED;
	return SH_NOTHING;
}

/* ---- sed: its command e and the flag e of its command s run what is in the text ---- */

/* Behind the next @end that is not escaped, or the end of the text */
static const char *behind(const char *s, char end)
{
	for (; *s && *s != end; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

static const char *sed_address(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\n;{}!,+~$0123456789\1\2");
		if (*s == '/')
			s = behind(s + 1, '/');
		else if (*s == '\\' && s[1] && s[2])
			s = behind(s + 2, s[1]);
		else
			break;
		s += strspn(s, "IM");
	}
	return s;
}

static const char *sed_substitute(const char *s, bool *runs)
{
	size_t n;

	if (s[1])
		s = behind(behind(s + 2, s[1]), s[1]);
	n = strspn(s, "gpiImMe0123456789");
	*runs |= memchr(s, 'e', n) != NULL;
	s += n;
	return *s == 'w' ? behind(s, '\n') : s;
}

static bool sed_runs(const char *s)
{
	bool runs = false;

	while (!runs && *(s = sed_address(s))) {
		if (*s == 's')
			s = sed_substitute(s, &runs);
		else if (*s == 'y' && s[1])
			s = behind(behind(s + 2, s[1]), s[1]);
		else if (strchr("aicrRwW#", *s))
			s = behind(s, '\n');
		else if (strchr("btT:v", *s))
			s += strcspn(s, ";\n}");
		else if (strchr("=dDgGhHlLnNpPqQxFz", *s))
			s++;
		else
			return true; /* e, or something that is not understood */
	}
	return runs;
}

static enum sh_effect sed(const struct sh_fields *f)
{
	bool script = false;
	size_t i, n;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		if (!strncmp(s, "--expression=", 13)) {
			script = true;
			if (sed_runs(s + 13))
				return SH_OPAQUE_COMPUTED;
			continue;
		}
		if (*s == '-' && s[1]) {
			n = strlen(s);
			if (!strncmp(s, "--file", 6) ||
			    (s[1] != '-' && s[1] != 'i' && strchr(s, 'f')))
				return SH_OPAQUE_COMPUTED;
			if (s[1] == '-' || s[1] == 'i' || !strchr(s, 'e'))
				continue;
			if (s[n - 1] != 'e')
				return SH_OPAQUE_COMPUTED;
			script = true;
			if (i + 1 < f->n && sed_runs(f->v[++i]))
				return SH_OPAQUE_COMPUTED;
			continue;
		}
		if (!script && sed_runs(s))
			return SH_OPAQUE_COMPUTED;
		script = true;
	}
	return SH_NOTHING;
}

/* ---- options that name a program ---- */

static enum sh_effect program_option(const struct sh_fields *f, const char *letters)
{
	static const char *const words[] = { "exec",   "command", "program", "filter",
					     "script", "rsh",	  NULL };
	size_t i, k;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		if (*s != '-' || !s[1])
			continue;
		if (s[1] != '-' && strpbrk(s, letters))
			return SH_OPAQUE_COMPUTED;
		for (k = 0; s[1] == '-' && words[k]; k++)
			if (strstr(s, words[k]))
				return SH_OPAQUE_COMPUTED;
	}
	return SH_NOTHING;
}

static enum sh_effect tar(const struct sh_fields *f)
{
	return program_option(f, "IF");
}

static enum sh_effect rsync(const struct sh_fields *f)
{
	return program_option(f, "e");
}

static enum sh_effect long_only(const struct sh_fields *f)
{
	return program_option(f, "\3");
}

/* ip netns exec NAME COMMAND */
static enum sh_effect ip(const struct sh_fields *f)
{
	return sh_has_arg(f, "exec") ? SH_OPAQUE_COMPUTED : SH_NOTHING;
}

/* ---- files that are written ---- */

/* cp, mv, install: only the last operand is written */
static enum sh_effect copy(const struct sh_fields *f)
{
	if (f->n > 2 && sh_is_disk(f->v[f->n - 1]))
		return SH_WRITE;
	return long_only(f);
}

static enum sh_effect tee(const struct sh_fields *f)
{
	size_t i;

	for (i = 1; i < f->n; i++)
		if (sh_is_disk(f->v[i]))
			return SH_WRITE;
		else if (!strcmp(sh_basename(f->v[i]), "sysrq-trigger"))
			return SH_POWEROFF;
	return SH_NOTHING;
}

static const struct sh_command commands[] = {
	{ "awk", 0, awk },	  { "gawk", 0, awk },	    { "mawk", 0, awk },
	{ "sed", 0, sed },	  { "tar", 0, tar },	    { "rsync", 0, rsync },
	{ "cpio", 0, long_only }, { "sort", 0, long_only }, { "split", 0, long_only },
	{ "cp", 0, copy },	  { "mv", 0, copy },	    { "install", 0, copy },
	{ "tee", 0, tee },	  { "ip", 0, ip },
};

const struct sh_command *sh_hidden_command(const char *base)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(base, commands[i].name))
			return &commands[i];
	return NULL;
}
