/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks.h: programs of /etc/aip/freeze.d that quiesce applications around a switch.
 */
#ifndef AIPSNAP_HOOKS_H
#define AIPSNAP_HOOKS_H

#include <stddef.h>

#include "common/err.h"

#define HOOKS_FOLDER  "/etc/aip/freeze.d"
#define HOOKS_SECONDS 30
#define HOOKS_MAX     64

struct hooks {
	char *path[HOOKS_MAX]; /* in the order of their names */
	size_t n;
	size_t frozen; /* the first so many got "freeze" */
};

/**
 * hooks_freeze - call each executable of @folder with "freeze", in the order of their names
 *
 * Names with a dot or a tilde are left out (what package managers and editors leave behind).
 * Each has HOOKS_SECONDS.  One that fails ends it; those called before get "thaw".
 *
 * Return: 0 (also when there is no folder), or -errno.  Always call hooks_thaw() after a success.
 */
int hooks_freeze(const char *folder, struct hooks *h, struct aip_err *err);

/** hooks_thaw - call those that were frozen with "thaw", in reverse order; free @h. Return: 0, or -EIO when one failed. */
int hooks_thaw(struct hooks *h, struct aip_err *err);

#endif
