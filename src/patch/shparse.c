// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shparse.c: the grammar of a shell script, by recursive descent.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "patch/shcompound.h"
#include "patch/shlex.h"
#include "patch/shparse.h"

struct sh_node *sh_node_new(struct sh_lex *l, enum sh_node_type type)
{
	struct sh_node *n = sh_arena_alloc(l->script->arena, sizeof(*n));

	if (!n) {
		l->pos = l->n;
		return NULL;
	}
	n->type = type;
	n->line = n->last = l->line;
	n->start = l->inner ? 0 : l->pos;
	return n;
}

struct sh_node *sh_node_done(struct sh_lex *l, struct sh_node *n)
{
	n->last = l->line;
	n->end = l->inner ? 0 : l->pos;
	return n;
}

bool sh_op(struct sh_lex *l, const char *op)
{
	size_t i, n = strlen(op);

	sh_look(l);
	for (i = 0; i < n; i++)
		if (sh_raw(l, i) != op[i])
			return false;
	return true;
}

void sh_newlines(struct sh_lex *l)
{
	for (sh_blank(l); sh_look(l) == '\n'; sh_blank(l))
		sh_newline(l);
}

size_t sh_keyword(struct sh_lex *l, const char *word)
{
	size_t n = strlen(word);

	sh_blank(l);
	return sh_op(l, word) && sh_is_meta(sh_raw(l, n)) ? n : 0;
}

void sh_expect(struct sh_lex *l, const char *word, unsigned int line)
{
	size_t n = sh_keyword(l, word);

	if (n)
		sh_adv(l, n);
	else if (!sh_failed(l))
		sh_fail(l, l->pos < l->n ? l->line : line, "\"%s\" expected (for line %u)", word,
			line);
}

static size_t redir_op(const struct sh_lex *l)
{
	static const char *const ops[] = { "<<<", "<<-", "&>>", "<<", ">>", "<&", ">&",
					   "<>",  ">|",	 "&>",	"<",  ">",  NULL };
	int c = sh_raw(l, 0);
	size_t i, j;

	if ((c == '<' || c == '>') && sh_raw(l, 1) == '(')
		return 0;
	for (i = 0; ops[i]; i++) {
		for (j = 0; ops[i][j] && sh_raw(l, j) == ops[i][j];)
			j++;
		if (!ops[i][j])
			return j;
	}
	return 0;
}

/* Is there a redirection, perhaps behind a file descriptor's number or {name}? Its length. */
static size_t redir_ahead(struct sh_lex *l, size_t *fd)
{
	struct sh_lex at = *l;
	size_t n = 0;

	sh_look(l);
	while (isdigit(sh_raw(l, n)))
		n++;
	if (!n && sh_raw(l, 0) == '{') {
		while (isalnum(sh_raw(l, n + 1)) || sh_raw(l, n + 1) == '_')
			n++;
		n = n && sh_raw(l, n + 1) == '}' ? n + 2 : 0;
	}
	at.pos = l->pos + n;
	*fd = n;
	if (n && at.pos < at.n && at.s[at.pos] == '&')
		return 0;
	return redir_op(&at);
}

bool sh_redirs(struct sh_lex *l, struct sh_redir ***tail)
{
	struct sh_redir *r;
	size_t fd, n;
	bool any = false;

	while (sh_blank(l), (n = redir_ahead(l, &fd))) {
		any = true;
		r = sh_arena_alloc(l->script->arena, sizeof(*r));
		sh_adv(l, fd);
		if (!r || !(r->op = sh_arena_strn(l->script->arena, l->s + l->pos, n)))
			return false;
		sh_adv(l, n);
		if (!strcmp(r->op, "<<") || !strcmp(r->op, "<<-")) {
			sh_heredoc_begin(l, r, n == 3);
		} else {
			sh_blank(l);
			r->word = sh_word(l);
			if (!r->word)
				sh_fail(l, l->line, "redirection to nothing");
		}
		if (sh_failed(l))
			return false;
		**tail = r;
		*tail = &r->next;
	}
	return any;
}

/* name= or name+= or name[...]= at the start of a word */
static bool is_assignment(const struct sh_word *w)
{
	const struct sh_part *p = w->parts;
	const char *s;

	if (!p || p->type != SH_LIT || p->quoted ||
	    !(isalpha((unsigned char)*p->text) || *p->text == '_'))
		return false;
	for (s = p->text; isalnum((unsigned char)*s) || *s == '_';)
		s++;
	if (*s == '[') {
		s = strchr(s, ']');
		/* name[$i]=: the rest of the subscript is in another part */
		for (; !s && (p = p->next);)
			s = p->type == SH_LIT && !p->quoted ? strchr(p->text, ']') : NULL;
		if (!s)
			return false;
		s++;
	}
	return *s == '=' || (*s == '+' && s[1] == '=');
}

static void array_value(struct sh_lex *l, struct sh_word *w)
{
	struct sh_word **tail = &w->array, *e;
	unsigned int line = l->line;

	w->is_array = true;
	sh_adv(l, 1);
	for (;;) {
		sh_newlines(l);
		if (sh_look(l) == ')')
			break;
		e = sh_word(l);
		if (!e) {
			sh_fail(l, line, "array without its end");
			return;
		}
		*tail = e;
		tail = &e->next;
	}
	sh_adv(l, 1);
	w->end = l->inner ? 0 : l->pos;
}

/* does the word end in an unquoted '='?  Only then can "(" begin an array. */
static bool ends_in_equals(const struct sh_word *w)
{
	const struct sh_part *p = w->parts;

	while (p->next)
		p = p->next;
	return p->type == SH_LIT && !p->quoted && *p->text && p->text[strlen(p->text) - 1] == '=';
}

static struct sh_node *func_body(struct sh_lex *l, struct sh_node *n, const char *name)
{
	struct sh_node **tail = &l->script->funcs;

	n->type = SH_FUNC;
	n->name = name;
	sh_newlines(l);
	n->a = sh_compound(l);
	if (!n->a) {
		sh_fail(l, n->line, "function %s without a body", name);
		return NULL;
	}
	while (*tail)
		tail = &(*tail)->next_func;
	*tail = n;
	return sh_node_done(l, n);
}

/* name ( ) has been seen up to the parenthesis */
static struct sh_node *func_def(struct sh_lex *l, struct sh_node *n)
{
	const char *name = sh_word_lit(l->script->arena, n->words);
	const struct sh_part *p;

	sh_adv(l, 1);
	sh_blank(l);
	if (sh_look(l) != ')' || !name) {
		sh_fail(l, l->line, "unexpected parenthesis");
		return NULL;
	}
	for (p = n->words->parts; p; p = p->next)
		if (p->quoted)
			sh_fail(l, n->line, "function with a quoted name");
	sh_adv(l, 1);
	return sh_failed(l) ? NULL : func_body(l, n, name);
}

struct sh_node *sh_function(struct sh_lex *l, struct sh_node *n)
{
	struct sh_word *w;
	const char *name;

	sh_blank(l);
	w = sh_word(l);
	name = w ? sh_word_lit(l->script->arena, w) : NULL;
	if (!name) {
		sh_fail(l, n->line, "function without a name");
		return NULL;
	}
	sh_blank(l);
	if (sh_look(l) == '(') {
		sh_adv(l, 1);
		sh_blank(l);
		if (sh_look(l) != ')') {
			sh_fail(l, l->line, "unexpected parenthesis");
			return NULL;
		}
		sh_adv(l, 1);
	}
	return func_body(l, n, name);
}

static struct sh_node *simple(struct sh_lex *l)
{
	struct sh_node *n = sh_node_new(l, SH_SIMPLE);
	struct sh_word **assigns, **words, *w;
	struct sh_redir **redirs;

	if (!n)
		return NULL;
	assigns = &n->assigns;
	words = &n->words;
	redirs = &n->redirs;
	while (!sh_failed(l)) {
		if (sh_redirs(l, &redirs))
			continue;
		w = sh_word(l);
		if (!w)
			break;
		if (sh_look(l) == '(' && is_assignment(w) && ends_in_equals(w))
			array_value(l, w);
		if (!n->words && is_assignment(w)) {
			*assigns = w;
			assigns = &w->next;
		} else {
			*words = w;
			words = &w->next;
		}
		sh_blank(l);
		if (sh_look(l) == '(') {
			if (n->words && !n->words->next && !n->assigns && !n->redirs)
				return func_def(l, n);
			sh_fail(l, l->line, "unexpected parenthesis");
		}
	}
	if (sh_failed(l))
		return NULL;
	if (!n->assigns && !n->words && !n->redirs) {
		sh_fail(l, l->line, "a command is expected");
		return NULL;
	}
	return sh_node_done(l, n);
}

static bool reserved_end(struct sh_lex *l)
{
	static const char *const words[] = { "then", "else", "elif", "fi", "do",
					     "done", "esac", "}",    "in", NULL };
	size_t i;

	for (i = 0; words[i]; i++)
		if (sh_keyword(l, words[i]))
			return true;
	return false;
}

static struct sh_node *command(struct sh_lex *l)
{
	struct sh_node *n;

	sh_blank(l);
	if (reserved_end(l)) {
		sh_fail(l, l->line, "a command is expected");
		return NULL;
	}
	if (sh_keyword(l, "coproc")) {
		sh_fail(l, l->line, "coproc is not read");
		return NULL;
	}
	if (!sh_enter(l))
		return NULL;
	n = sh_compound(l);
	if (!n && !sh_failed(l))
		n = simple(l);
	sh_leave(l);
	return n;
}

static struct sh_node *pipeline(struct sh_lex *l)
{
	struct sh_node *n = NULL, *c, **tail;
	bool negated = false, any = false;
	size_t k;

	for (;; any = true) {
		if ((k = sh_keyword(l, "!")))
			negated = !negated;
		else if (!(k = sh_keyword(l, "time")))
			break;
		sh_adv(l, k);
		sh_blank(l);
		if (k == 4 && (k = sh_keyword(l, "-p")))
			sh_adv(l, k);
	}
	c = command(l);
	if (!c)
		return NULL;
	sh_blank(l);
	if (!any && (sh_look(l) != '|' || sh_op(l, "||")))
		return c;
	n = sh_node_new(l, SH_PIPELINE);
	if (!n)
		return NULL;
	n->line = c->line;
	n->start = c->start;
	n->negated = negated;
	n->a = c;
	tail = &c->next;
	while (sh_blank(l), sh_look(l) == '|' && !sh_op(l, "||")) {
		sh_adv(l, sh_op(l, "|&") ? 2 : 1);
		sh_newlines(l);
		c = command(l);
		if (!c)
			return NULL;
		*tail = c;
		tail = &c->next;
	}
	return sh_node_done(l, n);
}

static struct sh_node *and_or(struct sh_lex *l)
{
	struct sh_node *left = pipeline(l), *n;

	while (left && (sh_blank(l), sh_op(l, "&&") || sh_op(l, "||"))) {
		n = sh_node_new(l, SH_ANDOR);
		if (!n)
			return NULL;
		n->op = (char)sh_look(l);
		n->line = left->line;
		n->start = left->start;
		sh_adv(l, 2);
		sh_newlines(l);
		n->a = left;
		n->b = pipeline(l);
		left = n->b ? sh_node_done(l, n) : NULL;
	}
	return left;
}

/* Takes what separates two commands.  Return: ';', '&', '\n', or 0 where none stands. */
static char separator(struct sh_lex *l)
{
	int c;

	sh_blank(l);
	c = sh_look(l);
	if (c == '\n') {
		sh_newline(l);
		return '\n';
	}
	if ((c == ';' && sh_raw(l, 1) != ';' && sh_raw(l, 1) != '&') ||
	    (c == '&' && sh_raw(l, 1) != '&')) {
		sh_adv(l, 1);
		return (char)c;
	}
	return 0;
}

struct sh_node *sh_list(struct sh_lex *l)
{
	struct sh_node *n, **tail, *c;

	sh_newlines(l);
	n = sh_node_new(l, SH_LIST);
	if (!n || !sh_enter(l))
		return NULL;
	tail = &n->a;
	for (;;) {
		sh_newlines(l);
		if (l->pos >= l->n || reserved_end(l) || sh_look(l) == ')' || sh_look(l) == ';')
			break;
		c = and_or(l);
		if (!c)
			return NULL;
		*tail = c;
		tail = &c->next;
		c->sep = separator(l);
		if (!c->sep)
			break;
	}
	sh_leave(l);
	return sh_failed(l) ? NULL : sh_node_done(l, n);
}

struct sh_node *sh_list_full(struct sh_lex *l, const char *what, unsigned int line)
{
	struct sh_node *n = sh_list(l);

	if (n && !n->a) {
		sh_fail(l, line, "%s without commands", what);
		return NULL;
	}
	return n;
}

struct sh_node *sh_list_until_paren(struct sh_lex *l)
{
	struct sh_heredoc *pending = l->pending;
	unsigned int line = l->line;
	bool held = l->held;
	struct sh_node *n;

	l->held = held || pending;
	l->pending = NULL;
	if (!sh_enter(l))
		return NULL;
	n = sh_list(l);
	sh_leave(l);
	if (sh_failed(l))
		return NULL;
	sh_blank(l);
	if (sh_look(l) != ')' || l->pending) {
		sh_fail(l, line,
			l->pending ? "here-document that leaves its parentheses"
				   : "parenthesis without its end");
		return NULL;
	}
	sh_adv(l, 1);
	l->pending = pending;
	l->held = held;
	return n;
}

struct sh_node *sh_sub(struct sh_lex *l, const char *text, size_t n, unsigned int line)
{
	struct sh_lex in = { .script = l->script,
			     .s = text,
			     .n = n,
			     .line = line,
			     .depth = l->depth + 1,
			     .inner = true };
	struct sh_node *list = NULL;

	if (in.depth > SH_DEPTH)
		sh_fail(&in, line, "nested too deeply");
	else
		list = sh_list(&in);
	if (list && (in.pos < in.n || in.pending))
		sh_fail(&in, in.line, "text that is not understood inside backquotes");
	if (sh_failed(l)) {
		l->pos = l->n;
		return NULL;
	}
	return list;
}

/* One complete command of the top level: up to the newline that ends it. */
static struct sh_node *unit(struct sh_lex *l)
{
	struct sh_node *n = sh_node_new(l, SH_LIST), **tail, *c;

	if (!n)
		return NULL;
	tail = &n->a;
	do {
		c = and_or(l);
		if (!c)
			return NULL;
		*tail = c;
		tail = &c->next;
		sh_node_done(l, n);
		c->sep = separator(l);
		if (!c->sep && l->pos < l->n) {
			sh_fail(l, l->line, "text that is not understood");
			return NULL;
		}
		sh_blank(l);
	} while (c->sep && c->sep != '\n' && l->pos < l->n && sh_look(l) != '\n');
	if (c->sep && c->sep != '\n') {
		/* "cmd ; # comment" and "cmd &": the newline is still there */
		if (sh_look(l) == '\n')
			sh_newline(l);
	}
	/* the position is behind the newline, and behind any here-document */
	n->last = l->pos && l->s[l->pos - 1] == '\n' ? l->line - 1 : l->line;
	return n;
}

int sh_parse(struct sh_arena *arena, const char *text, size_t len, unsigned int line, bool inner,
	     struct sh_script *script)
{
	struct sh_lex l = { .script = script, .s = text, .n = len, .line = line, .inner = inner };
	struct sh_node **tail = &script->units;
	size_t i;

	memset(script, 0, sizeof(*script));
	script->arena = arena;
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < 3) {
			sh_fail(&l, line, "control character %d at offset %zu", text[i], i);
			return -EBADMSG;
		}
	for (;;) {
		sh_newlines(&l);
		if (l.pos >= l.n)
			break;
		*tail = unit(&l);
		if (!*tail || sh_failed(&l))
			break;
		tail = &(*tail)->next;
	}
	if (arena->failed)
		return -ENOMEM;
	if (!script->bad_line && l.pending)
		sh_fail(&l, l.pending->line, "here-document without its end \"%s\"",
			l.pending->delim);
	return script->bad_line ? -EBADMSG : 0;
}
