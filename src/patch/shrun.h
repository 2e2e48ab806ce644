/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shrun.h: inner interface of the walk: shwalk.c follows the constructs,
 * shrun.c single commands and functions, shbuiltin.c the shell's own commands.
 */
#ifndef AIP_SHRUN_H
#define AIP_SHRUN_H

#include "patch/shwalk.h"

#define SH_MAX_STEPS  60000 /* commands looked at, functions counted at every call */
#define SH_MAX_CALLS  24    /* functions inside functions */
#define SH_MAX_EVENTS 20000

/* How a command leaves: the later in this list, the further it jumps. */
enum sh_flow { SH_NEXT, SH_BREAK, SH_RETURN, SH_EXIT };

/* What is known of its exit status. */
enum sh_status { SH_MAYBE, SH_TRUE, SH_FALSE };

struct sh_end {
	enum sh_flow flow;
	enum sh_status status;
};

struct sh_func {
	const char *name;
	bool certain; /* defined for sure when it is called here */
	size_t n;
	const struct sh_node *bodies[8]; /* whichever of them it may be */
	struct sh_func *next;
};

struct sh_walk {
	struct sh_script *script;
	const char *text;
	size_t len;
	struct sh_vars vars;
	struct sh_func *funcs;
	struct sh_frame frame;
	struct sh_fields in_call[SH_MAX_CALLS];
	size_t calls;
	size_t unit;
	unsigned int conditional, background, subshell, loops, depth;
	unsigned int mounts; /* in what is fed by the table of what is mounted */
	unsigned int picky;  /* ... for some by name only */
	bool no_aliases;     /* a bash that does not look at them */
	bool no_functions;   /* the next command is not looked up among the functions */
	bool saw_break;	     /* a way out of the loop that is being read */
	bool crypt_later;    /* inside init_crypto 1: devices with random keys, after the checks */
	bool crypt_now;	     /* inside init_crypto 0 */
	bool again;	     /* a text that was not known before sets variables */
	size_t steps;
	struct sh_events *events;
	size_t allocated;
};

/** sh_walk_node, sh_walk_list - one construct; a list of them. */
struct sh_end sh_walk_node(struct sh_walk *w, const struct sh_node *n);
struct sh_end sh_walk_list(struct sh_walk *w, const struct sh_node *list);
/** sh_walk_text - the commands of a string (eval, sh -c, trap). */
struct sh_end sh_walk_text(struct sh_walk *w, const char *text, const struct sh_node *at,
			   bool same_shell);

/** sh_run - one simple command with all that its words may become. */
struct sh_end sh_run(struct sh_walk *w, const struct sh_node *n);
/** sh_run_fields - one command whose words have become these fields; @n: where it stands. */
struct sh_end sh_run_fields(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f);
/** sh_run_builtin - Return: whether it was one of the shell's own commands; then @end is set. */
bool sh_run_builtin(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f,
		    struct sh_end *end);
/** sh_defined - Return: the function of that name as far as it is defined here, or NULL. */
struct sh_func *sh_defined(struct sh_walk *w, const char *name);
/** sh_emit - note an event at a command. */
void sh_emit(struct sh_walk *w, enum sh_effect effect, const struct sh_node *at,
	     const struct sh_fields *f, const char *why);
/** sh_define - a definition has been passed. */
void sh_define(struct sh_walk *w, const struct sh_node *func);

/** sh_mentions_mounts - does it read the table of what is mounted? */
bool sh_mentions_mounts(struct sh_walk *w, const struct sh_node *n, unsigned int depth);
/** sh_words_mention_mounts - the same for words and redirections. */
bool sh_words_mention_mounts(struct sh_walk *w, const struct sh_word *words, unsigned int depth);
bool sh_redirs_mention_mounts(struct sh_walk *w, const struct sh_redir *r, unsigned int depth);

/* What a condition chooses among what is mounted */
enum sh_pick {
	SH_PICK_NO,    /* nothing, or what lies on disks */
	SH_PICK_THESE, /* some by name */
	SH_PICK_OTHERS /* all but some by name */
};

/** sh_picks - a condition; sh_picks_pattern - the patterns of a case: only some by name? */
enum sh_pick sh_picks(struct sh_walk *w, const struct sh_node *cond);
bool sh_picks_pattern(struct sh_walk *w, const struct sh_word *patterns);

/** sh_from_table - is the last operand of the command something that the script has read? */
bool sh_from_table(struct sh_walk *w, const struct sh_node *n, const struct sh_fields *f);

/** sh_test - does a test with these operands hold for sure? */
enum sh_status sh_test(const char *const *v, size_t n);

#endif
