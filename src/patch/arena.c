// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "patch/arena.h"

#define CHUNK 65536
#define ALIGN sizeof(void *)

struct aip_arena_chunk {
	struct aip_arena_chunk *next;
	size_t used, size;
	char bytes[];
};

void *aip_arena_alloc(struct aip_arena *a, size_t size)
{
	struct aip_arena_chunk *c = a->chunk;
	void *p;

	if (size > (size_t)-1 / 2)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK / 4 ? size : CHUNK;

		c = malloc(sizeof(*c) + room);
		if (!c)
			return NULL;
		c->used = 0;
		c->size = room;
		c->next = a->chunk;
		a->chunk = c;
	}
	p = c->bytes + c->used;
	c->used += size;
	return memset(p, 0, size);
}

char *aip_arena_str(struct aip_arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = aip_arena_alloc(a, n);

	return p ? memcpy(p, s, n) : NULL;
}

void aip_arena_free(struct aip_arena *a)
{
	while (a->chunk) {
		struct aip_arena_chunk *next = a->chunk->next;

		free(a->chunk);
		a->chunk = next;
	}
}
