// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * aipsnap: boot and shutdown control, devices, generations, snapshots.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"

static const struct command commands[] = {
	{ "enable", cmd_enable, "[OPTION]... DEV...",
	  "track devices from now on, and over restarts",
	  "  --chunk SIZE    unit of change: 16K to 1M, a power of two (default 64K)\n"
	  "  --table SIZE    size of a new table (default: room for the machine's disks)\n"
	  "  --new-table     replace a table that the driver refuses\n"
	  "  --unsaved       in memory only, until stopped; needs no table\n" },
	{ "disable", cmd_disable, "DEV... | --all", "stop tracking devices, forget them", NULL },
	{ "start", cmd_start, "--tracking [DEV]", "resume tracking (called by rc.sysinit and udev)",
	  "  --timeout S     leave after S seconds (default 30)\n"
	  "  --new           begin new lineages\n" },
	{ "stop", cmd_stop, "DEV... | --all", "stop tracking; the next start begins a new lineage",
	  NULL },
	{ "clear_dirtyflag", cmd_clear_dirtyflag, "", "seal the table (called by halt)",
	  "  --timeout S     leave after S seconds (default 30)\n" },
	{ "late", cmd_late, "", "finish what start could not do (called late at boot)",
	  "  --timeout S     leave after S seconds (default 60)\n" },
	{ "status", cmd_status, "[--map [--since ID]] [DEV]...",
	  "what is tracked, since when, and why",
	  "  --map           where the changes lie, one line a device\n"
	  "  --since ID      count and map changes since that generation\n" },
	{ "generation", cmd_generation, "new DEV...",
	  "open a new generation on all devices at one instant",
	  "  --timeout S     for freezing the file systems (default 10)\n"
	  "  --no-freeze     do not freeze\n" },
	{ "changes", cmd_changes, "DEV --since ID [--until ID]",
	  "extents that changed since a generation was opened",
	  "  --until ID      only up to the moment in which ID was opened\n"
	  "  --binary        a bitmap behind a header, for programs\n" },
	{ "snapshot", cmd_snapshot, "create DEV... | list | remove N...|--all",
	  "images of devices at one instant",
	  "  --store PATH    folder, or block device, for the difference storage (default /var/lib/aip/store)\n"
	  "  --size SIZE|N%  room for each device (default 10%, at least 64M)\n"
	  "  --timeout S     for freezing the file systems (default 10); for remove (default: no limit)\n"
	  "  --no-freeze     do not freeze\n" },
	{ "fingerprint", cmd_fingerprint, "DEV|IMAGE",
	  "what proves that a device was not changed offline", NULL },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *f)
{
	size_t i;

	fputs("usage: aipsnap COMMAND [OPTION]... [ARGUMENT]...\n\n", f);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-16s %s\n", commands[i].name, commands[i].help);
	fputs("\nEvery command knows --help and --json.  See aipsnap(8).\n", f);
}

int cmd_fail(const struct aip_err *err)
{
	fprintf(stderr, "aipsnap: %s\n", err->msg);
	if (err->hint[0])
		fprintf(stderr, "aipsnap: %s\n", err->hint);
	return err->exit ? err->exit : EXIT_ERROR;
}

int cmd_usage(const struct command *self)
{
	fprintf(stderr, "usage: aipsnap %s %s\n", self->name, self->args);
	return EXIT_USAGE;
}

int cmd_getopt(const struct command *self, int argc, char **argv, const char *letters,
	       const struct option *options)
{
	int c = getopt_long(argc, argv, letters, options, NULL);

	if (c != 'h')
		return c;
	printf("usage: aipsnap %s %s\n\n%s\n", self->name, self->args, self->help);
	if (self->more)
		printf("\n%s", self->more);
	printf("%s  --json          print JSON\n", self->more ? "" : "\n");
	exit(EXIT_OK);
}

int cmd_print(const struct aip_buf *out)
{
	if (aip_buf_status(out)) {
		fputs("aipsnap: out of memory\n", stderr);
		return EXIT_ERROR;
	}
	if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout)) {
		perror("aipsnap: standard output");
		return EXIT_ERROR;
	}
	return EXIT_OK;
}

int cmd_seconds(const char *s, int *seconds)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end || n < 1 || n > 3600)
		return -1;
	*seconds = n;
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;

	umask(077);
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("aipsnap " AIP_VERSION);
		return EXIT_OK;
	}
	for (i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(&commands[i], argc - 1, argv + 1);
	fprintf(stderr, "aipsnap: there is no command \"%s\"; aipsnap --help lists them\n",
		argv[1]);
	return EXIT_USAGE;
}
