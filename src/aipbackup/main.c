// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * aipbackup: full and incremental backups of a block device into a chain of qcow2
 * files or NBD exports; verify, restore, prune.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aipbackup/aipbackup.h"
#include "aipbackup/ui.h"
#include "common/cleanup.h"

volatile sig_atomic_t aip_stop;

static const struct command {
	const char *name;
	int args;
	const char *usage, *help;
	int (*run)(const struct aip_options *o, char **args);
} commands[] = {
	{ "full", 2, "DEVICE SET", "back up all of DEVICE into the folder SET", aip_cmd_full },
	{ "incremental", 2, "DEVICE SET", "back up what changed since the latest backup in SET",
	  aip_cmd_incremental },
	{ "auto", 2, "DEVICE SET", "incremental where the lineage allows it, else full; says why",
	  aip_cmd_auto },
	{ "list", 1, "SET", "show the backups of a set", aip_cmd_list },
	{ "verify", 1, "SET", "read backups and compare them with their checksums",
	  aip_cmd_verify },
	{ "restore", 2, "SET TARGET", "write a backup to a device or a new image file",
	  aip_cmd_restore },
	{ "prune", 1, "SET", "keep the newest backups, merge the older ones away", aip_cmd_prune },
};

enum {
	OPT_AS_IS = 256,
	OPT_SNAPSHOT,
	OPT_STORE,
	OPT_STORE_SIZE,
	OPT_TO,
	OPT_ID,
	OPT_COMPARE,
	OPT_PARANOID,
	OPT_ALL,
	OPT_DRY_RUN,
	OPT_FORCE,
	OPT_IDLE,
	OPT_RATE,
	OPT_KEEP,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "as-is", no_argument, NULL, OPT_AS_IS },
	{ "snapshot", required_argument, NULL, OPT_SNAPSHOT },
	{ "store", required_argument, NULL, OPT_STORE },
	{ "store-size", required_argument, NULL, OPT_STORE_SIZE },
	{ "to", required_argument, NULL, OPT_TO },
	{ "id", required_argument, NULL, OPT_ID },
	{ "compare", no_argument, NULL, OPT_COMPARE },
	{ "paranoid", no_argument, NULL, OPT_PARANOID },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "idle", no_argument, NULL, OPT_IDLE },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help_options[] =
	"\nOptions of full, incremental, auto:\n"
	"  --as-is             DEVICE stands still (unmounted, or an image file): make no snapshot\n"
	"  --snapshot N        read the existing snapshot /dev/aipsnap<N> of DEVICE; it is kept\n"
	"  --store PATH        folder, file or device for the snapshot's difference storage\n"
	"  --store-size SIZE   of the difference storage (bytes, K, M, G, or percent: 10%)\n"
	"  --to URI            store the data in this NBD export (nbd://, nbds://, nbd+unix://)\n"
	"  --compare           incremental: read all of DEVICE, store what differs (no tracking needed)\n"
	"  --all               full: read also what the file system does not use\n"
	"  --paranoid          afterwards compare the whole backup with the image, byte for byte\n"
	"  --rate SIZE         read at most SIZE a second (K, M, G)\n"
	"  --idle              lowest I/O and CPU priority\n"
	"\nOptions of verify, restore, prune:\n"
	"  --id NNNN           this backup (default: restore the latest, verify all)\n"
	"  --dry-run           restore, prune: say what would be done, verify what would be read\n"
	"  --force             restore: onto a target that holds something else\n"
	"  --keep N            prune: how many of the newest backups stay restorable\n"
	"\nCommon options:\n"
	"  --json              results as JSON on stdout, progress as JSON lines on stderr\n"
	"  -q, --quiet         no progress, no notes\n"
	"  -h, --help, --version\n"
	"\nExit codes: 0 done; 1 error; 2 usage; 3 a full backup is needed; 4 a backup is damaged;\n"
	"5 restore target refused; 6 the set is in use; 7 interrupted.\n"
	"\nSee aipbackup(1).\n";

static void help(FILE *f)
{
	size_t i;

	fprintf(f, "Usage: aipbackup COMMAND [OPTION]... ARGUMENTS\n\nCommands:\n");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(f, "  %-11s %-10s  %s\n", commands[i].name, commands[i].usage,
			commands[i].help);
	fputs(help_options, f);
}

static int usage(const char *what, const char *arg)
{
	fprintf(stderr, "aipbackup: %s%s%s\naipbackup: hint: `aipbackup --help` lists all.\n", what,
		arg ? ": " : "", arg ? arg : "");
	return AIP_EXIT_USAGE;
}

/* "512", "10M", "1G". Return: bytes, 0 when it is no size. */
static uint64_t parse_size(const char *s)
{
	static const char units[] = "KMGT";
	unsigned long long v;
	const char *u;
	char *end;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno || end == s || *s == '-')
		return 0;
	u = *end ? strchr(units, *end) : NULL;
	if (*end && (!u || end[1]))
		return 0;
	for (; u && u >= units; u--) {
		if (v > UINT64_MAX / 1024)
			return 0;
		v *= 1024;
	}
	return v;
}

/* A number from @min to @max. Return: it, or -1. */
static long parse_number(const char *s, long min, long max)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	return errno || end == s || *end || v < min || v > max ? -1 : v;
}

/* Return: 0, or an exit code. */
static int take_option(struct aip_options *o, int c, const char *arg)
{
	switch (c) {
	case OPT_AS_IS:
		o->source.as_is = true;
		return 0;
	case OPT_SNAPSHOT:
		o->source.snapshot = parse_number(arg, 0, 65535);
		return o->source.snapshot < 0 ? usage("--snapshot takes a number", arg) : 0;
	case OPT_STORE:
		o->source.store = arg;
		return 0;
	case OPT_STORE_SIZE:
		o->source.store_size = arg;
		return 0;
	case OPT_TO:
		o->to = arg;
		return 0;
	case OPT_ID:
		o->id = arg;
		return 0;
	case OPT_COMPARE:
		o->compare = true;
		return 0;
	case OPT_PARANOID:
		o->paranoid = true;
		return 0;
	case OPT_ALL:
		o->all = true;
		return 0;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return 0;
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_IDLE:
		o->idle = true;
		return 0;
	case OPT_RATE:
		o->rate = parse_size(arg);
		return o->rate ? 0 : usage("--rate takes a size like 50M", arg);
	case OPT_KEEP:
		o->keep = parse_number(arg, 1, 9999) > 0 ? parse_number(arg, 1, 9999) : 0;
		return o->keep ? 0 : usage("--keep takes a number from 1 on", arg);
	case OPT_JSON:
		aip_ui_json = true;
		return 0;
	case 'q':
		aip_ui_quiet = true;
		return 0;
	}
	return usage("see the message above", NULL);
}

static void on_signal(int sig)
{
	aip_stop = 1;
}

/* cron's PATH is /usr/bin:/bin; aipsnap and blkid lie in sbin. What the caller has comes first. */
static void complete_path(void)
{
	static const char always[] = "/usr/sbin:/sbin:/usr/bin:/bin";
	const char *own = getenv("PATH");
	_cleanup_free_ char *path = NULL;

	if (!own || !*own)
		setenv("PATH", always, 1);
	else if (asprintf(&path, "%s:%s", own, always) >= 0)
		setenv("PATH", path, 1);
	else
		path = NULL;
}

static void set_up(const struct aip_options *o)
{
	struct sigaction sa = { .sa_handler = on_signal };

	complete_path();
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	umask(077); /* a backup is nobody else's to read, qemu-img's files included */
	if (o->idle) {
		/* IOPRIO_CLASS_IDLE for this process; qemu-nbd inherits it */
		if (setpriority(PRIO_PROCESS, 0, 19) < 0 ||
		    syscall(SYS_ioprio_set, 1, 0, 3 << 13) < 0)
			aip_ui_note("warning: cannot lower the priority: %s", strerror(errno));
	}
}

int main(int argc, char **argv)
{
	struct aip_options o = { .source.snapshot = -1 };
	const struct command *cmd = NULL;
	size_t i;
	int c, r;

	while ((c = getopt_long(argc, argv, "qh", long_options, NULL)) != -1) {
		if (c == 'h') {
			help(stdout);
			return 0;
		}
		if (c == OPT_VERSION) {
			puts("aipbackup " AIP_VERSION);
			return 0;
		}
		r = take_option(&o, c, optarg);
		if (r)
			return r;
	}
	if (optind == argc)
		return usage("a command is missing", NULL);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			cmd = &commands[i];
	if (!cmd)
		return usage("no such command", argv[optind]);
	if (argc - optind - 1 != cmd->args) {
		fprintf(stderr, "aipbackup: usage: aipbackup %s %s\n", cmd->name, cmd->usage);
		return AIP_EXIT_USAGE;
	}
	set_up(&o);
	return cmd->run(&o, argv + optind + 1);
}
