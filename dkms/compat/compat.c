// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat.c: the parts of compat.h that are too long for a header.
 */
#include "compat/compat.h"

int aip_bdev_open(struct aip_bdev *b, dev_t dev, bool write, void *holder)
{
#if defined(AIP_HAVE_bdev_file) || defined(AIP_HAVE_blk_mode)
	blk_mode_t mode = BLK_OPEN_READ | (write ? BLK_OPEN_WRITE : 0);
#else
	fmode_t mode = FMODE_READ | (write ? FMODE_WRITE : 0) | (holder ? FMODE_EXCL : 0);
#endif

	memset(b, 0, sizeof(*b));
	b->holder = holder;
	b->write = write;
#if defined(AIP_HAVE_bdev_file)
	b->file = bdev_file_open_by_dev(dev, mode, holder, NULL);
	if (IS_ERR(b->file))
		return PTR_ERR(b->file);
	b->bdev = file_bdev(b->file);
#else
#if defined(AIP_HAVE_blk_mode)
	b->bdev = blkdev_get_by_dev(dev, mode, holder, NULL);
#else
	b->bdev = blkdev_get_by_dev(dev, mode, holder);
#endif
	if (IS_ERR(b->bdev)) {
		int rc = PTR_ERR(b->bdev);

		b->bdev = NULL;
		return rc;
	}
#endif
	return 0;
}

void aip_bdev_close(struct aip_bdev *b)
{
	if (!b->bdev)
		return;
#if defined(AIP_HAVE_bdev_file)
	fput(b->file);
#elif defined(AIP_HAVE_blk_mode)
	blkdev_put(b->bdev, b->holder);
#else
	blkdev_put(b->bdev,
		   FMODE_READ | (b->write ? FMODE_WRITE : 0) | (b->holder ? FMODE_EXCL : 0));
#endif
	b->bdev = NULL;
}

int aip_freeze(struct aip_frozen *f)
{
	int rc = 0;

#if defined(AIP_HAVE_bdev_freeze)
	rc = bdev_freeze(f->dev.bdev);
#elif defined(AIP_HAVE_freeze_bdev_int)
	rc = freeze_bdev(f->dev.bdev);
#else
	f->sb = freeze_bdev(f->dev.bdev);
	if (IS_ERR(f->sb))
		rc = PTR_ERR(f->sb);
#endif
	f->frozen = !rc;
	return rc;
}

void aip_thaw(struct aip_frozen *f)
{
	if (!f->frozen)
		return;
	f->frozen = false;
#if defined(AIP_HAVE_bdev_freeze)
	bdev_thaw(f->dev.bdev);
#elif defined(AIP_HAVE_freeze_bdev_int)
	thaw_bdev(f->dev.bdev);
#else
	thaw_bdev(f->dev.bdev, f->sb);
#endif
}

int aip_bdev_partno(struct block_device *bdev)
{
#ifdef AIP_HAVE_bdev_partno
	return bdev_partno(bdev);
#else
	return bdev->bd_partno;
#endif
}

static dev_t part_dev(struct gendisk *disk, int partno)
{
	dev_t dev = 0;
#ifdef AIP_HAVE_part_tbl
	struct block_device *part;

	rcu_read_lock();
	part = xa_load(&disk->part_tbl, partno);
	if (part)
		dev = part->bd_dev;
	rcu_read_unlock();
#else
	struct hd_struct *part;

	rcu_read_lock();
	part = aip_part(disk, partno);
	if (part)
		dev = part_devt(part);
	rcu_read_unlock();
#endif
	return dev;
}

void aip_sync_parts(struct gendisk *disk)
{
	int partno;

	for (partno = 0; partno < DISK_MAX_PARTS; partno++) {
		dev_t dev = part_dev(disk, partno);
		struct aip_bdev b;

		if (!dev || aip_bdev_open(&b, dev, false, NULL))
			continue;
		sync_blockdev(b.bdev);
		aip_bdev_close(&b);
	}
}

#ifdef AIP_HAVE_part_tbl

sector_t aip_bdev_start(struct block_device *bdev)
{
	return bdev->bd_start_sect;
}

int aip_part_range(struct gendisk *disk, int partno, sector_t *start, sector_t *nr)
{
	struct block_device *part;
	int rc = -ENXIO;

	if (!aip_disk_live(disk))
		return -ENXIO;
	rcu_read_lock();
	part = xa_load(&disk->part_tbl, partno);
	if (part) {
		*start = part->bd_start_sect;
		*nr = bdev_nr_sectors(part);
		rc = 0;
	}
	rcu_read_unlock();
	return rc;
}

int aip_for_each_part(struct gendisk *disk, int (*fn)(struct block_device *bdev, void *data),
		      void *data)
{
	struct block_device *part;
	unsigned long i;
	int rc = 0;

	rcu_read_lock();
	xa_for_each(&disk->part_tbl, i, part)
	{
		rc = fn(part, data);
		if (rc)
			break;
	}
	rcu_read_unlock();
	return rc;
}

#else /* up to 5.11: hd_struct */

sector_t aip_bdev_start(struct block_device *bdev)
{
	return bdev->bd_part ? bdev->bd_part->start_sect : 0;
}

int aip_part_range(struct gendisk *disk, int partno, sector_t *start, sector_t *nr)
{
	struct hd_struct *part;
	int rc = -ENXIO;

	if (!aip_disk_live(disk))
		return -ENXIO;
	rcu_read_lock();
	part = aip_part(disk, partno);
	if (part) {
		*start = partno ? part->start_sect : 0;
		*nr = READ_ONCE(part->nr_sects);
		rc = 0;
	}
	rcu_read_unlock();
	return rc;
}

int aip_for_each_part(struct gendisk *disk, int (*fn)(struct block_device *bdev, void *data),
		      void *data)
{
	struct disk_part_iter it;
	struct hd_struct *part;
	int rc = 0;

	disk_part_iter_init(&it, disk, DISK_PITER_INCL_PART0);
	while (!rc && (part = disk_part_iter_next(&it))) {
		struct block_device *bdev = bdget_disk(disk, part->partno);

		if (!bdev)
			continue;
		rc = fn(bdev, data);
		bdput(bdev);
	}
	disk_part_iter_exit(&it);
	return rc;
}

#endif

struct super_block *aip_bdev_super(struct block_device *bdev)
{
#if defined(AIP_HAVE_fs_holder_ops)
	return bdev->bd_holder_ops == &fs_holder_ops ? bdev->bd_holder : NULL;
#elif defined(AIP_HAVE_bd_super)
	return bdev->bd_super;
#else
	return NULL;
#endif
}

struct gendisk *aip_disk_alloc(const struct block_device_operations *fops, unsigned int block_size)
{
	struct gendisk *disk;
#if defined(AIP_HAVE_blk_alloc_disk_lim)
	struct queue_limits lim = {
		.logical_block_size = block_size,
	};

	disk = blk_alloc_disk(&lim, NUMA_NO_NODE);
	if (IS_ERR(disk))
		return disk;
#elif defined(AIP_HAVE_blk_alloc_disk)
	disk = blk_alloc_disk(NUMA_NO_NODE);
	if (!disk)
		return ERR_PTR(-ENOMEM);
	blk_queue_logical_block_size(disk->queue, block_size);
#else
	struct request_queue *q = blk_alloc_queue(NUMA_NO_NODE);

	if (!q)
		return ERR_PTR(-ENOMEM);
	disk = alloc_disk(1);
	if (!disk) {
		blk_cleanup_queue(q);
		return ERR_PTR(-ENOMEM);
	}
	disk->queue = q;
	blk_queue_logical_block_size(q, block_size);
#endif
	disk->fops = fops;
#ifdef AIP_HAVE_no_part
	disk->flags |= GENHD_FL_NO_PART;
#else
	disk->flags |= GENHD_FL_NO_PART_SCAN;
#endif
	return disk;
}

int aip_disk_add(struct gendisk *disk)
{
#ifdef AIP_HAVE_add_disk_int
	return add_disk(disk);
#else
	add_disk(disk);
	return 0;
#endif
}

void aip_disk_free(struct gendisk *disk)
{
#if defined(AIP_HAVE_blk_alloc_disk_lim) || defined(AIP_HAVE_bio_alloc_bdev)
	put_disk(disk);
#elif defined(AIP_HAVE_blk_alloc_disk)
	blk_cleanup_disk(disk);
#else
	struct request_queue *q = disk->queue;

	put_disk(disk);
	blk_cleanup_queue(q);
#endif
}
