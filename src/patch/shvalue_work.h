/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shvalue_work.h: inner interface of the variables: shassign.c finds what is set,
 * shvalue.c what words become.
 */
#ifndef AIP_SHVALUE_WORK_H
#define AIP_SHVALUE_WORK_H

#include "patch/shvalue.h"

struct sh_value {
	const struct sh_word *word; /* NULL: unknown */
	size_t skip;		    /* the word begins with name= of this length */
	bool loop;		    /* from the list of a for loop */
	struct sh_value *next;
};

struct sh_var {
	const char *name;
	struct sh_value *values;
	bool busy;
	struct sh_var *next;
};

/** sh_var_find - Return: the variable of that name; NULL when there is none (or memory, with @create). */
struct sh_var *sh_var_find(struct sh_vars *vars, const char *name, size_t len, bool create);

/** sh_vars_collect_node - note what a node and those behind it set. */
void sh_vars_collect_node(struct sh_vars *vars, const struct sh_node *n);

#endif
