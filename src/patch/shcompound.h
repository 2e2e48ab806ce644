/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shcompound.h: inner interface between shparse.c (lists, simple commands) and
 * shcompound.c (if, loops, case, groups, tests).
 */
#ifndef AIP_SHCOMPOUND_H
#define AIP_SHCOMPOUND_H

#include "patch/shlex.h"

/** sh_node_new - a node that begins at the position; sh_node_done - and ends at it. */
struct sh_node *sh_node_new(struct sh_lex *l, enum sh_node_type type);
struct sh_node *sh_node_done(struct sh_lex *l, struct sh_node *n);

/** sh_op - does @op stand at the position? */
bool sh_op(struct sh_lex *l, const char *op);
/** sh_newlines - step over blanks, comments and newlines. */
void sh_newlines(struct sh_lex *l);
/** sh_keyword - Return: the length of @word if it stands here as a word of its own, else 0. */
size_t sh_keyword(struct sh_lex *l, const char *word);
/** sh_expect - take the keyword that ends what began on @line, or fail. */
void sh_expect(struct sh_lex *l, const char *word, unsigned int line);
/** sh_redirs - take redirections. Return: whether there were any. */
bool sh_redirs(struct sh_lex *l, struct sh_redir ***tail);

/** sh_list - commands up to something that cannot begin one; may be empty. */
struct sh_node *sh_list(struct sh_lex *l);
/** sh_list_full - like sh_list(), but there must be a command. */
struct sh_node *sh_list_full(struct sh_lex *l, const char *what, unsigned int line);
/** sh_function - the rest of "function name". */
struct sh_node *sh_function(struct sh_lex *l, struct sh_node *n);

/** sh_compound - Return: a compound command with its redirections; NULL: none here, or failed. */
struct sh_node *sh_compound(struct sh_lex *l);

#endif
