/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shvalue.h: what the words of a script can expand to, as far as its text tells.
 *
 * A variable has every value that is assigned to it anywhere; what comes from
 * outside (read, command output, other files) is unknown.  Unknown text is a byte
 * inside the resulting strings, so that "/dev/$x" keeps what is known of it.
 */
#ifndef AIP_SHVALUE_H
#define AIP_SHVALUE_H

#include "patch/shparse.h"

#define SH_UNKNOWN	 '\1' /* some text, within one field */
#define SH_UNKNOWN_SPLIT '\2' /* some text, which may be any number of fields */
#define SH_MAX_ALTS	 24   /* more possible values than this are unknown */

struct sh_fields {
	size_t n;
	const char **v;
};

/* What a command line can be: one of these. */
struct sh_alts {
	size_t n;
	struct sh_fields v[SH_MAX_ALTS];
};

/* The arguments of the function that is looked into. */
struct sh_frame {
	struct sh_fields args;
	size_t shifted;
	bool known;
	unsigned int depth; /* how conditional the call itself was */
};

struct sh_var;
struct sh_binding;

/* A text (of eval, sh -c, trap) whose assignments are known */
struct sh_text {
	const char *text;
	struct sh_text *next;
};

struct sh_vars {
	struct sh_arena *arena;
	struct sh_binding *bound; /* variables of the loops that are being read */
	struct sh_var *buckets[64];
	struct sh_text *texts;
	size_t n_values;
	unsigned int depth;
	bool wild; /* what is set may have a name that only the run shows: nothing is known for sure */
};

/** sh_vars_collect - note what a script assigns to variables, anywhere in it. */
void sh_vars_collect(struct sh_vars *vars, const struct sh_script *script);

/**
 * sh_vars_collect_text - the same for a text that is found to be run
 * Return: whether it sets something new, so that what was resolved before may have more values.
 */
bool sh_vars_collect_text(struct sh_vars *vars, const char *text, const struct sh_script *script);

/**
 * sh_resolve - what a chain of words can expand to
 * @frame: positional parameters; NULL: unknown
 * @out: at least one alternative
 */
void sh_resolve(struct sh_vars *vars, const struct sh_frame *frame, const struct sh_word *words,
		struct sh_alts *out);

/** sh_prints_settings - is the word $(...) of one of the few commands that print assignments? */
bool sh_prints_settings(struct sh_arena *arena, const struct sh_word *w);

/** sh_var_set - is @name ever set in the script? */
bool sh_var_set(struct sh_vars *vars, const char *name);

/** sh_var_words - call @fn for every word assigned to @name. */
void sh_var_words(struct sh_vars *vars, const char *name,
		  void (*fn)(void *ctx, const struct sh_word *w), void *ctx);

/**
 * sh_bind - inside this for loop its variable has the values of its list only
 *
 * Return: true if so (undo with sh_unbind()); false where the variable is also set otherwise.
 */
bool sh_bind(struct sh_vars *vars, const struct sh_node *loop);
void sh_unbind(struct sh_vars *vars);

/** sh_is_unknown - does the string contain unknown text? */
bool sh_is_unknown(const char *s);

#endif
