/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shparse.h: reads a script in the language of bash.
 *
 * Covers what boot scripts are made of: quotes, here-documents, comments, every kind
 * of expansion, functions, all compound commands, [[ ]], (( )), arrays, extended
 * patterns.  What cannot be read for certain is an error, never a guess; that
 * includes things that bash would accept (coproc, for with braces).
 */
#ifndef AIP_SHPARSE_H
#define AIP_SHPARSE_H

#include "patch/shtree.h"

struct sh_script {
	struct sh_arena *arena;
	struct sh_node *units; /* what stands on the top level, a list per line or more (SH_LIST) */
	struct sh_node *funcs; /* every function definition, in the order of the text */
	unsigned int bad_line; /* 0: read well */
	char bad[160];	       /* what could not be read */
};

/**
 * sh_parse - read a whole script
 * @arena: where the tree goes; zeroed, or in use by other trees
 * @text, @len: the script; must outlive nothing, all is copied
 * @line: number of its first line (1, or where an eval's text stands)
 * @inner: the text is a string of another script: offsets in it mean nothing to the reader
 * @script: the result
 *
 * Return: 0; -EBADMSG when it cannot be read (@script->bad, bad_line); -ENOMEM.
 */
int sh_parse(struct sh_arena *arena, const char *text, size_t len, unsigned int line, bool inner,
	     struct sh_script *script);

#endif
