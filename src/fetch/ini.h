/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ini.h: a glance at one value of a .repo file.  The values proper are read by
 * librepo; this is for what has to be known without it, and for yes and no, of
 * which librepo knows fewer spellings than dnf.
 */
#ifndef AIP_FETCH_INI_H
#define AIP_FETCH_INI_H

#include <stddef.h>

/**
 * ini_value - the value of a key in the first section of a name
 * @key: compared without regard to case; the last line with it counts; NULL: only look for the section
 * @out: set to a copy, the caller frees; NULL when the section has no such key
 * Return: 0; -ENOENT when there is no such section; -ENOMEM.
 */
int ini_value(const char *text, size_t len, const char *section, const char *key, char **out);

/** ini_bool - Return: 1 for 1, yes, true, on; 0 for 0, no, false, off; else @def. */
int ini_bool(const char *value, int def);

#endif
