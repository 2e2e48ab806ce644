/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h: the newest kernel's interface, on all kernels.
 *
 * The core knows no kernel version.  What differs is here, chosen by the
 * answers of compat/probe (AIP_HAVE_*); wrappers carry the prefix aip_.
 */
#ifndef AIP_COMPAT_H
#define AIP_COMPAT_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/module.h>

#ifndef AIP_HAVE_blk_opf
typedef unsigned int blk_opf_t;
#endif

/* ---- bio ----------------------------------------------------------------- */

#ifdef AIP_HAVE_submit_void
typedef void aip_submit_ret;
#define AIP_SUBMIT_NONE
#else
typedef blk_qc_t aip_submit_ret;
#define AIP_SUBMIT_NONE BLK_QC_T_NONE
#endif

#ifndef AIP_HAVE_part_tbl
/** Partition `partno` of a disk, under RCU; NULL. */
static inline struct hd_struct *aip_part(struct gendisk *disk, int partno)
{
	struct disk_part_tbl *tbl = rcu_dereference(disk->part_tbl);

	return tbl && partno >= 0 && partno < tbl->len ? rcu_dereference(tbl->part[partno]) : NULL;
}
#endif

/** The whole disk that a bio is for. */
static inline struct gendisk *aip_bio_disk(struct bio *bio)
{
#ifdef AIP_HAVE_bi_bdev
	return bio->bi_bdev->bd_disk;
#else
	return bio->bi_disk;
#endif
}

/** True when the bio's device number is `dev`. */
static inline bool aip_bio_is_dev(struct bio *bio, dev_t dev)
{
#ifdef AIP_HAVE_bi_bdev
	return bio->bi_bdev->bd_dev == dev;
#else
	struct hd_struct *part;
	bool same = false;

	rcu_read_lock();
	part = aip_part(bio->bi_disk, bio->bi_partno);
	if (part)
		same = part_devt(part) == dev;
	rcu_read_unlock();
	return same;
#endif
}

/**
 * First sector of the partition that a bio's bi_sector counts from: 0 when it
 * is absolute already.  For bios that have not been through submit_bio_noacct.
 */
static inline sector_t aip_bio_base(struct bio *bio)
{
#ifdef AIP_HAVE_bi_bdev
	return bio_flagged(bio, BIO_REMAPPED) ? 0 : bio->bi_bdev->bd_start_sect;
#else
	struct hd_struct *part;
	sector_t start = 0;

	if (!bio->bi_partno)
		return 0;
	rcu_read_lock();
	part = aip_part(bio->bi_disk, bio->bi_partno);
	if (part)
		start = part->start_sect;
	rcu_read_unlock();
	return start;
#endif
}

/** The same for a bio that a driver has redirected in place just now. */
static inline sector_t aip_remap_base(struct bio *bio)
{
#ifdef AIP_HAVE_bi_bdev
	return bio->bi_bdev->bd_start_sect;
#else
	return aip_bio_base(bio);
#endif
}

/** `bdev` may be NULL. */
static inline struct bio *aip_bio_alloc(struct block_device *bdev, unsigned short vecs,
					blk_opf_t opf, gfp_t gfp)
{
#ifdef AIP_HAVE_bio_alloc_bdev
	return bio_alloc(bdev, vecs, opf, gfp);
#else
	struct bio *bio = bio_alloc(gfp, vecs);

	if (bio) {
		if (bdev)
			bio_set_dev(bio, bdev);
		bio->bi_opf = opf;
	}
	return bio;
#endif
}

/** From a bio_set with vectors of its own; waits, does not fail, with GFP_NOIO. */
static inline struct bio *aip_bio_alloc_bs(struct block_device *bdev, unsigned short vecs,
					   blk_opf_t opf, gfp_t gfp, struct bio_set *bs)
{
#ifdef AIP_HAVE_bio_alloc_bdev
	return bio_alloc_bioset(bdev, vecs, opf, gfp, bs);
#else
	struct bio *bio = bio_alloc_bioset(gfp, vecs, bs);

	if (bio) {
		bio_set_dev(bio, bdev);
		bio->bi_opf = opf;
	}
	return bio;
#endif
}

/** A clone that shares the vectors of `from`, for another device. */
static inline struct bio *aip_bio_clone(struct block_device *bdev, struct bio *from, gfp_t gfp,
					struct bio_set *bs)
{
#ifdef AIP_HAVE_bio_alloc_clone
	return bio_alloc_clone(bdev, from, gfp, bs);
#else
	struct bio *bio = bio_clone_fast(from, gfp, bs);

	if (bio)
		bio_set_dev(bio, bdev);
	return bio;
#endif
}

/** A clone for the same device and place. */
static inline struct bio *aip_bio_clone_same(struct bio *from, gfp_t gfp, struct bio_set *bs)
{
#ifdef AIP_HAVE_bio_alloc_clone
	return bio_alloc_clone(from->bi_bdev, from, gfp, bs);
#else
	return bio_clone_fast(from, gfp, bs);
#endif
}

/* what completes only when its submitter polls for it */
#ifdef REQ_POLLED
#define AIP_REQ_POLLED REQ_POLLED
#else
#define AIP_REQ_POLLED REQ_HIPRI
#endif

static inline bool aip_bio_encrypts(struct bio *bio)
{
#ifdef CONFIG_BLK_INLINE_ENCRYPTION
	return bio->bi_crypt_context;
#else
	return false;
#endif
}

#ifndef PAGE_SECTORS
#define PAGE_SECTORS (1 << (PAGE_SHIFT - SECTOR_SHIFT))
#endif

/* ---- workqueues ---------------------------------------------------------- */

#ifdef AIP_HAVE_wq_percpu
#define AIP_WQ_PERCPU WQ_PERCPU
#else
#define AIP_WQ_PERCPU 0 /* the default */
#endif

/* ---- tracepoints --------------------------------------------------------- */

#ifdef AIP_HAVE_trace_no_queue
#define AIP_TRACE_ARGS(...) void *data, ##__VA_ARGS__
#else
#define AIP_TRACE_ARGS(...) void *data, struct request_queue *aip_q, ##__VA_ARGS__
#endif

/* ---- ftrace -------------------------------------------------------------- */

#ifdef AIP_HAVE_ftrace_fregs
typedef struct ftrace_regs aip_ftrace_regs;
#define AIP_FTRACE_RECURSION 0
#else
typedef struct pt_regs aip_ftrace_regs;
#define AIP_FTRACE_RECURSION FTRACE_OPS_FL_RECURSION_SAFE
#endif

/* PERMANENT: or who sets kernel.ftrace_enabled to 0 would take the hook away from what relies on it */
#if defined(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS) && defined(AIP_HAVE_ftrace_fregs)
#define AIP_FTRACE_FLAGS (FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT | AIP_FTRACE_RECURSION)
#else
#define AIP_FTRACE_FLAGS                                                                           \
	(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |              \
	 AIP_FTRACE_RECURSION)
#endif

#if defined(CONFIG_X86_64) || defined(AIP_HAVE_ftrace_args)
#define AIP_HAVE_hook 1
#endif

/** First argument of the traced function. */
static __always_inline void *aip_ftrace_arg0(aip_ftrace_regs *regs)
{
#if defined(AIP_HAVE_ftrace_args)
	return (void *)ftrace_regs_get_argument(regs, 0);
#elif defined(CONFIG_X86_64) && defined(AIP_HAVE_ftrace_fregs)
	return (void *)regs->regs.di;
#elif defined(CONFIG_X86_64)
	return (void *)regs->di;
#else
	return NULL;
#endif
}

/** Continue at `ip` instead of in the traced function. */
static __always_inline void aip_ftrace_set_ip(aip_ftrace_regs *regs, unsigned long ip)
{
#if defined(AIP_HAVE_ftrace_args)
	ftrace_regs_set_instruction_pointer(regs, ip);
#elif defined(CONFIG_X86_64) && defined(AIP_HAVE_ftrace_fregs)
	regs->regs.ip = ip;
#elif defined(CONFIG_X86_64)
	regs->ip = ip;
#endif
}

/* ---- block devices ------------------------------------------------------- */

/** An open block device. */
struct aip_bdev {
	struct block_device *bdev;
	struct file *file;
	void *holder;
	bool write;
};

int aip_bdev_open(struct aip_bdev *b, dev_t dev, bool write, void *holder);
void aip_bdev_close(struct aip_bdev *b);

/** A frozen block device. */
struct aip_frozen {
	struct aip_bdev dev;
	struct super_block *sb;
	bool frozen;
};

int aip_freeze(struct aip_frozen *f);
void aip_thaw(struct aip_frozen *f);

static inline sector_t aip_bdev_sectors(struct block_device *bdev)
{
#ifdef AIP_HAVE_bdev_nr_sectors
	return bdev_nr_sectors(bdev);
#else
	return i_size_read(bdev->bd_inode) >> SECTOR_SHIFT;
#endif
}

int aip_bdev_partno(struct block_device *bdev);
sector_t aip_bdev_start(struct block_device *bdev);

/**
 * Range of partition `partno` of a disk (0: the whole disk), sectors.
 * -ENXIO: there is none any more, or the disk is gone.
 */
int aip_part_range(struct gendisk *disk, int partno, sector_t *start, sector_t *nr);

/** Writes back what the page caches of the disk and of its partitions hold. */
void aip_sync_parts(struct gendisk *disk);

/**
 * Calls fn(bdev, data) for the disk and each of its partitions that is known
 * to the kernel, until one call returns non-zero, which is returned.
 */
int aip_for_each_part(struct gendisk *disk, int (*fn)(struct block_device *bdev, void *data),
		      void *data);

/**
 * The super block mounted directly on a block device, or NULL.  The pointer
 * is for a look at flags and names under the caller's exclusion only.
 */
struct super_block *aip_bdev_super(struct block_device *bdev);

/** A number that changes with the medium or backing file; 0 where unknown. */
static inline u64 aip_disk_seq(struct gendisk *disk)
{
#ifdef AIP_HAVE_diskseq
	return disk->diskseq;
#else
	return 0;
#endif
}

/** True when a change of medium would go unnoticed while nobody holds the disk open. */
static inline bool aip_disk_needs_open(struct gendisk *disk)
{
#ifdef AIP_HAVE_diskseq
	return false;
#else
	return disk->major == 7 /* loop */ || disk->major == 43 /* nbd */;
#endif
}

static inline bool aip_disk_live(struct gendisk *disk)
{
#ifdef AIP_HAVE_disk_live
	return disk_live(disk);
#else
	return disk->flags & GENHD_FL_UP;
#endif
}

/** File systems on it can be mounted so that stores bypass the block layer. */
static inline bool aip_bdev_dax(struct block_device *bdev)
{
#ifdef blk_queue_dax
	return blk_queue_dax(bdev_get_queue(bdev));
#else
	return false;
#endif
}

/** Writes can reach the driver without a bio. */
static inline bool aip_disk_rw_page(struct gendisk *disk)
{
#ifdef AIP_HAVE_rw_page
	return disk->fops->rw_page;
#else
	return false;
#endif
}

/** The 16 bytes of a mounted file system's UUID. */
static inline const u8 *aip_sb_uuid(const struct super_block *sb)
{
	return (const u8 *)&sb->s_uuid;
}

/* ---- our own disks ------------------------------------------------------- */

#if defined(AIP_HAVE_bdev_file) || defined(AIP_HAVE_blk_mode)
#define AIP_DISK_OPEN(name, fn)                                                                    \
	static int name##_open(struct gendisk *disk, blk_mode_t mode)                              \
	{                                                                                          \
		return fn(disk);                                                                   \
	}
#define AIP_DISK_RELEASE(name, fn)                                                                 \
	static void name##_release(struct gendisk *disk)                                           \
	{                                                                                          \
		fn(disk);                                                                          \
	}
#else
#define AIP_DISK_OPEN(name, fn)                                                                    \
	static int name##_open(struct block_device *bdev, fmode_t mode)                            \
	{                                                                                          \
		return fn(bdev->bd_disk);                                                          \
	}
#define AIP_DISK_RELEASE(name, fn)                                                                 \
	static void name##_release(struct gendisk *disk, fmode_t mode)                             \
	{                                                                                          \
		fn(disk);                                                                          \
	}
#endif
#ifdef AIP_HAVE_submit_void
#define AIP_DISK_SUBMIT(name, fn)                                                                  \
	static void name##_submit(struct bio *bio)                                                 \
	{                                                                                          \
		fn(bio);                                                                           \
	}
#else
#define AIP_DISK_SUBMIT(name, fn)                                                                  \
	static blk_qc_t name##_submit(struct bio *bio)                                             \
	{                                                                                          \
		fn(bio);                                                                           \
		return BLK_QC_T_NONE;                                                              \
	}
#endif

/** Operations of a bio-based disk: int open(disk), void release(disk), void submit(bio). */
#define AIP_DISK_FOPS(name, open_fn, release_fn, submit_fn)                                        \
	AIP_DISK_OPEN(name, open_fn)                                                               \
	AIP_DISK_RELEASE(name, release_fn)                                                         \
	AIP_DISK_SUBMIT(name, submit_fn)                                                           \
	static const struct block_device_operations name = {                                       \
		.owner = THIS_MODULE,                                                              \
		.open = name##_open,                                                               \
		.release = name##_release,                                                         \
		.submit_bio = name##_submit,                                                       \
	}

struct gendisk *aip_disk_alloc(const struct block_device_operations *fops, unsigned int block_size);
int aip_disk_add(struct gendisk *disk);
void aip_disk_free(struct gendisk *disk);

#endif /* AIP_COMPAT_H */
