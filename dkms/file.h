/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h: a preallocated file that is read and written below its file system.
 *
 * The file is mapped to sectors of its file system's block device when it is
 * opened, and pinned like a swap file, so that the mapping stays true.  I/O
 * works while the file system is read-only.
 */
#ifndef AIP_FILE_H
#define AIP_FILE_H

#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/fs.h>

#include "compat/compat.h"
#include "uapi/aipsnap.h"

#define AIP_BLOCK_SECTORS (AIPSNAP_TABLE_BLOCK >> SECTOR_SHIFT)

/** Sectors that follow one another in the file and on the device. */
struct aip_extent {
	u64 file;
	u64 device;
	u64 nr;
};

struct aip_file {
	struct file *file;
	struct block_device *bdev;
	struct aip_extent *extents;
	u32 nr_extents;
	u64 sectors;
	bool pinned;
};

/** Unwritten extents are fine (for storage, not for a table). */
#define AIP_FILE_UNWRITTEN 1

/** Opens, maps and pins; -EINVAL with `why`; -EBUSY: in use as swap, table or storage. */
int aip_file_open(struct aip_file *f, const struct aipsnap_file *u, unsigned int flags, u32 *why);
void aip_file_close(struct aip_file *f);
/** A checksum of where the extents lie. */
u32 aip_file_extents_crc(const struct aip_file *f);
/** Where sector `sector` of the file lies, and how many follow it there; false: beyond the end. */
bool aip_file_map(const struct aip_file *f, u64 sector, u64 *device, u64 *nr);

/** A batch of I/O on 4096-byte blocks. */
struct aip_io {
	struct aip_file *file;
	atomic_t pending;
	int error;
	struct completion done;
	struct list_head pages; /* of writes, freed when they are over */
	u64 written;		/* bytes */
};

void aip_io_begin(struct aip_io *io, struct aip_file *file);
/** Reads a block into `page`, which is there until aip_io_end(). */
void aip_io_read(struct aip_io *io, u64 block, struct page *page);
/** Writes a block from an own page, which is given away; REQ_PREFLUSH and REQ_FUA in `flags`. */
void aip_io_write(struct aip_io *io, u64 block, struct page *page, blk_opf_t flags);
/** Waits for all; 0 or the first error. */
int aip_io_end(struct aip_io *io);
/** Flushes the device's cache. */
int aip_file_flush(struct aip_file *f);

#endif /* AIP_FILE_H */
