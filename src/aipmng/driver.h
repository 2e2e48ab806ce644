/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver.h: where the driver stands: its source with DKMS, a module for each
 * installed kernel, the loaded one, and what keeps it from being loaded.
 */
#ifndef AIP_DRIVER_H
#define AIP_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "aipmng/aipmng.h"
#include "common/jsonw.h"

#define DRIVER_MODULE "aipsnap"
#define DRIVER_DKMS   "aip" /* the name that DKMS knows it by */

enum driver_kernel_state {
	KERNEL_INSTALLED,  /* DKMS has built and installed the module of this version */
	KERNEL_OUTDATED,   /* there is a module, but of another version */
	KERNEL_NO_MODULE,  /* none, and nothing speaks against building it */
	KERNEL_NO_HEADERS, /* none, and no headers to build it with */
};

struct driver_kernel {
	char *version; /* as in /lib/modules */
	bool running;
	enum driver_kernel_state state;
};

struct driver {
	bool dkms;     /* the program is there */
	char *version; /* newest source, /usr/src/aip-VERSION; NULL: no aip driver is installed */
	bool added;    /* DKMS knows it */
	struct driver_kernel *kernels; /* sorted by version */
	size_t n_kernels;
	bool loaded;	     /* running system only, like all below */
	char loaded_src[64]; /* srcversion of the loaded module, "" unknown */
	bool secure_boot;    /* the firmware demands signed modules */
	char other[64]; /* another vendor's module is loaded that hooks the same place, "" none */
	char **advice;	/* what somebody should do */
	size_t n_advice;
};

/** driver_look - read it all from the file system, running no program. Return: 0 or -ENOMEM. */
int driver_look(const struct ctx *ctx, struct driver *out);
void driver_free(struct driver *d);

/** driver_advise - add an advice. Return: 0 or -ENOMEM. */
int driver_advise(struct driver *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** driver_advise_key - with Secure Boot on: an advice unless DKMS's key is enrolled (runs mokutil). */
void driver_advise_key(const struct ctx *ctx, struct driver *d);

/** driver_json - as member @name of the object that is being written; driver_text - for people. */
void driver_json(const struct driver *d, const char *name, struct aip_jsonw *w);
void driver_text(const struct driver *d, FILE *out);

/** driver_kernel_state_name - Return: "installed", "outdated", "no module", "no headers". */
const char *driver_kernel_state_name(enum driver_kernel_state s);

#endif
