// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c: the command line of aipmng.  rpm-like: the mode is an option too.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aipmng/aipmng.h"
#include "aipmng/conf.h"
#include "aipmng/log.h"
#include "common/cleanup.h"

enum {
	OPT_MODES = 256, /* OPT_MODES + n: modes[n] */
	OPT_MODUPDATE = 512,
	OPT_PATCHES,
	OPT_RESET_SERIAL,
	OPT_ROOT,
	OPT_INDEX,
	OPT_REFRESH,
	OPT_OFFLINE,
	OPT_ADAPT,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
};

/* Modes without an argument; --modupdate, --patches and --reset-serial are picked by hand. */
static const struct mode {
	const char *name;
	int (*run)(struct ctx *ctx);
	bool json; /* has a --json form */
} modes[] = {
	{ "status", mode_status, true },   { "list", mode_list, true },
	{ "diff", mode_diff, true },	   { "revert", mode_revert, false },
	{ "history", mode_history, true }, { "reconcile", mode_reconcile, false },
	{ "erase", mode_erase, false },
};
static const struct mode mode_apply = { "patches", mode_patches, true };
static const struct mode mode_driver = { "modupdate", mode_modupdate, true };
static const struct mode mode_serial = { "reset-serial", mode_reset_serial, false };

#define N_MODES (sizeof(modes) / sizeof(modes[0]))

static const struct option long_options[] = {
	{ "status", no_argument, NULL, OPT_MODES + 0 },
	{ "list", no_argument, NULL, OPT_MODES + 1 },
	{ "diff", no_argument, NULL, OPT_MODES + 2 },
	{ "revert", no_argument, NULL, OPT_MODES + 3 },
	{ "history", no_argument, NULL, OPT_MODES + 4 },
	{ "reconcile", no_argument, NULL, OPT_MODES + 5 },
	{ "erase", no_argument, NULL, OPT_MODES + 6 },
	{ "modupdate", no_argument, NULL, OPT_MODUPDATE },
	{ "patches", no_argument, NULL, OPT_PATCHES },
	{ "reset-serial", required_argument, NULL, OPT_RESET_SERIAL },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "index", required_argument, NULL, OPT_INDEX },
	{ "refresh", no_argument, NULL, OPT_REFRESH },
	{ "offline", no_argument, NULL, OPT_OFFLINE },
	{ "adapt", no_argument, NULL, OPT_ADAPT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: aipmng MODE [OPTION]...\n"
	"Keeps the boot scripts of the package initscripts patched for changed-block tracking.\n"
	"\n"
	"Modes:\n"
	"  --modupdate --patches  fetch the index, apply the patches that fit this system\n"
	"  --patches              the same\n"
	"  --modupdate            build, install and load the driver for every installed kernel\n"
	"  --status               what is patched, by what, and what needs attention\n"
	"  --list                 the packages that the index knows\n"
	"  --diff                 what --patches would change\n"
	"  --revert               restore the scripts and leave them alone until --patches\n"
	"  --history              what was done on this system\n"
	"  --reconcile            make the scripts what they should be; for triggers, timers and\n"
	"                         boot: bounded in time, always exits 0, outcome in --status\n"
	"  --reset-serial STREAM  forget the highest serial accepted of an index stream\n"
	"  --erase                for the package's removal: restore the scripts, always exits 0\n"
	"\n"
	"Options:\n"
	"  --root DIR             work on the system below DIR\n"
	"  --index URL            take the index from URL (file, http, https) only\n"
	"  --refresh              with --reconcile: ask every source for a newer index first\n"
	"  --offline              no network: the cached index, then the shipped one\n"
	"  --adapt                let the anchor engine patch scripts that no index knows, where\n"
	"                         it can prove the place\n"
	"  --json                 for programs\n"
	"  -q, --quiet            errors only\n"
	"  -v, --verbose          say what is done\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done or nothing to do, 1 error, 2 usage, 3 no patch for this system,\n"
	"4 refused (signature, digest, expiry, rollback), 5 customised and left alone,\n"
	"6 no index reachable and none cached.\n";

static int try_help(void)
{
	fputs("Try 'aipmng --help'.\n", stderr);
	return AIP_EXIT_USAGE;
}

static __attribute__((format(printf, 1, 2))) int usage(const char *fmt, ...)
{
	va_list ap;

	fputs("aipmng: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return try_help();
}

/* Return: -1 to go on with *@mode, else the exit code. */
static int parse(int argc, char **argv, struct options *opt, const struct mode **mode)
{
	int c, n = 0;

	while ((c = getopt_long(argc, argv, "qv", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_MODES ... OPT_MODES + (int)N_MODES - 1:
			*mode = &modes[c - OPT_MODES];
			n++;
			break;
		case OPT_MODUPDATE:
			opt->modupdate = true;
			break;
		case OPT_PATCHES:
			opt->patches = true;
			break;
		case OPT_RESET_SERIAL:
			opt->reset_serial = optarg;
			*mode = &mode_serial;
			n++;
			break;
		case OPT_ROOT:
			opt->root = optarg;
			break;
		case OPT_INDEX:
			opt->index = optarg;
			break;
		case OPT_REFRESH:
			opt->refresh = true;
			break;
		case OPT_OFFLINE:
			opt->offline = true;
			break;
		case OPT_ADAPT:
			opt->adapt = true;
			break;
		case OPT_JSON:
			opt->json = true;
			break;
		case 'q':
			opt->verbose = -1;
			break;
		case 'v':
			opt->verbose = opt->verbose < 0 ? 1 : opt->verbose + 1;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return AIP_EXIT_OK;
		case OPT_VERSION:
			puts("aipmng " AIP_VERSION);
			return AIP_EXIT_OK;
		default:
			return try_help(); /* getopt has said what is wrong */
		}
	}
	if (optind < argc)
		return usage("unexpected argument %s", argv[optind]);
	if (opt->modupdate || opt->patches) {
		*mode = opt->patches ? &mode_apply : &mode_driver;
		n++;
	}
	if (n == 0)
		return usage("no mode given");
	if (n > 1)
		return usage("more than one mode given");
	if (opt->json && !(*mode)->json)
		return usage("--%s has no --json form", (*mode)->name);
	if (opt->refresh && (*mode)->run != mode_reconcile)
		return usage("--refresh goes with --reconcile only");
	if (opt->index && !conf_is_url(opt->index))
		return usage("--index: '%s' is not a URL that begins with https://, http:// or "
			     "file:///",
			     opt->index);
	if (opt->index && opt->offline)
		return usage("--index and --offline exclude each other");
	return -1;
}

static int open_root(struct ctx *ctx, struct aip_err *err)
{
	struct stat a, b;

	ctx->root = realpath(ctx->opt.root, NULL);
	if (!ctx->root)
		return aip_err_errno(err, -errno, "cannot open the root %s", ctx->opt.root);
	ctx->rootfd = open(ctx->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ctx->rootfd < 0)
		return aip_err_errno(err, -errno, "cannot open the root %s", ctx->root);
	ctx->real_root = stat("/", &a) == 0 && fstat(ctx->rootfd, &b) == 0 &&
			 a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	return 0;
}

/*
 * A scriptlet may start us with any of 0, 1, 2 closed: files opened later must not
 * take their numbers.  Where there is no /dev/null, what cannot be written to.
 */
static void keep_std_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			fd = open("/", O_PATH | O_DIRECTORY);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int configure(struct ctx *ctx, const struct mode *mode, struct aip_err *err)
{
	size_t i;
	int r = conf_load(ctx, err);

	if (r < 0 && mode->run == mode_erase) {
		/* a package can always be removed */
		ctx->conf = conf_new();
		r = ctx->conf ? 0 : -ENOMEM;
	}
	if (r < 0)
		return r;
	for (i = 0; i < ctx->conf->n_warnings; i++)
		aip_log(ctx, LOG_WARNING, "%s", ctx->conf->warnings[i]);
	return 0;
}

static int run(struct ctx *ctx, const struct mode *mode)
{
	struct aip_err err = AIP_ERR_INIT;
	int r;

	if (open_root(ctx, &err) < 0 || configure(ctx, mode, &err) < 0)
		return ctx_fail(ctx, &err);
	r = mode->run(ctx);
	if (fflush(stdout) != 0 && errno == EPIPE)
		return r ? r : AIP_EXIT_ERROR; /* who reads has read enough */
	if (ferror(stdout) && r == AIP_EXIT_OK) {
		aip_err_errno(&err, errno ? -errno : -EIO, "cannot write the output");
		r = ctx_fail(ctx, &err);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct ctx ctx = { .opt = { .root = "/" }, .rootfd = -1 };
	const struct mode *mode = NULL;
	int r;

	keep_std_fds();
	setlocale(LC_CTYPE, "C");
	signal(SIGPIPE, SIG_IGN); /* death by a signal fails rpm transactions */
	umask(022);
	r = parse(argc, argv, &ctx.opt, &mode);
	if (r >= 0)
		return r;
	r = run(&ctx, mode);
	conf_free(ctx.conf);
	free(ctx.root);
	if (ctx.rootfd >= 0)
		close(ctx.rootfd);
	/* whoever calls these must never fail because of us */
	return mode->run == mode_reconcile || mode->run == mode_erase ? AIP_EXIT_OK : r;
}
