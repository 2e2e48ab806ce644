// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c: see table.h.
 */
#include <linux/crc32c.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "compat/compat.h"
#include "own.h"
#include "table.h"

struct aip_table *aip_table;

/* between two tries to write what could not be written */
#define AGAIN_FIRST HZ
#define AGAIN_LAST  (16 * HZ)

/* ---- blocks -------------------------------------------------------------- */

u32 aip_table_alloc(struct aip_table *table)
{
	u32 n;

	n = find_next_zero_bit(table->used, table->blocks, table->hint);
	if (n >= table->blocks)
		n = find_next_zero_bit(table->used, table->blocks, AIP_DATA_BLOCK);
	if (n >= table->blocks)
		return 0;
	__set_bit(n, table->used);
	table->free--;
	table->hint = n + 1;
	return n;
}

bool aip_table_claim(struct aip_table *table, u32 block)
{
	if (block < AIP_DATA_BLOCK || block >= table->blocks ||
	    __test_and_set_bit(block, table->used))
		return false;
	table->free--;
	return true;
}

void aip_table_release(struct aip_table *table, u32 block)
{
	if (block < AIP_DATA_BLOCK || block >= table->blocks ||
	    !__test_and_clear_bit(block, table->used))
		return;
	table->free++;
}

/* ---- headers ------------------------------------------------------------- */

static u32 header_crc(const struct aip_disk_header *h)
{
	const u8 *p = (const u8 *)h;
	size_t at = offsetof(struct aip_disk_header, crc);
	static const __le32 zero;
	u32 crc;

	crc = crc32c(~0, p, at);
	crc = crc32c(crc, &zero, sizeof(zero));
	return crc32c(crc, p + at + sizeof(zero), sizeof(*h) - at - sizeof(zero));
}

static u32 slot_crc(const struct aip_disk_slot *s)
{
	/* 0 stands for an empty slot */
	return crc32c(~0, s, sizeof(*s)) ?: 1;
}

static void sum_slot(struct aip_table *table, u32 n)
{
	struct aip_disk_slot *s = table->slots[n];

	table->header.slot_crc[n] = cpu_to_le32(le32_to_cpu(s->state) ? slot_crc(s) : 0);
}

static int write_block(struct aip_io *io, u32 block, const void *data)
{
	struct page *page = aip_own_page(GFP_NOIO | __GFP_NOFAIL);

	memcpy(page_address(page), data, AIPSNAP_TABLE_BLOCK);
	aip_io_write(io, block, page, REQ_FUA | REQ_PREFLUSH);
	return 0;
}

/* An update of slot `n` writes all that are in use where table->mend is set. */
static bool is_written(const struct aip_table *table, u32 i, u32 n)
{
	return i == n || (table->mend && table->header.slot_crc[i]);
}

static int write_copy(struct aip_table *table, int copy, u32 n)
{
	u32 base = copy * AIP_COPY_BLOCKS, i;
	struct aip_io io;

	aip_io_begin(&io, &table->file);
	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		if (is_written(table, i, n))
			write_block(&io, base + 1 + i, table->slots[i]);
	write_block(&io, base, &table->header);
	table->written += io.written;
	return aip_io_end(&io);
}

/* What is not DIRTY any more, before it is written; what is, after. */
static void note_dirty(struct aip_table *table, u32 n, bool written)
{
	u32 i;

	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++) {
		if (!is_written(table, i, n))
			continue;
		if (le32_to_cpu(table->slots[i]->state) != AIP_DISK_DIRTY)
			clear_bit(i, table->dirty);
		else if (written)
			set_bit(i, table->dirty);
	}
}

int aip_table_update(struct aip_table *table, u32 n)
{
	struct aip_disk_header *h = &table->header;
	int copy, rc = 0, rc2;

	lockdep_assert_held(&table->lock);
	if (n < AIPSNAP_MAX_DEVICES)
		sum_slot(table, n);
	le64_add_cpu(&h->seq, 1);
	h->crc = cpu_to_le32(header_crc(h));
	note_dirty(table, n, false);
	for (copy = 0; copy < 2; copy++) {
		rc2 = write_copy(table, copy, n);
		rc = rc ?: rc2;
	}
	if (!rc)
		note_dirty(table, n, true);
	if (rc && !table->bad) {
		pr_err("aipsnap: the table cannot be written (error %d): changes are tracked in memory only\n",
		       rc);
		table->wait = AGAIN_FIRST;
		/* one of an earlier failure may be due much later */
		cancel_delayed_work(&table->again);
	} else if (!rc && table->bad) {
		pr_info("aipsnap: the table can be written again\n");
	}
	table->bad = rc;
	table->mend = rc;
	if (rc)
		queue_delayed_work(system_freezable_wq, &table->again, table->wait);
	return rc;
}

static void try_again(struct work_struct *work)
{
	struct aip_table *table = container_of(to_delayed_work(work), struct aip_table, again);

	mutex_lock(&table->lock);
	if (table->bad) {
		table->wait = min_t(unsigned long, 2 * table->wait, AGAIN_LAST);
		aip_table_update(table, AIPSNAP_MAX_DEVICES);
	}
	mutex_unlock(&table->lock);
}

static int read_blocks(struct aip_table *table, u32 first, u32 nr, void **data)
{
	struct aip_io io;
	u32 i;

	aip_io_begin(&io, &table->file);
	for (i = 0; i < nr; i++)
		aip_io_read(&io, first + i, virt_to_page(data[i]));
	return aip_io_end(&io);
}

/* One copy as read from disk. */
struct copy {
	struct aip_disk_header *header;
	struct aip_disk_slot *slot[AIPSNAP_MAX_DEVICES];
	bool valid;
};

static void free_copy(struct copy *c)
{
	void **data = (void **)c;
	int i;

	for (i = 0; i < AIP_COPY_BLOCKS; i++)
		free_page((unsigned long)data[i]);
	memset(c, 0, sizeof(*c));
}

static int read_copy(struct aip_table *table, int copy, struct copy *c)
{
	void **data = (void **)c; /* header, slots: AIP_COPY_BLOCKS pointers */
	int i;

	BUILD_BUG_ON(offsetof(struct copy, valid) != AIP_COPY_BLOCKS * sizeof(void *));
	for (i = 0; i < AIP_COPY_BLOCKS; i++) {
		data[i] = (void *)get_zeroed_page(GFP_KERNEL);
		if (!data[i])
			return -ENOMEM;
	}
	return read_blocks(table, copy * AIP_COPY_BLOCKS, AIP_COPY_BLOCKS, data);
}

static bool slot_valid(const struct aip_disk_slot *s, u32 n)
{
	u32 shift = le32_to_cpu(s->chunk_shift);

	return le32_to_cpu(s->slot) == n &&
	       (le32_to_cpu(s->state) == AIP_DISK_DIRTY ||
		le32_to_cpu(s->state) == AIP_DISK_CLEAN) &&
	       shift >= AIPSNAP_CHUNK_SHIFT_MIN && shift <= AIPSNAP_CHUNK_SHIFT_MAX &&
	       le32_to_cpu(s->nr_gens) <= AIPSNAP_MAX_GENERATIONS &&
	       le32_to_cpu(s->nr_aliases) <= AIP_ALIASES;
}

/* Sets c->valid, or says in *why what is wrong. */
static void check_copy(struct aip_table *table, struct copy *c, u32 *why)
{
	const struct aip_disk_header *h = c->header;
	u32 n;

	*why = AIPSNAP_WHY_TABLE_MAGIC;
	if (memcmp(h->magic, AIP_TABLE_MAGIC, sizeof(h->magic)))
		return;
	if (le32_to_cpu(h->version) != AIP_TABLE_VERSION) {
		*why = AIPSNAP_WHY_TABLE_VERSION;
		return;
	}
	if (le32_to_cpu(h->crc) != header_crc(h))
		return;
	if (le64_to_cpu(h->blocks) != table->blocks) {
		*why = AIPSNAP_WHY_TABLE_SIZE;
		return;
	}
	if (memcmp(h->fs_uuid, aip_sb_uuid(file_inode(table->file.file)->i_sb),
		   sizeof(h->fs_uuid))) {
		*why = AIPSNAP_WHY_TABLE_FOREIGN;
		return;
	}
	if (le32_to_cpu(h->nr_extents) != table->file.nr_extents ||
	    le32_to_cpu(h->extents_crc) != aip_file_extents_crc(&table->file)) {
		*why = AIPSNAP_WHY_TABLE_MOVED;
		return;
	}
	for (n = 0; n < AIPSNAP_MAX_DEVICES; n++)
		if (h->slot_crc[n] && (le32_to_cpu(h->slot_crc[n]) != slot_crc(c->slot[n]) ||
				       !slot_valid(c->slot[n], n)))
			return;
	c->valid = true;
	*why = AIPSNAP_WHY_NONE;
}

static bool copies_equal(const struct copy *a, const struct copy *b)
{
	return a->valid && b->valid && !memcmp(a->header, b->header, sizeof(*a->header));
}

/* Takes the newer valid copy over. */
static void adopt(struct aip_table *table, struct copy *c)
{
	u32 n;

	table->header = *c->header;
	for (n = 0; n < AIPSNAP_MAX_DEVICES; n++) {
		if (table->header.slot_crc[n])
			memcpy(table->slots[n], c->slot[n], sizeof(*c->slot[n]));
		else
			memset(table->slots[n], 0, sizeof(*table->slots[n]));
		if (le32_to_cpu(table->slots[n]->state) == AIP_DISK_DIRTY && table->equal)
			set_bit(n, table->dirty);
	}
}

/*
 * The copies differ: nothing that they say is believed, also of devices that do not come in
 * this boot.  The first update makes it so on disk, in both copies, so that they agree again.
 */
static void distrust(struct aip_table *table)
{
	u32 n;

	for (n = 0; n < AIPSNAP_MAX_DEVICES; n++) {
		struct aip_disk_slot *s = table->slots[n];

		if (!table->header.slot_crc[n] || le32_to_cpu(s->state) != AIP_DISK_CLEAN)
			continue;
		s->state = cpu_to_le32(AIP_DISK_DIRTY);
		s->why = cpu_to_le32(AIPSNAP_WHY_COPIES_DIFFER);
		s->nr_gens = 0;
		s->nr_aliases = 0;
		memset(s->gens, 0, sizeof(s->gens));
		memset(s->alias, 0, sizeof(s->alias));
		memset(&s->lineage, 0, sizeof(s->lineage));
		s->lineage_time = 0;
		s->fp_method = 0;
		memset(s->fp_digest, 0, sizeof(s->fp_digest));
		sum_slot(table, n);
	}
	table->mend = true;
}

static int read_table(struct aip_table *table, u32 *why)
{
	struct copy copy[2] = {};
	u32 why2;
	int rc, rc2;

	rc = read_copy(table, 0, &copy[0]);
	rc2 = read_copy(table, 1, &copy[1]);
	if (rc == -ENOMEM || rc2 == -ENOMEM) {
		rc = -ENOMEM;
		goto out;
	}
	*why = AIPSNAP_WHY_TABLE_IO;
	if (!rc)
		check_copy(table, &copy[0], why);
	why2 = *why;
	if (!rc2)
		check_copy(table, &copy[1], &why2);
	table->copies = copy[0].valid | copy[1].valid << 1;
	table->equal = copies_equal(&copy[0], &copy[1]);
	if (!table->copies) {
		/* the more telling of the two */
		if (*why == AIPSNAP_WHY_TABLE_MAGIC || *why == AIPSNAP_WHY_TABLE_IO)
			*why = why2;
		rc = *why == AIPSNAP_WHY_TABLE_IO ? -EIO : -EINVAL;
		goto out;
	}
	if (!copy[0].valid ||
	    (copy[1].valid && le64_to_cpu(copy[1].header->seq) > le64_to_cpu(copy[0].header->seq)))
		adopt(table, &copy[1]);
	else
		adopt(table, &copy[0]);
	if (!table->equal)
		distrust(table);
	*why = AIPSNAP_WHY_NONE;
	rc = 0;
out:
	free_copy(&copy[0]);
	free_copy(&copy[1]);
	return rc;
}

/* ---- a new table --------------------------------------------------------- */

/* Every block below the file system is what was written through it. */
static int check_blank(struct aip_table *table, const struct aipsnap_id *nonce, u32 *why)
{
	enum { SLICE = 32 };
	void *data[SLICE] = {};
	struct aipsnap_blank want = { .nonce = *nonce };
	u32 first, i;
	int rc = 0;

	memcpy(want.magic, AIPSNAP_BLANK_MAGIC, sizeof(want.magic));
	for (i = 0; i < SLICE; i++) {
		data[i] = (void *)get_zeroed_page(GFP_KERNEL);
		if (!data[i])
			rc = -ENOMEM;
	}
	for (first = 0; !rc && first < table->blocks; first += SLICE) {
		u32 nr = min_t(u32, SLICE, table->blocks - first);

		rc = read_blocks(table, first, nr, data);
		for (i = 0; !rc && i < nr; i++) {
			want.block = cpu_to_le64(first + i);
			if (memcmp(data[i], &want, sizeof(want)) ||
			    memchr_inv(data[i] + sizeof(want), 0,
				       AIPSNAP_TABLE_BLOCK - sizeof(want))) {
				*why = AIPSNAP_WHY_TABLE_BLANK;
				rc = -EINVAL;
			}
		}
		cond_resched();
	}
	for (i = 0; i < SLICE; i++)
		free_page((unsigned long)data[i]);
	return rc;
}

/* All slots of both copies, then the headers. */
static int format(struct aip_table *table)
{
	struct aip_disk_header *h = &table->header;
	u32 n;
	int rc;

	memset(h, 0, sizeof(*h));
	memcpy(h->magic, AIP_TABLE_MAGIC, sizeof(h->magic));
	h->version = cpu_to_le32(AIP_TABLE_VERSION);
	get_random_bytes(&h->table, sizeof(h->table));
	h->blocks = cpu_to_le64(table->blocks);
	memcpy(h->fs_uuid, aip_sb_uuid(file_inode(table->file.file)->i_sb), sizeof(h->fs_uuid));
	h->extents_crc = cpu_to_le32(aip_file_extents_crc(&table->file));
	h->nr_extents = cpu_to_le32(table->file.nr_extents);
	h->created = cpu_to_le64(ktime_get_real_seconds());
	mutex_lock(&table->lock);
	for (n = 0, rc = 0; !rc && n < AIPSNAP_MAX_DEVICES; n++) {
		struct aip_io io;

		aip_io_begin(&io, &table->file);
		write_block(&io, 1 + n, table->slots[n]);
		write_block(&io, AIP_COPY_BLOCKS + 1 + n, table->slots[n]);
		rc = aip_io_end(&io);
	}
	rc = rc ?: aip_table_update(table, AIPSNAP_MAX_DEVICES);
	mutex_unlock(&table->lock);
	table->copies = 3;
	table->equal = true;
	return rc;
}

/* ---- loading ------------------------------------------------------------- */

static void table_free(struct aip_table *table)
{
	u32 n;

	if (!table)
		return;
	cancel_delayed_work_sync(&table->again);
	aip_file_close(&table->file);
	for (n = 0; n < AIPSNAP_MAX_DEVICES; n++)
		free_page((unsigned long)table->slots[n]);
	kvfree(table->used);
	kfree(table);
}

static int table_init(struct aip_table *table, struct aipsnap_table_load *arg)
{
	u64 bytes;
	u32 n;
	int rc;

	mutex_init(&table->lock);
	INIT_DELAYED_WORK(&table->again, try_again);
	for (n = 0; n < AIPSNAP_MAX_DEVICES; n++) {
		table->slots[n] = (void *)get_zeroed_page(GFP_KERNEL);
		if (!table->slots[n])
			return -ENOMEM;
	}
	rc = aip_file_open(&table->file, &arg->file, 0, &arg->why);
	if (rc)
		return rc;
	bytes = table->file.sectors << SECTOR_SHIFT;
	if (bytes < AIPSNAP_TABLE_MIN || bytes > AIPSNAP_TABLE_MAX) {
		arg->why = AIPSNAP_WHY_TABLE_SIZE;
		return -EINVAL;
	}
	table->blocks = bytes / AIPSNAP_TABLE_BLOCK;
	table->hint = AIP_DATA_BLOCK;
	table->free = table->blocks - AIP_DATA_BLOCK;
	table->used = kvcalloc(BITS_TO_LONGS(table->blocks), sizeof(long), GFP_KERNEL);
	if (!table->used)
		return -ENOMEM;
	bitmap_set(table->used, 0, AIP_DATA_BLOCK);
	return 0;
}

int aip_table_load(struct aipsnap_table_load *arg)
{
	struct aip_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	int rc;

	if (!table)
		return -ENOMEM;
	rc = table_init(table, arg);
	if (rc)
		goto err;
	if (arg->flags & AIPSNAP_TABLE_FORMAT) {
		rc = check_blank(table, &arg->nonce, &arg->why);
		rc = rc ?: format(table);
	} else {
		rc = read_table(table, &arg->why);
	}
	if (rc)
		goto err;
	arg->table = table->header.table;
	arg->blocks = table->blocks;
	arg->copies = table->copies;
	aip_table = table;
	__module_get(THIS_MODULE);
	return 0;

err:
	table_free(table);
	return rc;
}

void aip_table_unload(void)
{
	table_free(aip_table);
	aip_table = NULL;
	module_put(THIS_MODULE);
}
