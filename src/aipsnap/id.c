// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/id.h"
#include "common/hex.h"

static const struct {
	uint32_t why;
	const char *token, *text;
} whys[] = {
	{ AIPSNAP_WHY_NONE, "none", "no reason given" },
	{ AIPSNAP_WHY_ENABLED, "enabled", "it was enabled" },
	{ AIPSNAP_WHY_NOT_SEALED, "not-sealed",
	  "the table was not sealed at the last shutdown (crash, power cut, or unpatched halt)" },
	{ AIPSNAP_WHY_COPIES_DIFFER, "copies-differ",
	  "one copy of the table's header is damaged or older than the other" },
	{ AIPSNAP_WHY_BITMAP_DAMAGED, "bitmap-damaged",
	  "a bitmap in the table is damaged or cannot be read" },
	{ AIPSNAP_WHY_IDENTITY, "identity", "another file system or partition table is on it" },
	{ AIPSNAP_WHY_SIZE, "size", "its size has changed" },
	{ AIPSNAP_WHY_FINGERPRINT, "fingerprint", "it was changed while the driver was not there" },
	{ AIPSNAP_WHY_NO_FINGERPRINT, "no-fingerprint",
	  "nothing can be proved about what is on it" },
	{ AIPSNAP_WHY_WRITTEN, "written", "it was written to in this moment" },
	{ AIPSNAP_WHY_FLAG, "flag", "/.aipsnap_dirty or a person asked for it" },
	{ AIPSNAP_WHY_RESIZED, "resized", "it was resized while tracked" },
	{ AIPSNAP_WHY_MEMORY, "memory", "no memory was left for the old generations" },
	{ AIPSNAP_WHY_REPLACED, "replaced", "another medium or backing file has its name now" },
	{ AIPSNAP_WHY_MISSED, "missed", "a change could not be recorded" },
	{ AIPSNAP_WHY_SLEPT, "slept",
	  "the machine hibernated, and its image was written past the record" },
	{ AIPSNAP_WHY_LATE, "late", "the system could write to it before it was tracked" },
	{ AIPSNAP_WHY_TABLE_MAGIC, "table-magic",
	  "it is no table, or both its headers are damaged" },
	{ AIPSNAP_WHY_TABLE_VERSION, "table-version", "its format version is not known" },
	{ AIPSNAP_WHY_TABLE_SIZE, "table-size", "its size is not the recorded one" },
	{ AIPSNAP_WHY_TABLE_MOVED, "table-moved", "its blocks are not where they were" },
	{ AIPSNAP_WHY_TABLE_FOREIGN, "table-foreign", "it belongs to another file system" },
	{ AIPSNAP_WHY_TABLE_FS, "table-fs",
	  "this type of file system cannot hold it (ext2, ext3, ext4 and XFS can)" },
	{ AIPSNAP_WHY_TABLE_EXTENT, "table-extent",
	  "it has a hole, or an inline, encoded, shared, delayed or unknown extent" },
	{ AIPSNAP_WHY_TABLE_BLANK, "table-blank",
	  "a block read from the disk is not what was written through the file" },
	{ AIPSNAP_WHY_TABLE_IO, "table-io", "I/O error" },
	{ AIPSNAP_WHY_TABLE_SLOT, "table-slot",
	  "it names a slot that a device tracked with --unsaved holds: aipsnap disable that device first" },
	{ AIPSNAP_WHY_ZONED, "zoned", "zoned devices cannot be tracked" },
	{ AIPSNAP_WHY_RW_PAGE, "rw-page", "this driver writes pages past the block layer" },
	{ AIPSNAP_WHY_DAX, "dax", "writes through DAX mappings cannot be seen" },
	{ AIPSNAP_WHY_REMOVABLE, "removable", "removable media cannot be tracked" },
	{ AIPSNAP_WHY_OWN, "own", "it is a snapshot of this driver" },
	{ AIPSNAP_WHY_STACK, "stack", "a driver above or below redirects its writes unseen" },
	{ AIPSNAP_WHY_TOO_LARGE, "too-large",
	  "it has more than 4294967296 chunks: enable it with larger ones (--chunk)" },
	{ AIPSNAP_WHY_STILL_WRITABLE, "still-writable",
	  "a file system is still mounted read-write from it" },
	{ AIPSNAP_WHY_NO_HOOK, "no-hook",
	  "no hook that can hold a write (another module owns it, kernel.ftrace_enabled is 0, or the kernel has no ftrace)" },
	{ AIPSNAP_WHY_BUSY_WRITES, "busy-writes",
	  "writes in flight did not come to an end in time" },
	{ AIPSNAP_WHY_NO_TABLE, "no-table", "it is tracked in memory only" },
	{ AIPSNAP_WHY_FULL, "full", "the difference storage is full" },
	{ AIPSNAP_WHY_STORE_IO, "store-io", "I/O error on the difference storage" },
	{ AIPSNAP_WHY_ORIGIN_IO, "origin-io", "I/O error while old data was read" },
	{ AIPSNAP_WHY_SEALED, "sealed", "its origin was sealed" },
	{ AIPSNAP_WHY_GONE, "gone", "its origin was removed or replaced" },
	{ AIPSNAP_WHY_STOPPED, "stopped", "tracking of its origin was stopped" },
};

static const char *const states[] = {
	[AIPSNAP_EMPTY] = "empty",	 [AIPSNAP_WAITING] = "waiting",
	[AIPSNAP_STARTING] = "starting", [AIPSNAP_TRACKING] = "tracking",
	[AIPSNAP_SEALING] = "sealing",	 [AIPSNAP_SEALED] = "sealed",
	[AIPSNAP_FAILED] = "failed",
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

char *id_text(const struct aipsnap_id *id, char out[ID_TEXT])
{
	aip_hex(id->b, sizeof(id->b), out);
	return out;
}

int id_parse(const char *s, struct aipsnap_id *id)
{
	return strlen(s) == 2 * sizeof(id->b) ? aip_unhex(s, id->b, sizeof(id->b)) : -EINVAL;
}

bool id_is_zero(const struct aipsnap_id *id)
{
	static const struct aipsnap_id zero;

	return !memcmp(id, &zero, sizeof(zero));
}

const char *why_token(uint32_t why)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(whys); i++)
		if (whys[i].why == why)
			return whys[i].token;
	return "other";
}

const char *why_text(uint32_t why)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(whys); i++)
		if (whys[i].why == why)
			return whys[i].text;
	return "a reason that this aipsnap does not know; the driver is newer";
}

const char *state_text(uint32_t state)
{
	return state < ARRAY_SIZE(states) ? states[state] : "unknown";
}

char *size_text(uint64_t bytes, char out[24])
{
	static const char units[] = "KMGTPE";
	unsigned int shift = 0;

	while (shift < 60 && bytes >> shift >= 1024)
		shift += 10;
	if (!shift)
		snprintf(out, 24, "%" PRIu64 " B", bytes);
	else if (bytes & ((1ULL << shift) - 1))
		snprintf(out, 24, "%.1f %ciB", (double)(bytes >> (shift - 10)) / 1024,
			 units[shift / 10 - 1]);
	else
		snprintf(out, 24, "%" PRIu64 " %ciB", bytes >> shift, units[shift / 10 - 1]);
	return out;
}

int size_parse(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned int shift = 0;
	const char *unit;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	*bytes = strtoull(s, &end, 10);
	if (errno)
		return -EINVAL;
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		end++;
		if (!strcmp(end, "iB"))
			end += 2;
	}
	if (*end || *bytes > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes <<= shift;
	return 0;
}
