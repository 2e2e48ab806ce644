// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shtree.c: the arena that trees live in.
 */
#include <stdlib.h>
#include <string.h>

#include "patch/shtree.h"

#define CHUNK_SIZE  (32 * 1024)
#define ARENA_LIMIT (64u * 1024 * 1024) /* a script of the largest accepted size needs less */

struct sh_arena_chunk {
	struct sh_arena_chunk *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

void *sh_arena_alloc(struct sh_arena *a, size_t size)
{
	struct sh_arena_chunk *c = a->chunks;
	size_t want;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (!c || c->size - a->used < size) {
		want = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		if (a->total + want > ARENA_LIMIT || size > ARENA_LIMIT ||
		    !(c = calloc(1, sizeof(*c) + want))) {
			a->full = a->total + want > ARENA_LIMIT || size > ARENA_LIMIT;
			a->failed = true;
			return NULL;
		}
		c->size = want;
		c->next = a->chunks;
		a->chunks = c;
		a->total += want;
		a->used = 0;
	}
	p = c->data + a->used;
	a->used += size;
	return p;
}

char *sh_arena_strn(struct sh_arena *a, const char *s, size_t len)
{
	char *p = sh_arena_alloc(a, len + 1);

	if (p && len)
		memcpy(p, s, len);
	return p;
}

void sh_arena_free(struct sh_arena *a)
{
	struct sh_arena_chunk *c = a->chunks, *next;

	for (; c; c = next) {
		next = c->next;
		free(c);
	}
	memset(a, 0, sizeof(*a));
}

const char *sh_word_lit(struct sh_arena *a, const struct sh_word *w)
{
	const struct sh_part *p;
	size_t len = 0;
	char *s, *d;

	if (w->is_array)
		return NULL;
	for (p = w->parts; p; p = p->next) {
		if (p->type != SH_LIT)
			return NULL;
		len += strlen(p->text);
	}
	if (w->parts && !w->parts->next)
		return w->parts->text;
	s = d = sh_arena_alloc(a, len + 1);
	for (p = w->parts; s && p; p = p->next)
		d = stpcpy(d, p->text);
	return s;
}
