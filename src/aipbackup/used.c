// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>

#include "aipbackup/used.h"

struct aip_used {
	ext2_filsys fs;
	uint64_t first, blocks; /* blocks that the bitmap speaks of */
};

/* Can the bitmaps be trusted? Return: NULL, or why not. */
static const char *doubt(ext2_filsys fs)
{
	struct ext2_super_block *sb = fs->super;

	if (ext2fs_has_feature_journal_needs_recovery(sb))
		return "the ext journal is not empty";
	if (sb->s_state & EXT2_ERROR_FS)
		return "the ext file system has recorded errors";
	if (!ext2fs_has_feature_journal(sb) && !(sb->s_state & EXT2_VALID_FS))
		return "an ext file system without journal that is not cleanly unmounted";
	if (EXT2FS_CLUSTER_RATIO(fs) != 1)
		return "ext with bigalloc";
	return NULL;
}

struct aip_used *aip_used_open(const char *device, const char *type, const char **why)
{
	struct aip_used *u;
	ext2_filsys fs = NULL;

	*why = "not an ext file system and nothing else";
	if (strncmp(type, "ext", 3) != 0)
		return NULL;
	*why = "no memory";
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	*why = "no ext file system";
	if (ext2fs_open(device, EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES, 0, 0,
			unix_io_manager, &fs))
		goto fail;
	*why = doubt(fs);
	if (*why)
		goto fail;
	*why = "the ext block bitmaps cannot be read or fail their checksums";
	if (ext2fs_read_block_bitmap(fs))
		goto fail;
	*why = NULL;
	u->fs = fs;
	u->first = fs->super->s_first_data_block;
	u->blocks = ext2fs_blocks_count(fs->super);
	return u;
fail:
	if (fs)
		ext2fs_close_free(&fs);
	free(u);
	return NULL;
}

bool aip_used_any(const struct aip_used *u, uint64_t offset, uint64_t len)
{
	uint64_t first = offset / u->fs->blocksize, last = (offset + len - 1) / u->fs->blocksize;
	blk64_t found;
	errcode_t r;

	/* what lies before the first block (boot block) or behind the file system is not its affair */
	if (first < u->first || last >= u->blocks)
		return true;
	r = ext2fs_find_first_set_block_bitmap2(u->fs->block_map, first, last, &found);
	return r != ENOENT;
}

void aip_used_close(struct aip_used *u)
{
	if (!u)
		return;
	ext2fs_close_free(&u->fs);
	free(u);
}
