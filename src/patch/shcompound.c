// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shcompound.c: the compound commands of a shell script.
 */
#include <ctype.h>
#include <string.h>

#include "patch/shcompound.h"

static struct sh_node *if_command(struct sh_lex *l, struct sh_node *n, unsigned int line)
{
	struct sh_node *inner, *list;
	size_t k;

	n->type = SH_IF;
	n->a = sh_list_full(l, "if", line);
	sh_expect(l, "then", line);
	n->b = sh_failed(l) ? NULL : sh_list_full(l, "then", line);
	if (sh_failed(l))
		return NULL;
	if ((k = sh_keyword(l, "elif"))) {
		list = sh_node_new(l, SH_LIST);
		sh_adv(l, k);
		inner = sh_node_new(l, SH_IF);
		if (!list || !inner || !sh_enter(l) || !if_command(l, inner, line))
			return NULL;
		sh_leave(l);
		list->a = inner;
		n->c = sh_node_done(l, list);
		return sh_node_done(l, n);
	}
	if ((k = sh_keyword(l, "else"))) {
		sh_adv(l, k);
		n->c = sh_list_full(l, "else", line);
	}
	sh_expect(l, "fi", line);
	return sh_failed(l) ? NULL : sh_node_done(l, n);
}

static struct sh_node *do_done(struct sh_lex *l, unsigned int line)
{
	struct sh_node *body;

	sh_newlines(l);
	sh_expect(l, "do", line);
	if (sh_failed(l))
		return NULL;
	body = sh_list_full(l, "do", line);
	sh_expect(l, "done", line);
	return sh_failed(l) ? NULL : body;
}

static struct sh_node *while_command(struct sh_lex *l, struct sh_node *n, enum sh_node_type type)
{
	n->type = type;
	n->a = sh_list_full(l, "while", n->line);
	n->b = sh_failed(l) ? NULL : do_done(l, n->line);
	return n->b ? sh_node_done(l, n) : NULL;
}

static struct sh_node *for_arith(struct sh_lex *l, struct sh_node *n)
{
	n->type = SH_FORC;
	sh_adv(l, 2);
	if (!sh_arith_ends(l)) {
		sh_fail(l, n->line, "for (( without its end");
		return NULL;
	}
	n->words = sh_arith(l, 2);
	sh_blank(l);
	if (sh_look(l) == ';')
		sh_adv(l, 1);
	n->b = sh_failed(l) ? NULL : do_done(l, n->line);
	return n->b ? sh_node_done(l, n) : NULL;
}

static struct sh_node *for_command(struct sh_lex *l, struct sh_node *n, enum sh_node_type type)
{
	struct sh_word **tail = &n->words, *w;
	size_t k;

	n->type = type;
	sh_blank(l);
	if (type == SH_FOR && sh_op(l, "(("))
		return for_arith(l, n);
	w = sh_word(l);
	n->name = w ? sh_word_lit(l->script->arena, w) : NULL;
	if (!n->name || !(isalpha((unsigned char)*n->name) || *n->name == '_')) {
		sh_fail(l, n->line, "for without a name");
		return NULL;
	}
	sh_newlines(l);
	n->implicit = true;
	if ((k = sh_keyword(l, "in"))) {
		n->implicit = false;
		sh_adv(l, k);
		while (sh_blank(l), (w = sh_word(l))) {
			*tail = w;
			tail = &w->next;
		}
	}
	sh_blank(l);
	if (sh_look(l) == ';')
		sh_adv(l, 1);
	n->b = sh_failed(l) ? NULL : do_done(l, n->line);
	return n->b ? sh_node_done(l, n) : NULL;
}

static struct sh_case *case_item(struct sh_lex *l)
{
	struct sh_case *item = sh_arena_alloc(l->script->arena, sizeof(*item));
	struct sh_word **tail, *w;

	if (!item)
		return NULL;
	tail = &item->patterns;
	if (sh_look(l) == '(')
		sh_adv(l, 1);
	for (;;) {
		sh_blank(l);
		w = sh_word(l);
		if (!w) {
			sh_fail(l, l->line, "case pattern expected");
			return NULL;
		}
		*tail = w;
		tail = &w->next;
		sh_blank(l);
		if (sh_look(l) != '|')
			break;
		sh_adv(l, 1);
	}
	if (sh_look(l) != ')') {
		sh_fail(l, l->line, "case pattern without its parenthesis");
		return NULL;
	}
	sh_adv(l, 1);
	item->body = sh_list(l);
	return item->body ? item : NULL;
}

static struct sh_node *case_command(struct sh_lex *l, struct sh_node *n)
{
	struct sh_case **tail = &n->cases;
	unsigned int line = n->line;

	n->type = SH_CASE;
	sh_blank(l);
	n->words = sh_word(l);
	if (!n->words)
		sh_fail(l, line, "case without a word");
	sh_newlines(l);
	sh_expect(l, "in", line);
	while (!sh_failed(l)) {
		sh_newlines(l);
		if (sh_keyword(l, "esac") || l->pos >= l->n)
			break;
		*tail = case_item(l);
		if (!*tail)
			return NULL;
		if (sh_op(l, ";;&") || sh_op(l, ";&")) {
			(*tail)->falls = true;
			sh_adv(l, sh_op(l, ";;&") ? 3 : 2);
		} else if (sh_op(l, ";;")) {
			sh_adv(l, 2);
		} else {
			tail = &(*tail)->next;
			break;
		}
		tail = &(*tail)->next;
	}
	sh_expect(l, "esac", line);
	return sh_failed(l) ? NULL : sh_node_done(l, n);
}

static struct sh_node *group(struct sh_lex *l, struct sh_node *n)
{
	n->type = SH_GROUP;
	n->a = sh_list_full(l, "{", n->line);
	sh_expect(l, "}", n->line);
	return sh_failed(l) ? NULL : sh_node_done(l, n);
}

static struct sh_node *paren(struct sh_lex *l, struct sh_node *n)
{
	if (sh_op(l, "((")) {
		n->type = SH_ARITHC;
		sh_adv(l, 2);
		if (!sh_arith_ends(l)) {
			sh_fail(l, n->line, "(( that may be arithmetic or a subshell");
			return NULL;
		}
		n->words = sh_arith(l, 2);
	} else {
		n->type = SH_SUBSHELL;
		sh_adv(l, 1);
		n->a = sh_list_until_paren(l);
		if (n->a && !n->a->a)
			sh_fail(l, n->line, "parentheses without commands");
	}
	return sh_failed(l) ? NULL : sh_node_done(l, n);
}

/* An operator inside [[ ]] as a word of its own */
static struct sh_word *cond_op(struct sh_lex *l)
{
	struct sh_word *w = sh_arena_alloc(l->script->arena, sizeof(*w));
	size_t n = sh_op(l, "&&") || sh_op(l, "||") ? 2 : 1;
	int c = sh_look(l);

	if (!w || c == SH_EOF || !strchr("&|()<>", c) || (n == 1 && (c == '&' || c == '|'))) {
		sh_fail(l, l->line, "[[ without its end");
		return NULL;
	}
	w->line = l->line;
	sh_part_lit(l, &w->parts, l->s + l->pos, n, false);
	sh_adv(l, n);
	return w;
}

static struct sh_node *cond(struct sh_lex *l, struct sh_node *n)
{
	struct sh_word **tail = &n->words, *w;
	bool regex = false;
	const char *lit;
	size_t k;

	n->type = SH_COND;
	for (;;) {
		sh_newlines(l);
		if ((k = sh_keyword(l, "]]")))
			break;
		if (regex)
			w = sh_regex_word(l);
		else if (!sh_is_meta(sh_look(l)))
			w = sh_word(l);
		else
			w = cond_op(l);
		if (!w || sh_failed(l))
			return NULL;
		lit = sh_word_lit(l->script->arena, w);
		regex = lit && !strcmp(lit, "=~");
		*tail = w;
		tail = &w->next;
	}
	sh_adv(l, k);
	if (!n->words)
		sh_fail(l, n->line, "[[ without a test");
	return sh_failed(l) ? NULL : sh_node_done(l, n);
}

static struct sh_node *begin(struct sh_lex *l)
{
	static const struct {
		const char *word;
		enum sh_node_type type;
	} words[] = { { "if", SH_IF },	 { "while", SH_WHILE },	  { "until", SH_UNTIL },
		      { "for", SH_FOR }, { "select", SH_SELECT }, { "case", SH_CASE },
		      { "{", SH_GROUP }, { "[[", SH_COND },	  { "function", SH_FUNC } };
	struct sh_node *n;
	size_t i, k = 0;

	sh_blank(l);
	n = sh_node_new(l, SH_SUBSHELL);
	if (!n || sh_look(l) == '(')
		return n ? paren(l, n) : NULL;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((k = sh_keyword(l, words[i].word)))
			break;
	if (!k)
		return NULL;
	sh_adv(l, k);
	switch (words[i].type) {
	case SH_IF:
		return if_command(l, n, n->line);
	case SH_WHILE:
	case SH_UNTIL:
		return while_command(l, n, words[i].type);
	case SH_FOR:
	case SH_SELECT:
		return for_command(l, n, words[i].type);
	case SH_CASE:
		return case_command(l, n);
	case SH_GROUP:
		return group(l, n);
	case SH_COND:
		return cond(l, n);
	default:
		return sh_function(l, n);
	}
}

struct sh_node *sh_compound(struct sh_lex *l)
{
	struct sh_redir **tail;
	struct sh_node *n;

	if (!sh_enter(l))
		return NULL;
	n = begin(l);
	sh_leave(l);
	if (!n || n->type == SH_FUNC)
		return n;
	tail = &n->redirs;
	sh_redirs(l, &tail);
	if (sh_failed(l))
		return NULL;
	sh_blank(l);
	if (!sh_is_meta(sh_look(l))) {
		size_t i;
		static const char *const ok[] = { "then", "do",	  "}",	  "else", "elif",
						  "fi",	  "done", "esac", "in",	  NULL };

		for (i = 0; ok[i]; i++)
			if (sh_keyword(l, ok[i]))
				return sh_node_done(l, n);
		sh_fail(l, l->line, "text behind a compound command");
		return NULL;
	}
	return sh_node_done(l, n);
}
