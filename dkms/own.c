// SPDX-License-Identifier: GPL-2.0-only
/*
 * own.c: see own.h.
 */
#include <linux/random.h>

#include "own.h"

unsigned long aip_own_cookie;

void aip_own_init(void)
{
	do
		get_random_bytes(&aip_own_cookie, sizeof(aip_own_cookie));
	while (aip_own_cookie < PAGE_SIZE);
}

struct page *aip_own_page(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (page)
		set_page_private(page, aip_own_cookie);
	return page;
}

void aip_own_page_free(struct page *page)
{
	set_page_private(page, 0);
	__free_page(page);
}
