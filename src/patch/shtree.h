/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shtree.h: a shell script as a tree.
 *
 * Made by shparse.h, only read afterwards.  All of a tree lives in one arena and
 * goes with it.  Lines count from 1, offsets from 0.
 */
#ifndef AIP_SHTREE_H
#define AIP_SHTREE_H

#include <stdbool.h>
#include <stddef.h>

struct sh_arena_chunk;

struct sh_arena {
	struct sh_arena_chunk *chunks;
	size_t used, total; /* bytes handed out of the newest chunk; bytes of all chunks */
	bool full;	    /* ... because of the limit, which only hostile scripts reach */
	bool failed;	    /* an allocation failed or the limit was hit */
};

/**
 * sh_arena_alloc - zeroed memory that lives as long as the arena
 * Return: NULL when memory is out or the arena is over its limit (.failed is then set).
 */
void *sh_arena_alloc(struct sh_arena *a, size_t size);

/** sh_arena_strn - Return: a terminated copy of @len bytes, NULL on failure. */
char *sh_arena_strn(struct sh_arena *a, const char *s, size_t len);

/** sh_arena_free - give everything back. */
void sh_arena_free(struct sh_arena *a);

struct sh_node;
struct sh_word;

enum sh_part_type {
	SH_LIT,	    /* .text as it is */
	SH_PARAM,   /* $name, ${name...}: .text is the name */
	SH_CMDSUB,  /* $(...) or `...`: .list */
	SH_ARITH,   /* $((...)): what is expanded inside is in .arg */
	SH_PROCSUB, /* <(...), >(...): .list */
};

struct sh_part {
	enum sh_part_type type;
	bool quoted; /* inside quotes or escaped: neither split nor matched against files */
	char op;     /* SH_PARAM: 0 plain, '-' '=' '+' '?' default operators, '*' anything else */
	const char *text;
	struct sh_word *arg; /* SH_PARAM: the operator's word, SH_ARITH: the expression */
	struct sh_node *list;
	struct sh_part *next;
};

struct sh_word {
	struct sh_part *parts;
	struct sh_word *array; /* name=(...): the elements */
	bool is_array;
	unsigned int line;
	size_t start, end; /* offsets in the source; both 0 inside backquotes */
	struct sh_word *next;
};

struct sh_redir {
	const char *op;	      /* "<", ">", ">>", "<<", "<<<", "<&", ">&", "<>", ">|", "&>", "&>>" */
	struct sh_word *word; /* where to; "<<": the delimiter */
	struct sh_word *body; /* "<<": the text, with what is expanded in it */
	struct sh_redir *next;
};

enum sh_node_type {
	SH_SIMPLE,   /* .assigns, .words, .redirs */
	SH_PIPELINE, /* .a: commands, chained; .negated */
	SH_ANDOR,    /* .a .op .b, op '&' (&&) or '|' (||) */
	SH_LIST,     /* .a: chained, each with .sep */
	SH_SUBSHELL, /* ( .a ) */
	SH_GROUP,    /* { .a } */
	SH_IF,	     /* if .a then .b else .c (elif: .c is a list with another SH_IF) */
	SH_WHILE,    /* while .a do .b */
	SH_UNTIL,
	SH_FOR,	   /* for .name in .words do .b; .implicit: no "in" */
	SH_FORC,   /* for (( .words )) do .b */
	SH_SELECT, /* as SH_FOR */
	SH_CASE,   /* case .words in .cases */
	SH_FUNC,   /* .name() .a */
	SH_COND,   /* [[ .words ]] */
	SH_ARITHC, /* (( .words )) */
};

struct sh_case {
	struct sh_word *patterns;
	struct sh_node *body;
	bool falls; /* ends in ;& or ;;& */
	struct sh_case *next;
};

struct sh_node {
	enum sh_node_type type;
	unsigned int line, last; /* first and last line, here-documents included */
	size_t start, end;
	char sep; /* in a list: ';', '&' or '\n' */
	char op;
	bool negated, implicit;
	const char *name;
	struct sh_word *assigns, *words;
	struct sh_redir *redirs;
	struct sh_node *a, *b, *c;
	struct sh_case *cases;
	struct sh_node *next;
	struct sh_node *next_func; /* SH_FUNC: all of the script */
};

/** sh_word_lit - Return: the word's text if it is literal throughout (quoted or not) and not split
 * into parts by anything else, NULL otherwise; "" for an empty quoted word. */
const char *sh_word_lit(struct sh_arena *a, const struct sh_word *w);

#endif
