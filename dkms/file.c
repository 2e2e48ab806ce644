// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c: see file.h.
 */
#include <linux/crc32c.h>
#include <linux/fiemap.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat/compat.h"
#include "file.h"
#include "own.h"

#define BATCH	    64
#define MAX_EXTENTS 65536
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* ---- mapping ------------------------------------------------------------- */

static int pin(struct aip_file *f)
{
	struct inode *inode = file_inode(f->file);
	int rc = 0;

	inode_lock(inode);
	if (IS_SWAPFILE(inode)) {
		rc = -EBUSY;
	} else {
		inode->i_flags |= S_SWAPFILE;
		f->pinned = true;
	}
	inode_unlock(inode);
	return rc;
}

static void unpin(struct aip_file *f)
{
	struct inode *inode = file_inode(f->file);

	if (!f->pinned)
		return;
	inode_lock(inode);
	inode->i_flags &= ~S_SWAPFILE;
	inode_unlock(inode);
	f->pinned = false;
}

/* Takes one extent; the file must have no hole before it. */
static int add_extent(struct aip_file *f, const struct fiemap_extent *e, unsigned int flags,
		      u32 *why)
{
	u32 bad = FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED |
		  FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_NOT_ALIGNED |
		  FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_SHARED;
	struct aip_extent *x;

	if (!(flags & AIP_FILE_UNWRITTEN))
		bad |= FIEMAP_EXTENT_UNWRITTEN;
	if ((e->fe_flags & bad) ||
	    (e->fe_logical | e->fe_physical | e->fe_length) & (SECTOR_SIZE - 1) ||
	    e->fe_logical >> SECTOR_SHIFT != f->sectors || !e->fe_length ||
	    (e->fe_physical + e->fe_length) >> SECTOR_SHIFT > aip_bdev_sectors(f->bdev)) {
		*why = AIPSNAP_WHY_TABLE_EXTENT;
		return -EINVAL;
	}
	x = &f->extents[f->nr_extents];
	x->file = f->sectors;
	x->device = e->fe_physical >> SECTOR_SHIFT;
	x->nr = e->fe_length >> SECTOR_SHIFT;
	f->sectors += x->nr;
	/* neighbours become one: the same file gives the same list in any slices */
	if (f->nr_extents && x[-1].device + x[-1].nr == x->device)
		x[-1].nr += x->nr;
	else
		f->nr_extents++;
	return 0;
}

/* One FIEMAP call from f->sectors on; returns 1 after the last extent. */
static int map_slice(struct aip_file *f, const struct aipsnap_file *u, unsigned int flags, u32 *why)
{
	struct inode *inode = file_inode(f->file);
	struct fiemap_extent __user *list = u64_to_user_ptr(u->scratch);
	struct fiemap_extent_info info = {
		.fi_flags = FIEMAP_FLAG_SYNC,
		.fi_extents_max = min_t(u32, u->nr_scratch, MAX_EXTENTS),
		.fi_extents_start = list,
	};
	u64 start = f->sectors << SECTOR_SHIFT;
	struct aip_extent *more;
	u32 i;
	int rc;

	rc = inode->i_op->fiemap(inode, &info, start, i_size_read(inode) - start);
	if (rc)
		return rc;
	if (!info.fi_extents_mapped || f->nr_extents + info.fi_extents_mapped > MAX_EXTENTS) {
		*why = AIPSNAP_WHY_TABLE_EXTENT;
		return -EINVAL;
	}
	more = kvmalloc_array(f->nr_extents + info.fi_extents_mapped, sizeof(*more), GFP_KERNEL);
	if (!more)
		return -ENOMEM;
	if (f->extents)
		memcpy(more, f->extents, f->nr_extents * sizeof(*more));
	kvfree(f->extents);
	f->extents = more;
	for (i = 0; i < info.fi_extents_mapped; i++) {
		struct fiemap_extent e;

		if (copy_from_user(&e, &list[i], sizeof(e)))
			return -EFAULT;
		rc = add_extent(f, &e, flags, why);
		if (rc)
			return rc;
		if (f->sectors << SECTOR_SHIFT >= i_size_read(inode))
			return 1;
	}
	return 0;
}

static int check_fs(struct aip_file *f, u32 *why)
{
	struct inode *inode = file_inode(f->file);
	struct super_block *sb = inode->i_sb;

	if (!S_ISREG(inode->i_mode) || !sb->s_bdev || !inode->i_op->fiemap ||
	    (sb->s_magic != EXT4_SUPER_MAGIC && sb->s_magic != XFS_SUPER_MAGIC)) {
		*why = AIPSNAP_WHY_TABLE_FS;
		return -EINVAL;
	}
	if (!i_size_read(inode) || i_size_read(inode) % AIPSNAP_TABLE_BLOCK) {
		*why = AIPSNAP_WHY_TABLE_SIZE;
		return -EINVAL;
	}
	f->bdev = sb->s_bdev;
	return 0;
}

int aip_file_open(struct aip_file *f, const struct aipsnap_file *u, unsigned int flags, u32 *why)
{
	int rc;

	memset(f, 0, sizeof(*f));
	if (!u->nr_scratch)
		return -EINVAL;
	f->file = fget(u->fd);
	if (!f->file)
		return -EBADF;
	rc = check_fs(f, why);
	if (rc)
		goto err;
	rc = pin(f);
	if (rc)
		goto err;
	do
		rc = map_slice(f, u, flags, why);
	while (!rc);
	if (rc < 0)
		goto err;
	/* the last extent may reach beyond the end of the file */
	f->sectors = i_size_read(file_inode(f->file)) >> SECTOR_SHIFT;
	return 0;

err:
	aip_file_close(f);
	return rc;
}

void aip_file_close(struct aip_file *f)
{
	if (!f->file)
		return;
	unpin(f);
	fput(f->file);
	kvfree(f->extents);
	memset(f, 0, sizeof(*f));
}

u32 aip_file_extents_crc(const struct aip_file *f)
{
	u32 crc = ~0, i;

	for (i = 0; i < f->nr_extents; i++) {
		__le64 e[3] = {
			cpu_to_le64(f->extents[i].file),
			cpu_to_le64(f->extents[i].device),
			cpu_to_le64(f->extents[i].nr),
		};

		crc = crc32c(crc, e, sizeof(e));
	}
	return crc;
}

bool aip_file_map(const struct aip_file *f, u64 sector, u64 *device, u64 *nr)
{
	u32 lo = 0, hi = f->nr_extents;

	if (sector >= f->sectors)
		return false;
	while (hi - lo > 1) {
		u32 mid = (lo + hi) / 2;

		if (f->extents[mid].file <= sector)
			lo = mid;
		else
			hi = mid;
	}
	*device = f->extents[lo].device + (sector - f->extents[lo].file);
	*nr = min(f->extents[lo].nr - (sector - f->extents[lo].file), f->sectors - sector);
	return true;
}

/* ---- blocks -------------------------------------------------------------- */

void aip_io_begin(struct aip_io *io, struct aip_file *file)
{
	memset(io, 0, sizeof(*io));
	io->file = file;
	atomic_set(&io->pending, 1);
	init_completion(&io->done);
	INIT_LIST_HEAD(&io->pages);
}

static void io_put(struct aip_io *io)
{
	if (atomic_dec_and_test(&io->pending))
		complete(&io->done);
}

static void io_endio(struct bio *bio)
{
	struct aip_io *io = bio->bi_private;

	if (bio->bi_status)
		WRITE_ONCE(io->error, blk_status_to_errno(bio->bi_status));
	bio_put(bio);
	io_put(io);
}

static void submit(struct aip_io *io, blk_opf_t opf, u64 block, struct page *page)
{
	u32 done = 0;

	while (done < AIP_BLOCK_SECTORS) {
		u64 device, nr;
		struct bio *bio;

		if (!aip_file_map(io->file, block * AIP_BLOCK_SECTORS + done, &device, &nr)) {
			io->error = -ERANGE;
			break;
		}
		nr = min_t(u64, nr, AIP_BLOCK_SECTORS - done);
		bio = aip_bio_alloc(io->file->bdev, 1, opf, GFP_NOIO);
		bio->bi_iter.bi_sector = device;
		bio->bi_private = io;
		bio->bi_end_io = io_endio;
		__bio_add_page(bio, page, nr << SECTOR_SHIFT, done << SECTOR_SHIFT);
		atomic_inc(&io->pending);
		submit_bio(bio);
		done += nr;
	}
}

static int io_wait(struct aip_io *io)
{
	struct page *page, *next;

	io_put(io);
	wait_for_completion_io(&io->done);
	list_for_each_entry_safe (page, next, &io->pages, lru) {
		list_del(&page->lru);
		aip_own_page_free(page);
	}
	return io->error;
}

/* Not more than a batch under way: waits for it. */
static void throttle(struct aip_io *io)
{
	if (atomic_read(&io->pending) <= BATCH)
		return;
	io_wait(io);
	reinit_completion(&io->done);
	atomic_set(&io->pending, 1);
}

void aip_io_read(struct aip_io *io, u64 block, struct page *page)
{
	submit(io, REQ_OP_READ, block, page);
	throttle(io);
}

void aip_io_write(struct aip_io *io, u64 block, struct page *page, blk_opf_t flags)
{
	list_add_tail(&page->lru, &io->pages);
	submit(io, REQ_OP_WRITE | REQ_SYNC | flags, block, page);
	io->written += AIPSNAP_TABLE_BLOCK;
	throttle(io);
}

int aip_io_end(struct aip_io *io)
{
	return io_wait(io);
}

int aip_file_flush(struct aip_file *f)
{
	struct aip_io io;
	struct bio *bio;

	aip_io_begin(&io, f);
	bio = aip_bio_alloc(f->bdev, 0, REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC, GFP_NOIO);
	bio->bi_private = &io;
	bio->bi_end_io = io_endio;
	atomic_inc(&io.pending);
	submit_bio(bio);
	return io_wait(&io);
}
