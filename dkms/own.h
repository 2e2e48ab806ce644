/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * own.h: pages that carry the driver's own writes (table, difference storage).
 *
 * They are known by a random cookie in page->private.  Stacked drivers that
 * clone bios pass the pages on, so that an own write is known on every level;
 * where the data is copied or encrypted on the way it is not.
 */
#ifndef AIP_OWN_H
#define AIP_OWN_H

#include <linux/bio.h>
#include <linux/mm.h>

extern unsigned long aip_own_cookie;

void aip_own_init(void);
/** A page of our own, not zeroed; NULL. */
struct page *aip_own_page(gfp_t gfp);
/**
 * Frees it, the cookie taken off: who gets the page next must not be taken for us, and a
 * tail of a larger page keeps what was there.  No I/O on it is under way.
 */
void aip_own_page_free(struct page *page);

/** True for a write of our own. */
static inline bool aip_own_bio(struct bio *bio)
{
	return bio_has_data(bio) && bio->bi_io_vec && page_private(bio_page(bio)) == aip_own_cookie;
}

#endif /* AIP_OWN_H */
