/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AIP_STRLIST_H
#define AIP_STRLIST_H

#include <stdarg.h>
#include <stddef.h>

/**
 * strlist_add - append a formatted string to a list that grows
 * @list, @n: the list (NULL and 0 at first) and its length; released with strlist_free()
 * Return: 0 or -ENOMEM (the list is as it was).
 */
int strlist_add(char ***list, size_t *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** strlist_free - release a list; it is empty afterwards. */
void strlist_free(char ***list, size_t *n);

#endif
