/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aipmng.h: what every part of aipmng shares: the options as given, the root that
 * it works on, and the table of modes.
 */
#ifndef AIP_AIPMNG_H
#define AIP_AIPMNG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/* Documented in aipmng(8). */
enum aip_exit {
	AIP_EXIT_OK = 0, /* done, or nothing to do */
	AIP_EXIT_ERROR = 1,
	AIP_EXIT_USAGE = 2,
	AIP_EXIT_NO_PATCH = 3,	 /* the index has nothing for this system */
	AIP_EXIT_REFUSED = 4,	 /* signature, digest, expiry, rollback */
	AIP_EXIT_CUSTOMISED = 5, /* a file was changed by somebody and is left alone */
	AIP_EXIT_NO_INDEX = 6,	 /* no index reachable and none cached */
};

/* Folders and files, as seen inside the root. */
#define AIP_STATE_DIR	"/var/lib/aip"
#define AIP_CACHE_DIR	"/var/cache/aip"
#define AIP_LOG_FILE	"/var/log/aip.log"
#define AIP_CONF_FILE	"/etc/aip/aip.conf"
#define AIP_CONF_DIR	"/etc/aip/aip.conf.d"
#define AIP_KEYS_DIR	"/etc/aip/keys.d"
#define AIP_KEY_FILE	"/etc/pki/rpm-gpg/RPM-GPG-KEY-aip"
#define AIP_REPOS_DIR	"/etc/yum.repos.d"
#define AIP_SHIPPED	"/usr/share/aip/index.json"
#define AIP_SAMPLES_DIR "/usr/share/aip/patch"

/* The command line, nothing else.  Pointers are into argv. */
struct options {
	const char *root;	  /* --root, "/" if not given */
	const char *index;	  /* --index URL, NULL: as configured */
	const char *reset_serial; /* --reset-serial STREAM */
	bool modupdate, patches;
	bool refresh; /* --reconcile asks every source */
	bool offline; /* no network, no source but cache and shipped index */
	bool adapt;   /* --adapt; the configuration may demand it too: use ctx_adapt() */
	bool json;
	int verbose; /* -1 --quiet, 0, 1.. --verbose */
};

struct conf; /* conf.h */

/* One run of the program. */
struct ctx {
	struct options opt;
	int rootfd;	   /* the root folder, O_PATH */
	char *root;	   /* the root's absolute path, "/" for the running system */
	bool real_root;	   /* it is the running system's own root */
	struct conf *conf; /* the configuration, loaded before a mode runs; never NULL then */
};

/* The modes.  Each prints for itself and returns a documented exit code. */
int mode_patches(struct ctx *ctx);
int mode_modupdate(struct ctx *ctx);
int mode_status(struct ctx *ctx);
int mode_list(struct ctx *ctx);
int mode_diff(struct ctx *ctx);
int mode_revert(struct ctx *ctx);
int mode_history(struct ctx *ctx);
int mode_reconcile(struct ctx *ctx);
int mode_reset_serial(struct ctx *ctx);
int mode_erase(struct ctx *ctx);

/**
 * ctx_dir - open a folder inside the root, links resolved inside it
 * @path: as seen inside the root (AIP_STATE_DIR, ...)
 * @create: make it (and those above it) where missing: 0, or its mode (0755, 0700)
 * Return: a descriptor (O_DIRECTORY | O_CLOEXEC, usable for *at calls and fsync), or -errno.
 */
int ctx_dir(const struct ctx *ctx, const char *path, int create, struct aip_err *err);

/**
 * ctx_path - a path inside the root as the host sees it, for programs and libraries that take names
 * Return: "ROOT/resolved", caller frees; NULL with @err set.
 */
char *ctx_path(const struct ctx *ctx, const char *path, struct aip_err *err);

/** ctx_adapt - Return: whether adapting is wanted, by option or configuration. */
bool ctx_adapt(const struct ctx *ctx);

/**
 * ctx_fail - print what went wrong and what to do next on stderr, log it
 * Return: the exit code that @err documents (AIP_EXIT_ERROR by default).
 */
int ctx_fail(const struct ctx *ctx, const struct aip_err *err);

#endif
