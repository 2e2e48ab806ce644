// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c: see store.h.  All under the control lock, but for alloc and map.
 */
#include <linux/file.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "device.h"
#include "snapshot.h"
#include "store.h"

struct aip_medium {
	struct list_head list;
	struct list_head stores;
	unsigned int users;
	struct aip_file file; /* or … */
	struct aip_bdev dev;
	struct block_device *bdev;
	u64 sectors;
};

static LIST_HEAD(media);

/* ---- own blocks ---------------------------------------------------------- */

/* Calls fn for each run of sectors that a medium (or the table) has on a tracked device. */
static void for_each_own(const struct aip_tracker *t, struct block_device *bdev,
			 const struct aip_file *file,
			 void (*fn)(const struct aip_tracker *t, u64 first, u64 nr, void *data),
			 void *data)
{
	u64 base, first, end;
	u32 i;

	if (bdev->bd_disk != t->disk)
		return;
	base = aip_bdev_start(bdev);
	for (i = 0; i < (file ? file->nr_extents : 1); i++) {
		first = base + (file ? file->extents[i].device : 0);
		end = first + (file ? file->extents[i].nr : aip_bdev_sectors(bdev));
		first = max_t(u64, first, t->start);
		end = min_t(u64, end, t->start + t->sectors);
		if (first < end)
			fn(t, first - t->start, end - first, data);
	}
}

static void mark_range(const struct aip_tracker *t, u64 first, u64 nr, void *data)
{
	aip_map_mark(&t->open->map, first >> t->shift, (first + nr - 1) >> t->shift);
}

static void mark_everywhere(struct block_device *bdev, const struct aip_file *file)
{
	int i;

	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		if (aip_devices[i] && aip_devices[i]->tracker)
			for_each_own(aip_devices[i]->tracker, bdev, file, mark_range, NULL);
}

void aip_own_mark_table(void)
{
	mark_everywhere(aip_table->file.bdev, &aip_table->file);
}

struct gather {
	struct aip_range *ranges; /* NULL: only count */
	u32 nr;
};

static void gather(const struct aip_tracker *t, u64 first, u64 nr, void *data)
{
	struct gather *g = data;

	if (g->ranges)
		g->ranges[g->nr] = (struct aip_range){ first, nr };
	g->nr++;
}

static void gather_all(const struct aip_tracker *t, struct gather *g)
{
	struct aip_medium *m;

	if (aip_table)
		for_each_own(t, aip_table->file.bdev, &aip_table->file, gather, g);
	list_for_each_entry (m, &media, list)
		for_each_own(t, m->bdev, m->file.file ? &m->file : NULL, gather, g);
}

static int by_first(const void *a, const void *b)
{
	const struct aip_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

int aip_own_ranges(const struct aip_tracker *t, struct aip_range **ranges, u32 *nr)
{
	struct gather g = {};

	gather_all(t, &g);
	*ranges = NULL;
	*nr = g.nr;
	if (!g.nr)
		return 0;
	g.ranges = kvmalloc_array(g.nr, sizeof(*g.ranges), GFP_KERNEL);
	if (!g.ranges)
		return -ENOMEM;
	g.nr = 0;
	gather_all(t, &g);
	sort(g.ranges, g.nr, sizeof(*g.ranges), by_first, NULL);
	*ranges = g.ranges;
	return 0;
}

/* ---- media --------------------------------------------------------------- */

static struct aip_medium *find_medium(struct aipsnap_member *u)
{
	struct aip_medium *m, *found = NULL;
	struct file *f = NULL;

	if (u->store == AIPSNAP_STORE_FILE)
		f = fget(u->file.fd);
	list_for_each_entry (m, &media, list) {
		if (f && m->file.file && file_inode(m->file.file) == file_inode(f))
			found = m;
		if (u->store == AIPSNAP_STORE_DEVICE && !m->file.file &&
		    m->bdev->bd_dev == MKDEV(u->major, u->minor))
			found = m;
	}
	if (f)
		fput(f);
	return found;
}

static void medium_put(struct aip_medium *m)
{
	if (--m->users)
		return;
	/* what was ours, and read as zeroes, is theirs again */
	mark_everywhere(m->bdev, m->file.file ? &m->file : NULL);
	list_del(&m->list);
	aip_file_close(&m->file);
	aip_bdev_close(&m->dev);
	kfree(m);
}

/* An older snapshot's image must not see these blocks change. */
static bool on_older_origin(struct aip_medium *m)
{
	int i;

	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++) {
		struct aip_tracker *t = aip_devices[i] ? aip_devices[i]->tracker : NULL;
		struct gather g = {};

		if (!t || !aip_snapshot_is_copying(t))
			continue;
		for_each_own(t, m->bdev, m->file.file ? &m->file : NULL, gather, &g);
		if (g.nr)
			return true;
	}
	return false;
}

static struct aip_medium *medium_get(struct aipsnap_member *u)
{
	struct aip_medium *m = find_medium(u);
	int rc;

	if (m) {
		m->users++;
		return m;
	}
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	if (u->store == AIPSNAP_STORE_FILE) {
		rc = aip_file_open(&m->file, &u->file, AIP_FILE_UNWRITTEN, &u->why);
		m->bdev = m->file.bdev;
		m->sectors = m->file.sectors;
	} else {
		rc = aip_bdev_open(&m->dev, MKDEV(u->major, u->minor), true, &media);
		m->bdev = m->dev.bdev;
		m->sectors = rc ? 0 : aip_bdev_sectors(m->bdev);
	}
	if (rc) {
		kfree(m);
		return ERR_PTR(rc);
	}
	m->users = 1;
	INIT_LIST_HEAD(&m->stores);
	list_add_tail(&m->list, &media);
	if (on_older_origin(m)) {
		u->why = AIPSNAP_WHY_OWN;
		medium_put(m);
		return ERR_PTR(-EBUSY);
	}
	mark_everywhere(m->bdev, m->file.file ? &m->file : NULL);
	return m;
}

/* ---- stores -------------------------------------------------------------- */

/* Snapshots share a medium, never the room on it. */
static bool room_taken(const struct aip_medium *m, u64 first, u64 sectors)
{
	const struct aip_store *other;

	list_for_each_entry (other, &m->stores, list) {
		if (first < other->first + other->room * other->chunk_sectors &&
		    other->first < first + sectors)
			return true;
	}
	return false;
}

int aip_store_open(struct aip_store *store, struct aipsnap_member *u, u32 chunk_shift)
{
	u64 first = u->store_first >> SECTOR_SHIFT, sectors = u->store_bytes >> SECTOR_SHIFT;
	struct aip_medium *m;

	if (u->store != AIPSNAP_STORE_FILE && u->store != AIPSNAP_STORE_DEVICE)
		return -EINVAL;
	if ((u->store_first | u->store_bytes) & (AIPSNAP_TABLE_BLOCK - 1))
		return -EINVAL;
	m = medium_get(u);
	if (IS_ERR(m))
		return PTR_ERR(m);
	if (first >= m->sectors) {
		medium_put(m);
		return -EINVAL;
	}
	if (!sectors || sectors > m->sectors - first)
		sectors = m->sectors - first;
	if (room_taken(m, first, sectors)) {
		u->why = AIPSNAP_WHY_OWN;
		medium_put(m);
		return -EBUSY;
	}
	store->medium = m;
	store->first = first;
	store->chunk_sectors = 1U << (chunk_shift - SECTOR_SHIFT);
	store->room = sectors >> (chunk_shift - SECTOR_SHIFT);
	store->used = 0;
	list_add_tail(&store->list, &m->stores);
	if (!store->room) {
		aip_store_close(store);
		return -ENOSPC;
	}
	return 0;
}

void aip_store_close(struct aip_store *store)
{
	if (!store->medium)
		return;
	list_del(&store->list);
	medium_put(store->medium);
	store->medium = NULL;
}

bool aip_store_is_on(const struct aip_store *store, struct aip_tracker *t)
{
	const struct aip_medium *m = store->medium;
	struct gather g = {};

	if (m)
		for_each_own(t, m->bdev, m->file.file ? &m->file : NULL, gather, &g);
	return g.nr;
}

bool aip_store_alloc(struct aip_store *store, u64 *place)
{
	if (store->used == store->room)
		return false;
	*place = store->used++;
	return true;
}

struct block_device *aip_store_map(struct aip_store *store, u64 place, u32 offset, u64 *sector,
				   u64 *nr)
{
	struct aip_medium *m = store->medium;
	u64 at = store->first + place * store->chunk_sectors + offset;

	if (m->file.file) {
		if (!aip_file_map(&m->file, at, sector, nr))
			return NULL;
	} else {
		*sector = at;
		*nr = m->sectors - at;
	}
	*nr = min_t(u64, *nr, store->chunk_sectors - offset);
	return m->bdev;
}
