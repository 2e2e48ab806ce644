/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udiff.h: unified diffs, applied exactly or not at all: no fuzz, no offset, no
 * guessing what was meant.  Works on memory; every byte value may occur in a line.
 */
#ifndef AIP_UDIFF_H
#define AIP_UDIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

struct aip_udiff; /* a parsed diff; keeps a copy of the text */

/* One run of inserted lines. */
struct aip_insertion {
	size_t after;	  /* old line after which they go, 0: before the first */
	const char *text; /* the lines with their newlines; belongs to the diff */
	size_t len;
	size_t lines;
};

/**
 * aip_udiff_parse - read a unified diff
 * @data: optionally one pair of "--- " and "+++ " lines, then one or more hunks in ascending order,
 *        nothing else; line counts must be exactly what the hunk headers say
 * @out: set on success, release with aip_udiff_free()
 * Return: 0, -EBADMSG (the message names the line of the diff) or -ENOMEM.
 */
int aip_udiff_parse(const void *data, size_t len, struct aip_udiff **out, struct aip_err *err);
void aip_udiff_free(struct aip_udiff *d);
void aip_udiff_freep(struct aip_udiff **d);

/**
 * aip_udiff_apply - make the new text from the old one
 * @out: the new text is appended; nothing is on failure
 * Return: 0, -ESTALE when a context or deleted line is not exactly there, or the text is too
 * short or a final newline differs, or -ENOMEM.
 */
int aip_udiff_apply(const struct aip_udiff *d, const void *old, size_t len, struct aip_buf *out,
		    struct aip_err *err);

/**
 * aip_udiff_insertions - the diff as a list of insertions
 * @list: set to an array that belongs to the diff
 * @n: its length; adjacent added lines are one insertion
 * Return: 0, -EPERM when the diff deletes a line or touches a final newline.
 */
int aip_udiff_insertions(const struct aip_udiff *d, const struct aip_insertion **list, size_t *n,
			 struct aip_err *err);

/**
 * aip_udiff_make_insertion - the diff without context (as by diff -U0) that inserts whole lines
 * @after: old line after which they go, 0: before the first
 * @text: one line or more, the last one ended by a newline
 * @out: "@@ -222,0 +223,4 @@\n+…\n" is appended
 * Return: 0, -EINVAL (empty, or no newline at the end) or -ENOMEM.
 */
int aip_udiff_make_insertion(size_t after, const void *text, size_t len, struct aip_buf *out);

/**
 * aip_udiff_insert - put whole lines into a text
 * @out: the new text is appended; nothing is on failure
 * Return: 0, -ERANGE when the text has fewer than @after lines or line @after has no newline, -ENOMEM.
 */
int aip_udiff_insert(const void *old, size_t oldlen, size_t after, const void *text, size_t len,
		     struct aip_buf *out, struct aip_err *err);

#endif
