// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * modupdate.c: aipmng --modupdate: a driver module for every installed kernel, by DKMS,
 * and the running one's loaded where that is safe.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aipmng/driver.h"
#include "aipmng/history.h"
#include "aipmng/log.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/spawn.h"

#define BUILD_MS  (900 * 1000) /* one kernel's module on a slow machine */
#define BRIEF_MS  (60 * 1000)
#define OUTPUT	  (256u << 10)
#define MOK_CERT  "/var/lib/dkms/mok.pub"
#define KEY_WORDS "Key was rejected by service"

static int program(const struct ctx *ctx, const char *const argv[], int timeout_ms,
		   struct aip_spawn_result *res, struct aip_err *err)
{
	static const char *const envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
					    "HOME=/root", NULL };
	struct aip_spawn s = { .argv = argv,
			       .envp = envp,
			       .root = ctx->real_root ? NULL : ctx->root,
			       .output_max = OUTPUT,
			       .timeout_ms = timeout_ms };

	return aip_spawn(&s, res, err);
}

/* The last line that says something, of stderr if there is one. */
static const char *last_line(struct aip_spawn_result *res)
{
	struct aip_buf *b = res->err.len ? &res->err : &res->out;
	char *p;

	while (b->len && (b->data[b->len - 1] == '\n' || b->data[b->len - 1] == ' '))
		b->data[--b->len] = 0;
	p = b->len ? strrchr(b->data, '\n') : NULL;
	return p ? p + 1 : b->len ? b->data : "it said nothing";
}

static int dkms(const struct ctx *ctx, const struct driver *d, const char *verb, const char *kernel,
		struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *argv[] = { "dkms", verb,	  "-m", DRIVER_DKMS, "-v", d->version,
			       "-q",   "--force", "-k", kernel,	     NULL };
	int r;

	if (!kernel)
		argv[7] = NULL; /* dkms add knows neither */
	r = program(ctx, argv, BUILD_MS, &res, err);
	if (r < 0)
		return r;
	if (res.status == 0)
		return 0;
	aip_err_set(err, -EIO, "dkms %s%s%s failed with status %d: %s", verb,
		    kernel ? " for kernel " : "", kernel ? kernel : "", res.status,
		    last_line(&res));
	return aip_err_hint(err, "see /var/lib/dkms/%s/%s/build/make.log", DRIVER_DKMS, d->version);
}

/* Have a module for every kernel that one can be built for. Return: how many builds failed. */
static int build_all(const struct ctx *ctx, struct driver *d)
{
	struct aip_err err = AIP_ERR_INIT;
	size_t i;
	int failed = 0;

	for (i = 0; i < d->n_kernels; i++) {
		struct driver_kernel *k = &d->kernels[i];

		if (k->state != KERNEL_NO_MODULE && k->state != KERNEL_OUTDATED)
			continue;
		if (ctx->opt.verbose >= 0 && !ctx->opt.json)
			printf("Building the driver for kernel %s\n", k->version);
		fflush(stdout);
		if (dkms(ctx, d, "install", k->version, &err) < 0) {
			ctx_fail(ctx, &err);
			failed++;
		} else {
			history_note(ctx, "driver-installed", k->version);
		}
	}
	return failed;
}

void driver_advise_key(const struct ctx *ctx, struct driver *d)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *const argv[] = { "mokutil", "--test-key", MOK_CERT, NULL };

	if (!d->secure_boot)
		return;
	if (program(ctx, argv, BRIEF_MS, &res, NULL) < 0)
		driver_advise(d, "Secure Boot is on, and without the program mokutil nobody can "
				 "tell whether the key that signs the driver is enrolled");
	else if (!memmem(res.out.data ? res.out.data : "", res.out.len, "already enrolled", 16))
		driver_advise(d,
			      "Secure Boot is on and the key that signs the driver is not "
			      "enrolled: mokutil --import %s, then reboot and confirm it",
			      MOK_CERT);
}

static bool switched_off(void)
{
	char line[4096] = " ";
	_cleanup_fclose_ FILE *f = fopen("/proc/cmdline", "re");

	if (!f || !fgets(line + 1, sizeof(line) - 1, f))
		return false;
	line[strcspn(line, "\n")] = ' ';
	return strstr(line, " aip=off ") != NULL;
}

/* The loaded module is of another build than the installed one. */
static bool older_loaded(const struct ctx *ctx, const struct driver *d)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *const argv[] = { "modinfo", "-F", "srcversion", DRIVER_MODULE, NULL };

	if (!d->loaded_src[0] || program(ctx, argv, BRIEF_MS, &res, NULL) < 0 || res.status != 0 ||
	    !res.out.len)
		return false;
	res.out.data[strcspn(res.out.data, "\n")] = 0;
	return strcmp(res.out.data, d->loaded_src) != 0;
}

/* Loading is safe: the module does nothing until a device is enabled.  Unloading is not. */
static int load(const struct ctx *ctx, struct driver *d)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *const argv[] = { "modprobe", DRIVER_MODULE, NULL };
	struct aip_err err = AIP_ERR_INIT;
	size_t i;

	for (i = 0; i < d->n_kernels && !d->kernels[i].running; i++)
		;
	if (!ctx->real_root)
		return 0;
	if (i == d->n_kernels)
		return driver_advise(d, "the running kernel is not one of those in /lib/modules: "
					"no driver can be built for it");
	if (d->kernels[i].state != KERNEL_INSTALLED)
		return 0; /* the advice is there already */
	if (d->loaded)
		return older_loaded(ctx, d)
			       ? driver_advise(d, "an older driver is loaded and goes on tracking; "
						  "the next boot loads the new one")
			       : 0;
	if (switched_off())
		return driver_advise(d, "aip=off is on the kernel command line: not loaded");
	if (d->other[0])
		return 0; /* the advice is there already */
	if (program(ctx, argv, BRIEF_MS, &res, &err) < 0)
		return driver_advise(d, "%s", err.msg);
	d->loaded = res.status == 0;
	if (d->loaded)
		return 0;
	if (memmem(res.err.data ? res.err.data : "", res.err.len, KEY_WORDS, strlen(KEY_WORDS)))
		return driver_advise(d, "the kernel refuses the driver's signature: mokutil "
					"--import " MOK_CERT ", then reboot and confirm the key");
	return driver_advise(d, "the driver cannot be loaded: %s", last_line(&res));
}

static int prepare(const struct ctx *ctx, struct driver *d, struct aip_err *err)
{
	if (driver_look(ctx, d) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot look at the driver");
	if (!d->version) {
		aip_err_set(err, -ENOENT, "no aip driver is installed");
		return aip_err_hint(err, "install the package aip-dkms");
	}
	if (!d->dkms) {
		aip_err_set(err, -ENOENT, "the program dkms is not there");
		return aip_err_hint(err, "install the package dkms");
	}
	return d->added ? 0 : dkms(ctx, d, "add", NULL, err);
}

static void tell(const struct ctx *ctx, const struct driver *d)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	struct aip_jsonw j;

	if (!ctx->opt.json) {
		if (ctx->opt.verbose >= 0)
			driver_text(d, stdout);
		return;
	}
	aip_jsonw_init(&j, &text, true);
	aip_jsonw_object(&j, NULL);
	driver_json(d, "driver", &j);
	aip_jsonw_end(&j);
	if (aip_buf_status(&text) == 0)
		fwrite(text.data, 1, text.len, stdout);
}

int mode_modupdate(struct ctx *ctx)
{
	_cleanup_(driver_free) struct driver d = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	bool missing = false;
	size_t i;
	int failed;

	if (prepare(ctx, &d, &err) < 0)
		return ctx_fail(ctx, &err);
	failed = build_all(ctx, &d);
	driver_free(&d);
	if (driver_look(ctx, &d) < 0) {
		aip_err_errno(&err, -ENOMEM, "cannot look at the driver");
		return ctx_fail(ctx, &err);
	}
	driver_advise_key(ctx, &d);
	load(ctx, &d);
	for (i = 0; i < d.n_kernels; i++)
		missing |= d.kernels[i].running && d.kernels[i].state != KERNEL_INSTALLED;
	tell(ctx, &d);
	for (i = 0; i < d.n_advice; i++)
		aip_log(&(struct ctx){ .rootfd = ctx->rootfd,
				       .real_root = ctx->real_root,
				       .opt.verbose = -1 },
			LOG_WARNING, "driver: %s", d.advice[i]);
	return failed || missing || (ctx->real_root && !d.loaded) ? AIP_EXIT_ERROR : AIP_EXIT_OK;
}
