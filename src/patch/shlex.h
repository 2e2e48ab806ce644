/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shlex.h: the reading position and the words of a shell script.
 *
 * Inner interface between shparse.c (grammar) and shlex.c, shexpand.c (characters).
 * After a failure the position stands at the end of the text, so that every loop ends.
 */
#ifndef AIP_SHLEX_H
#define AIP_SHLEX_H

#include "patch/shparse.h"
#include "patch/shtree.h"

#define SH_EOF	 (-1)
#define SH_DEPTH 120 /* nesting of constructs that is read */

struct sh_heredoc {
	struct sh_redir *redir;
	const char *delim;
	bool quoted, strip;
	unsigned int line;
	struct sh_heredoc *next;
};

struct sh_lex {
	struct sh_script *script;
	const char *s; /* the text */
	size_t n, pos;
	unsigned int line;
	unsigned int depth;
	bool inner;		    /* inside backquotes: offsets mean nothing */
	struct sh_heredoc *pending; /* begun on this line, bodies to come */
	bool held;		    /* an outer line has pending here-documents */
};

/** sh_fail - the script cannot be read for certain; the first failure is kept. */
void sh_fail(struct sh_lex *l, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool sh_failed(const struct sh_lex *l);

/** sh_raw - Return: the character @ahead of the position, SH_EOF behind the end. */
int sh_raw(const struct sh_lex *l, size_t ahead);
/** sh_look - the next character; steps over backslash-newline first. */
int sh_look(struct sh_lex *l);
/** sh_adv - step over @count characters, counting lines. */
void sh_adv(struct sh_lex *l, size_t count);
/** sh_blank - step over blanks, continuations and a comment. */
void sh_blank(struct sh_lex *l);
/** sh_newline - take a newline and the here-documents that it begins. */
void sh_newline(struct sh_lex *l);
/** sh_is_meta - does this character end an unquoted word? */
bool sh_is_meta(int c);

/** sh_enter, sh_leave - one level of nesting. Return: false when too deep (failed). */
bool sh_enter(struct sh_lex *l);
void sh_leave(struct sh_lex *l);

/** sh_word - read a word. Return: NULL when none starts here or on failure. */
struct sh_word *sh_word(struct sh_lex *l);
/** sh_regex_word - the word after =~ inside [[ ]]: parentheses and bars belong to it. */
struct sh_word *sh_regex_word(struct sh_lex *l);
/** sh_heredoc_begin - read the delimiter of a << and queue its body. */
void sh_heredoc_begin(struct sh_lex *l, struct sh_redir *r, bool strip);

/* Pieces of words (shexpand.c): each appends to @tail and returns the new tail. */
struct sh_part **sh_part_lit(struct sh_lex *l, struct sh_part **tail, const char *s, size_t n,
			     bool quoted);
struct sh_part **sh_dollar(struct sh_lex *l, struct sh_part **tail, bool quoted);
struct sh_part **sh_backquote(struct sh_lex *l, struct sh_part **tail, bool quoted);
struct sh_part **sh_dquote(struct sh_lex *l, struct sh_part **tail);
struct sh_part **sh_squote(struct sh_lex *l, struct sh_part **tail);
/** sh_arith - up to the closing )) (@close 2) or ] (@close ']'), which is taken too. */
struct sh_word *sh_arith(struct sh_lex *l, int close);
/** sh_arith_ends - does the (( at the position, already taken, end in ))? */
bool sh_arith_ends(const struct sh_lex *l);
/** sh_body - the text of a here-document whose expansions happen. */
struct sh_word *sh_body(struct sh_lex *l, const char *s, size_t n, unsigned int line);

/** sh_list_until_paren - the commands up to a closing parenthesis, which is taken too. */
struct sh_node *sh_list_until_paren(struct sh_lex *l);
/** sh_sub - the commands of @text, unescaped from backquotes, that began on @line. */
struct sh_node *sh_sub(struct sh_lex *l, const char *text, size_t n, unsigned int line);

#endif
