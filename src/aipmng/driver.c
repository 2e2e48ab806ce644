// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "aipmng/driver.h"
#include "aipmng/strlist.h"
#include "common/cleanup.h"
#include "common/fs.h"
#include "common/root.h"

#define MODULES_DIR "/lib/modules"
#define SOURCES_DIR "/usr/src"
#define DKMS_TREE   "/var/lib/dkms/" DRIVER_DKMS
#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* Modules that are known to take the same place in the block layer. */
static const char *const others[] = { "dattobd",      "elastio_snap", "veeamsnap",
				      "veeamblksnap", "blksnap",      "bdevfilter",
				      "snapapi26",    "snapapi",      "hcpdriver" };

int driver_advise(struct driver *d, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return strlist_add(&d->advice, &d->n_advice, "%s", text);
}

const char *driver_kernel_state_name(enum driver_kernel_state s)
{
	static const char *const names[] = { "installed", "outdated", "no module", "no headers" };

	return names[s];
}

void driver_free(struct driver *d)
{
	size_t i;

	for (i = 0; i < d->n_kernels; i++)
		free(d->kernels[i].version);
	free(d->kernels);
	free(d->version);
	strlist_free(&d->advice, &d->n_advice);
	memset(d, 0, sizeof(*d));
}

static bool exists(const struct ctx *ctx, const char *fmt, ...)
{
	_cleanup_free_ char *rel = NULL;
	char path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return aip_root_resolve(ctx->rootfd, path, 1, &rel, NULL) == 0 &&
	       faccessat(ctx->rootfd, rel, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Call @fn for each name in a folder of the root; a folder that is not there has none. */
static int each(const struct ctx *ctx, const char *path,
		int (*fn)(const struct ctx *, void *, const char *), void *arg)
{
	int fd = ctx_dir(ctx, path, 0, NULL), r = 0;
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (r >= 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			r = fn(ctx, arg, e->d_name);
	return r < 0 ? r : 0;
}

static int take_source(const struct ctx *ctx, void *arg, const char *name)
{
	struct driver *d = arg;
	const char *version = name + strlen(DRIVER_DKMS "-");

	if (strncmp(name, DRIVER_DKMS "-", strlen(DRIVER_DKMS "-")) != 0 ||
	    !exists(ctx, SOURCES_DIR "/%s/dkms.conf", name) ||
	    (d->version && strverscmp(version, d->version) < 0))
		return 0;
	free(d->version);
	d->version = strdup(version);
	return d->version ? 0 : -ENOMEM;
}

/* A kernel, not just the headers of one. */
static bool is_kernel(const struct ctx *ctx, const char *version)
{
	return exists(ctx, MODULES_DIR "/%s/modules.builtin", version) ||
	       exists(ctx, MODULES_DIR "/%s/kernel", version) ||
	       exists(ctx, "/boot/vmlinuz-%s", version);
}

static bool has_module(const struct ctx *ctx, const char *dir)
{
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (exists(ctx, "%s/" DRIVER_MODULE ".ko%s", dir, suffixes[i]))
			return true;
	return false;
}

static bool in_kernel(const struct ctx *ctx, const char *version)
{
	static const char *const places[] = { "updates/dkms", "updates", "extra", "extra/dkms",
					      "weak-updates" };
	char dir[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(dir, sizeof(dir), MODULES_DIR "/%s/%s", version, places[i]);
		if (has_module(ctx, dir))
			return true;
	}
	return false;
}

struct arch_walk {
	const char *base;
	bool found;
};

static int take_arch(const struct ctx *ctx, void *arg, const char *name)
{
	struct arch_walk *w = arg;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/%s/module", w->base, name);
	w->found |= has_module(ctx, dir);
	return 0;
}

/* Has DKMS built the current version for this kernel? */
static bool built(const struct ctx *ctx, const struct driver *d, const char *version)
{
	char base[PATH_MAX];
	struct arch_walk w = { base, false };

	if (!d->version)
		return false;
	snprintf(base, sizeof(base), DKMS_TREE "/%s/%s", d->version, version);
	each(ctx, base, take_arch, &w);
	return w.found;
}

static enum driver_kernel_state state_of(const struct ctx *ctx, const struct driver *d,
					 const char *version)
{
	bool there = in_kernel(ctx, version);

	if (there && built(ctx, d, version))
		return KERNEL_INSTALLED;
	if (!exists(ctx, MODULES_DIR "/%s/build/Makefile", version))
		return there ? KERNEL_OUTDATED : KERNEL_NO_HEADERS;
	return there ? KERNEL_OUTDATED : KERNEL_NO_MODULE;
}

static int take_kernel(const struct ctx *ctx, void *arg, const char *name)
{
	struct driver *d = arg;
	struct driver_kernel *v;
	struct utsname uts;

	if (!is_kernel(ctx, name))
		return 0;
	v = realloc(d->kernels, (d->n_kernels + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	d->kernels = v;
	v += d->n_kernels;
	v->version = strdup(name);
	if (!v->version)
		return -ENOMEM;
	v->running = ctx->real_root && uname(&uts) == 0 && strcmp(uts.release, name) == 0;
	v->state = state_of(ctx, d, name);
	d->n_kernels++;
	return 0;
}

static int by_version(const void *a, const void *b)
{
	const struct driver_kernel *x = a, *y = b;

	return strverscmp(x->version, y->version);
}

/* One line of a file of the running kernel's. */
static bool first_line(const char *path, char *out, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f || !fgets(out, size, f))
		return false;
	out[strcspn(out, "\n")] = 0;
	return true;
}

static void look_running(struct driver *d)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char path[128];
	struct stat st;
	size_t i;

	d->loaded = stat("/sys/module/" DRIVER_MODULE, &st) == 0;
	first_line("/sys/module/" DRIVER_MODULE "/srcversion", d->loaded_src,
		   sizeof(d->loaded_src));
	d->secure_boot = aip_read_file(AT_FDCWD, SECURE_BOOT, 64, &b, NULL) == 0 && b.len == 5 &&
			 b.data[4] == 1;
	for (i = 0; i < sizeof(others) / sizeof(others[0]) && !d->other[0]; i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", others[i]);
		if (stat(path, &st) == 0)
			snprintf(d->other, sizeof(d->other), "%s", others[i]);
	}
}

static int advise(struct driver *d, bool real_root)
{
	size_t i;
	int r = 0;

	if (!d->dkms)
		r = driver_advise(d, "the program dkms is not there: install the package dkms");
	for (i = 0; r == 0 && i < d->n_kernels; i++) {
		const struct driver_kernel *k = &d->kernels[i];

		if (k->state == KERNEL_NO_HEADERS)
			r = driver_advise(d,
					  "kernel %s has no headers: install kernel-devel-%s "
					  "(Debian: linux-headers-%s), then run aipmng --modupdate",
					  k->version, k->version, k->version);
		else if (k->state != KERNEL_INSTALLED)
			r = driver_advise(d, "kernel %s has %s: run aipmng --modupdate", k->version,
					  k->state == KERNEL_OUTDATED ? "an older driver"
								      : "no driver");
	}
	if (r == 0 && real_root && d->other[0])
		r = driver_advise(d,
				  "the module %s is loaded: it hooks the same place of the block "
				  "layer; only one of the two can track changes",
				  d->other);
	return r;
}

int driver_look(const struct ctx *ctx, struct driver *out)
{
	int r;

	memset(out, 0, sizeof(*out));
	out->dkms = exists(ctx, "/usr/sbin/dkms") || exists(ctx, "/usr/bin/dkms");
	r = each(ctx, SOURCES_DIR, take_source, out);
	if (r == 0 && out->version) {
		out->added = exists(ctx, DKMS_TREE "/%s/source", out->version);
		r = each(ctx, MODULES_DIR, take_kernel, out);
	}
	if (out->n_kernels > 1)
		qsort(out->kernels, out->n_kernels, sizeof(*out->kernels), by_version);
	if (ctx->real_root)
		look_running(out);
	if (r == 0 && out->version)
		r = advise(out, ctx->real_root);
	if (r < 0)
		driver_free(out);
	return r;
}

void driver_json(const struct driver *d, const char *name, struct aip_jsonw *w)
{
	size_t i;

	aip_jsonw_object(w, name);
	aip_jsonw_str(w, "version", d->version);
	aip_jsonw_bool(w, "dkms", d->dkms);
	aip_jsonw_bool(w, "added", d->added);
	aip_jsonw_array(w, "kernels");
	for (i = 0; i < d->n_kernels; i++) {
		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "version", d->kernels[i].version);
		aip_jsonw_bool(w, "running", d->kernels[i].running);
		aip_jsonw_str(w, "state", driver_kernel_state_name(d->kernels[i].state));
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
	aip_jsonw_bool(w, "loaded", d->loaded);
	aip_jsonw_bool(w, "secure_boot", d->secure_boot);
	aip_jsonw_str(w, "other_module", d->other[0] ? d->other : NULL);
	aip_jsonw_array(w, "advice");
	for (i = 0; i < d->n_advice; i++)
		aip_jsonw_str(w, NULL, d->advice[i]);
	aip_jsonw_end(w);
	aip_jsonw_end(w);
}

void driver_text(const struct driver *d, FILE *out)
{
	size_t i;

	if (!d->version) {
		fputs("Driver: none is installed\n", out);
		return;
	}
	fprintf(out, "Driver: aip %s, %s%s\n", d->version,
		d->added ? "known to DKMS" : "not known to DKMS", d->loaded ? ", loaded" : "");
	for (i = 0; i < d->n_kernels; i++)
		fprintf(out, "  kernel %s%s: %s\n", d->kernels[i].version,
			d->kernels[i].running ? " (running)" : "",
			driver_kernel_state_name(d->kernels[i].state));
	for (i = 0; i < d->n_advice; i++)
		fprintf(out, "Attention: %s\n", d->advice[i]);
}
