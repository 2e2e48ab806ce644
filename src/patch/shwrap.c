// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shwrap.c: finds the command inside a command.
 */
#include <string.h>

#include "patch/shstorage.h"
#include "patch/shwrap.h"

enum how {
	ARGS,	    /* options, so many operands, then the command */
	FUNCTION,   /* like ARGS, a shell function */
	STRING_C,   /* the command is the string behind -c; otherwise ARGS */
	SHELL,	    /* the string behind -c; anything else cannot be followed */
	FIND,	    /* behind -exec and its kin */
	XARGS,	    /* like ARGS, with more arguments from its input */
	PLYMOUTH,   /* the string behind --command */
	EVAL,	    /* all arguments, joined */
	ENV,	    /* name=value too are skipped */
	BACKGROUND, /* like ARGS, and not waited for */
	NEVER,	    /* something that we cannot see */
};

struct wrapper {
	const char *name;
	enum how how;
	const char *valued; /* short options that take a value */
	unsigned int operands;
};

static const struct wrapper wrappers[] = {
	{ "action", FUNCTION, "", 1 },
	{ "action_silent", FUNCTION, "", 1 },
	{ "runcmd", FUNCTION, "", 1 },
	{ "rc_splash", NEVER, "", 0 },
	{ "initlog", STRING_C, "sfnrpe", 0 },
	{ "systemd-cat", ARGS, "tp", 0 },
	{ "daemon", BACKGROUND, "", 0 },
	{ "command", ARGS, "", 0 },
	{ "builtin", ARGS, "", 0 },
	{ "nice", ARGS, "n", 0 },
	{ "ionice", ARGS, "cnpt", 0 },
	{ "chrt", NEVER, "", 0 },
	{ "nohup", ARGS, "", 0 },
	{ "setsid", BACKGROUND, "", 0 },
	{ "timeout", ARGS, "ks", 1 },
	{ "env", ENV, "uC", 0 },
	{ "time", ARGS, "fo", 0 },
	{ "stdbuf", ARGS, "ioe", 0 },
	{ "flock", STRING_C, "wE", 1 },
	{ "logsave", ARGS, "", 1 },
	{ "chroot", ARGS, "", 1 },
	{ "sudo", ARGS, "ugpC", 0 },
	{ "su", STRING_C, "sg", 0 },
	{ "runuser", STRING_C, "sgGu", 0 },
	{ "script", STRING_C, "", 0 },
	{ "busybox", ARGS, "", 0 },
	{ "xargs", XARGS, "nLPIsdaE", 0 },
	{ "strace", ARGS, "oeapsuESI", 0 },
	{ "ltrace", ARGS, "oeaslnu", 0 },
	{ "linux32", ARGS, "", 0 },
	{ "linux64", ARGS, "", 0 },
	{ "setarch", ARGS, "", 1 },
	{ "fstab-decode", ARGS, "", 0 },
	{ "unbuffer", ARGS, "", 0 },
	{ "catchsegv", ARGS, "", 0 },
	{ "openvt", BACKGROUND, "c", 0 },
	{ "find", FIND, "", 0 },
	{ "plymouth", PLYMOUTH, "", 0 },
	{ "eval", EVAL, "", 0 },
	{ "sh", SHELL, "oO", 0 },
	{ "bash", SHELL, "oO", 0 },
	{ "dash", SHELL, "o", 0 },
	{ "ash", SHELL, "o", 0 },
	{ "ksh", SHELL, "o", 0 },
	{ "zsh", SHELL, "o", 0 },
	{ "unshare", NEVER, "", 0 },
	{ "nsenter", NEVER, "", 0 },
	{ "start-stop-daemon", NEVER, "", 0 },
	{ "parallel", NEVER, "", 0 },
	{ "watch", NEVER, "", 0 },
	{ "at", NEVER, "", 0 },
	{ "batch", NEVER, "", 0 },
	{ "ssh", NEVER, "", 0 },
	{ "runcon", NEVER, "", 0 },
	{ "numactl", NEVER, "", 0 },
	{ "cgexec", NEVER, "", 0 },
	{ "taskset", ARGS, "p", 1 },
};

/* Without a command these start a shell, which reads its input. */
static bool starts_shell(const char *name)
{
	static const char *const names[] = { "su",   "runuser", "script", "chroot",
					     "sudo", "openvt",	NULL };
	size_t i;

	for (i = 0; names[i] && strcmp(name, names[i]); i++)
		;
	return names[i];
}

static const struct wrapper *find_wrapper(const char *base)
{
	size_t i;

	for (i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
		if (!strcmp(base, wrappers[i].name))
			return &wrappers[i];
	return NULL;
}

static bool is_option(const char *s)
{
	return (*s == '-' || *s == '+') && s[1];
}

static bool is_assignment(const char *s)
{
	return strchr(s, '=') && *s != '=' && !strchr("/-", *s);
}

static bool may_split(const char *s)
{
	return strchr(s, SH_UNKNOWN_SPLIT);
}

/* Where the command starts behind options and operands; 0: unclear; f->n: none. */
static size_t skip(const struct wrapper *w, const struct sh_fields *f)
{
	unsigned int operands = w->operands;
	size_t i;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		if (!strcmp(s, "--")) {
			i++;
			break;
		}
		if (*s == SH_UNKNOWN_SPLIT && !operands)
			return 0;
		if (!is_option(s)) {
			if (w->how == ENV && is_assignment(s))
				continue;
			if (!operands)
				break;
			/* the text of action "..." may be unknown, but is quoted */
			if (may_split(s))
				return 0;
			operands--;
			continue;
		}
		if (w->operands && operands < w->operands && !operands)
			break;
		if (s[1] != '-' && s[2] == '\0' && strchr(w->valued, s[1]))
			i++;
	}
	return i < f->n ? i : f->n;
}

static enum sh_wrap tail(const struct sh_fields *f, size_t from, struct sh_inner *inner)
{
	inner->fields.v = f->v + from;
	inner->fields.n = f->n - from;
	return SH_WRAP_FIELDS;
}

/* The fields from @from to @to, those that hold @hole unknown */
static enum sh_wrap with_holes(struct sh_arena *arena, const struct sh_fields *f, size_t from,
			       size_t to, const char *hole, struct sh_inner *inner)
{
	const char **v = sh_arena_alloc(arena, (to - from) * sizeof(*v));
	size_t i;

	if (!v)
		return SH_WRAP_UNCLEAR;
	for (i = from; i < to; i++)
		v[i - from] = strstr(f->v[i], hole) ? "\1" : f->v[i];
	inner->fields.v = v;
	inner->fields.n = to - from;
	return SH_WRAP_FIELDS;
}

static enum sh_wrap find_exec(struct sh_arena *arena, const struct sh_fields *f,
			      struct sh_inner *inner)
{
	static const char *const flags[] = { "-exec", "-execdir", "-ok", "-okdir", NULL };
	size_t i, k, start = 0, end = 0;

	for (i = 1; i < f->n; i++) {
		if (*f->v[i] == SH_UNKNOWN_SPLIT && f->v[i][1] == '\0' && i > 1)
			return SH_WRAP_UNCLEAR;
		for (k = 0; flags[k]; k++) {
			if (strcmp(f->v[i], flags[k]))
				continue;
			if (start)
				return SH_WRAP_UNCLEAR;
			start = i + 1;
		}
		if (start && !end && (!strcmp(f->v[i], ";") || !strcmp(f->v[i], "+")))
			end = i;
	}
	if (!start)
		return SH_WRAP_NOTHING;
	if (!end || end == start)
		return SH_WRAP_UNCLEAR;
	return with_holes(arena, f, start, end, "{}", inner);
}

/* What it reads is added at the end, or put where the text of -I stands. */
static enum sh_wrap xargs(struct sh_arena *arena, const struct wrapper *w,
			  const struct sh_fields *f, struct sh_inner *inner)
{
	const char *hole = NULL, **v;
	size_t from = skip(w, f), i;

	if (!from)
		return SH_WRAP_UNCLEAR;
	if (from == f->n)
		return SH_WRAP_NOTHING; /* it echoes */
	for (i = 1; i < from; i++) {
		const char *s = f->v[i];

		if (!strncmp(s, "-I", 2))
			hole = s[2] ? s + 2 : f->v[i + 1];
		else if (!strncmp(s, "-i", 2))
			hole = s[2] ? s + 2 : "{}";
		else if (!strncmp(s, "--replace", 9))
			hole = s[9] == '=' ? s + 10 : "{}";
	}
	if (hole)
		return *hole ? with_holes(arena, f, from, f->n, hole, inner) : SH_WRAP_UNCLEAR;
	v = sh_arena_alloc(arena, (f->n - from + 1) * sizeof(*v));
	if (!v)
		return SH_WRAP_UNCLEAR;
	memcpy(v, f->v + from, (f->n - from) * sizeof(*v));
	v[f->n - from] = "\2";
	inner->fields.v = v;
	inner->fields.n = f->n - from + 1;
	return SH_WRAP_FIELDS;
}

/*
 * The command line of a program that is no shell (initlog, plymouth), in which something is unknown:
 * "fsck $opts".  What stands for a command there stays unknown, arguments may be.
 */
static const char *with_expansions(struct sh_arena *arena, const char *text)
{
	static const char name[] = "${_unknown_}";
	char *s = sh_arena_alloc(arena, strlen(text) * sizeof(name) + 1), *d = s;

	for (; s && *text; text++) {
		if (*text == SH_UNKNOWN || *text == SH_UNKNOWN_SPLIT)
			d = stpcpy(d, name);
		else
			*d++ = *text;
	}
	return s;
}

static enum sh_wrap join(struct sh_arena *arena, const struct sh_fields *f, struct sh_inner *inner)
{
	size_t i, n = 1;
	char *s, *d;

	for (i = 1; i < f->n; i++)
		n += strlen(f->v[i]) + 1;
	s = d = sh_arena_alloc(arena, n);
	for (i = 1; s && i < f->n; i++) {
		if (i > 1)
			*d++ = ' ';
		d = stpcpy(d, f->v[i]);
	}
	/* what is unknown may hold a ; and a command behind it */
	inner->same_shell = true;
	inner->text = s;
	return s && !sh_is_unknown(s) ? SH_WRAP_STRING : SH_WRAP_UNCLEAR;
}

/* The string behind -c (perhaps among other letters).  Return: NULL when there is none. */
static const char *dash_c(const struct wrapper *w, const struct sh_fields *f, bool *unclear)
{
	size_t i;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		*unclear = *unclear || *s == SH_UNKNOWN_SPLIT || *s == SH_UNKNOWN;
		if (!strncmp(s, "--command=", 10) || !strncmp(s, "--cmd=", 6))
			return strchr(s, '=') + 1;
		if ((!strcmp(s, "--command") || !strcmp(s, "--cmd")) && i + 1 < f->n)
			return f->v[i + 1];
		if (*s != '-' || s[1] == '-')
			continue;
		if (strchr(s, 'c') && i + 1 < f->n)
			return f->v[i + 1];
		if (s[2] == '\0' && strchr(w->valued, s[1]))
			i++;
	}
	return NULL;
}

/* plymouth asks for a password or a key and runs a command then */
static enum sh_wrap plymouth(struct sh_arena *arena, const struct sh_fields *f,
			     struct sh_inner *inner)
{
	static const char option[] = "--command";
	const char *text = NULL;
	size_t i;

	for (i = 1; i < f->n; i++) {
		if (!strcmp(f->v[i], option) && i + 1 < f->n)
			text = f->v[i + 1];
		else if (!strncmp(f->v[i], "--command=", 10))
			text = f->v[i] + 10;
	}
	if (!text)
		return SH_WRAP_NOTHING;
	inner->text = with_expansions(arena, text);
	return inner->text ? SH_WRAP_STRING : SH_WRAP_UNCLEAR;
}

static enum sh_wrap string_c(struct sh_arena *arena, const struct wrapper *w,
			     const struct sh_fields *f, struct sh_inner *inner)
{
	bool unclear = false;
	const char *text;
	size_t from;

	text = dash_c(w, f, &unclear);
	unclear |= text && sh_is_unknown(text) && strcmp(w->name, "initlog") != 0;
	inner->text = text && !unclear ? with_expansions(arena, text) : NULL;
	if (text)
		return inner->text ? SH_WRAP_STRING : SH_WRAP_UNCLEAR;
	if (w->how == SHELL)
		return SH_WRAP_UNCLEAR;
	from = skip(w, f);
	if (!from)
		return SH_WRAP_UNCLEAR;
	if (from == f->n || starts_shell(w->name))
		return starts_shell(w->name) ? SH_WRAP_UNCLEAR : SH_WRAP_NOTHING;
	return tail(f, from, inner);
}

enum sh_wrap sh_unwrap(struct sh_arena *arena, const struct sh_fields *f, struct sh_inner *inner)
{
	const struct wrapper *w = find_wrapper(sh_basename(f->v[0]));
	size_t from;

	memset(inner, 0, sizeof(*inner));
	if (!w)
		return SH_WRAP_NO;
	switch (w->how) {
	case FIND:
		return find_exec(arena, f, inner);
	case PLYMOUTH:
		return plymouth(arena, f, inner);
	case EVAL:
		return join(arena, f, inner);
	case STRING_C:
	case SHELL:
		return string_c(arena, w, f, inner);
	case XARGS:
		return xargs(arena, w, f, inner);
	case NEVER:
		return SH_WRAP_UNCLEAR;
	default:
		break;
	}
	/* command -v and -V only look */
	if (!strcmp(w->name, "command") && f->n > 1 &&
	    (!strcmp(f->v[1], "-v") || !strcmp(f->v[1], "-V")))
		return SH_WRAP_NOTHING;
	if (!strcmp(w->name, "taskset") &&
	    (sh_has_arg(f, "-p") || sh_has_arg(f, "-cp") || sh_has_arg(f, "-pc")))
		return SH_WRAP_NOTHING; /* of a process that runs */
	from = skip(w, f);
	if (!from)
		return SH_WRAP_UNCLEAR;
	inner->background = w->how == BACKGROUND;
	inner->sees_functions = w->how == FUNCTION || !strcmp(w->name, "daemon");
	if (from == f->n)
		return starts_shell(w->name) ? SH_WRAP_UNCLEAR : SH_WRAP_NOTHING;
	return tail(f, from, inner);
}
