// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c: the command line of aip-mkindex.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mkindex/cmd.h"

static const struct command commands[] = {
	{ "build", "[OPTION]... -o INDEX PATH...",
	  "make an index from packages, folders, repositories", cmd_build },
	{ "prove", "[--kind rc.sysinit|halt] [--explain|--json] FILE...",
	  "find and prove the place in loose scripts", cmd_prove },
	{ "verify", "[--key FILE]... [--threshold N] [--now TIME] INDEX",
	  "check an index as a client does", cmd_verify },
	{ "show", "[--json] INDEX", "what an index says", cmd_show },
	{ "merge", "[OPTION]... -o INDEX INDEX...", "make one index of several", cmd_merge },
	{ "sign", "--sign KEY... -o INDEX INDEX", "add signatures to an index", cmd_sign },
	{ "publish", "[--index INDEX] [--sign-repomd KEY] REPO",
	  "put an index into a repository's metadata", cmd_publish },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char options_help[] =
	"\n"
	"build:\n"
	"  -o, --output FILE      where the index goes (packed when the name ends in .gz)\n"
	"      --previous INDEX   keep what this index has, look at new packages only\n"
	"      --reread           look at all packages nevertheless\n"
	"      --scripts LIST     also loose scripts: lines of NAME EVR ARCH KIND FILE\n"
	"      --keep-going       leave packages out that cannot be read\n"
	"      --report FORMAT[=FILE]  table (default), json, html or none; may be repeated\n"
	"  -j, --jobs N           processes at a time\n"
	"build, merge:\n"
	"      --stream NAME      whose serials count together (default: as before)\n"
	"      --serial N         default: one more than before\n"
	"      --issued TIME      default: $SOURCE_DATE_EPOCH, or now\n"
	"      --expires TIME|Nd  default: 30d after it is issued\n"
	"      --withdraw SHA256  clients undo the patch that leads to this file\n"
	"      --revoke FPR       clients no longer believe this key\n"
	"      --sign KEY         sign with gpg's key KEY; may be repeated\n"
	"\n"
	"Exit status: 0 done, 1 error, 2 usage, 4 verify: refused, 5 prove: some refused.\n";

static void help(FILE *to)
{
	size_t i;

	fputs("Usage: aip-mkindex COMMAND [OPTION]...\n"
	      "       aip-mkindex --help | --version\n"
	      "Makes the signed index of patches for initscripts that aipmng applies.\n\n",
	      to);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-8s %s\n           %s\n", commands[i].name, commands[i].args,
			commands[i].help);
	fputs(options_help, to);
}

int bad_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "aip-mkindex %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry 'aip-mkindex --help'.\n", stderr);
	return EXIT_USAGE;
}

void tame(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') ||
		    text[i] == 0x7f)
			text[i] = '?';
}

int complain(const struct aip_err *err)
{
	struct aip_err e = *err;

	tame(e.msg, strlen(e.msg));
	fprintf(stderr, "aip-mkindex: %s\n", e.msg);
	if (e.hint[0])
		fprintf(stderr, "aip-mkindex: hint: %s\n", e.hint);
	return err->exit ? err->exit : EXIT_ERROR;
}

int list_add(struct list *l, const char *text)
{
	if (l->n == LIST_MAX)
		return -E2BIG;
	l->v[l->n++] = text;
	return 0;
}

/* What went to standard output must have got there. */
static int flushed(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "aip-mkindex: cannot write to standard output: %s\n", strerror(errno));
	return code == EXIT_DONE ? EXIT_ERROR : code;
}

int main(int argc, char **argv)
{
	size_t i;

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		help(stdout);
		return flushed(EXIT_DONE);
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("aip-mkindex " AIP_VERSION);
		return flushed(EXIT_DONE);
	}
	for (i = 0; argc > 1 && i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return flushed(commands[i].run(argc - 1, argv + 1));
	if (argc > 1)
		fprintf(stderr, "aip-mkindex: unknown command %s\n", argv[1]);
	help(stderr);
	return EXIT_USAGE;
}
