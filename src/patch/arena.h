/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena.h: many small allocations that end together.
 */
#ifndef AIP_ARENA_H
#define AIP_ARENA_H

#include <stddef.h>

struct aip_arena {
	struct aip_arena_chunk *chunk;
};

#define AIP_ARENA_INIT                                                                             \
	{                                                                                          \
		NULL                                                                               \
	}

/** aip_arena_alloc - Return: @size zeroed bytes aligned for pointers, NULL when memory is out. */
void *aip_arena_alloc(struct aip_arena *a, size_t size);

/** aip_arena_str - Return: a copy of @s, NULL when memory is out. */
char *aip_arena_str(struct aip_arena *a, const char *s);

/** aip_arena_free - end all of them. */
void aip_arena_free(struct aip_arena *a);

#endif
