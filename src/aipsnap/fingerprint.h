/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fingerprint.h: does this device still hold what it held when its table was sealed?
 *
 * A fingerprint is a digest over the few blocks that everything which writes to a
 * file system in its own way cannot help changing: superblock, group or AG
 * headers, the position in the journal.  Between seal and start nothing may write,
 * so anything stable on disk may go in; equal digests mean that no mount, check,
 * resize, or mkfs happened in between.  Raw writes that leave every one of these
 * blocks as they were cannot be seen (aipsnap(8) says so).
 *
 *	kind		in the digest
 *	ext2,3,4	superblock (times, counters, state), all group descriptors, inodes in use (the
 *			first 16 MiB), journal superblock (sequence)
 *	xfs		superblock, AGF, AGI, AGFL and secondary superblock of each AG, inodes (the first
 *			16 MiB), the last record of the log that changed anything
 *	disk		partition table, small gaps; then each partition by its own kind
 *	content		up to FP_CONTENT_MAX bytes of unknown content: all of it
 *	none		cannot prove
 *
 * "Marks" are extents that may have changed without the digest showing it, and which
 * count as changed whenever tracking is resumed: XFS's superblock and the end of its log (even
 * a read-only mount writes them), partitions on a disk that nobody can prove.
 */
#ifndef AIPSNAP_FINGERPRINT_H
#define AIPSNAP_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aipsnap/reader.h"
#include "aipsnap/sha256.h"
#include "common/err.h"

#define FP_CONTENT_MAX	  (4ULL << 20)	/* unknown regions up to this size are digested whole */
#define FP_CONTENT_BUDGET (32ULL << 20) /* ... and together at most this much of one device */
#define FP_UUID_TEXT	  37

/* Values go into the table (struct aipsnap_fingerprint.method): only append. */
enum fp_method {
	FP_NONE = 0,
	FP_EXT = 1,
	FP_XFS = 2,
	FP_DISK = 3,
	FP_CONTENT = 4,
};

struct fp_mark {
	uint64_t start; /* bytes from the start of the device */
	uint64_t len;	/* bytes, never 0 */
};

struct fingerprint {
	enum fp_method method; /* FP_NONE when not provable */
	char kind[16];	       /* "ext4", "xfs", "gpt", "mbr", "content"; "none" */
	bool provable;	       /* digest and marks are meaningful; uuid and kind always are */
	char why[160];	       /* not provable: the reason, for people */
	char detail[160];      /* what it is made of, for people */
	uint8_t digest[SHA256_LEN];
	uint8_t uuid[16]; /* of the file system or disk; zeroes when it has none */
	char uuid_text[FP_UUID_TEXT];
	struct fp_mark *marks; /* ascending, disjoint */
	size_t n_marks;
	uint64_t content_left; /* rest of FP_CONTENT_BUDGET */
	bool nested;	       /* of a partition: a table in it is not looked at */
};

#define FINGERPRINT_INIT                                                                           \
	{                                                                                          \
		.method = FP_NONE                                                                  \
	}

/**
 * fingerprint_take - read the fingerprint of a device
 * @r: open device
 * @fp: filled; free with fingerprint_free() whatever the return
 *
 * A device of an unknown or damaged kind is no error: !@fp->provable, with @fp->why.
 *
 * Return: 0, or -errno when the device cannot be read (@err says where).
 */
int fingerprint_take(struct reader *r, struct fingerprint *fp, struct aip_err *err);

/**
 * fingerprint_identify - only say what is on a device: kind and uuid, from its first blocks
 * Return: 0 (kind "none" when unknown), or -errno when it cannot be read.
 */
int fingerprint_identify(struct reader *r, struct fingerprint *fp, struct aip_err *err);

/** fingerprint_free - give its memory back. */
void fingerprint_free(struct fingerprint *fp);

/** fingerprint_equal - Return: whether both are provable, of one kind, and the same. */
bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);

/*
 * The rest is for the kinds.  A region is a device or one partition of it.
 */
struct region {
	struct reader *r;
	uint64_t start; /* bytes from the start of the device */
	uint64_t len;	/* bytes */
};

/** region_read - reader_read() relative to the region, -ERANGE outside it (the content is damaged). */
int region_read(const struct region *g, uint64_t offset, void *buf, size_t len,
		struct aip_err *err);

/** region_hash - take @len bytes at @offset into the digest. Return: as region_read(). */
int region_hash(const struct region *g, uint64_t offset, uint64_t len, struct sha256 *sha,
		struct aip_err *err);

/**
 * A kind of content.  @probe and @identify look at the first bytes (FP_PROBE_LEN of them, zero
 * filled behind the end): is the region of this kind, and then: which, of what UUID.  @take adds to
 * @sha and to @fp; it returns 0 (also after fp_unprovable()) or -errno, and -ERANGE from
 * region_read() is turned into "damaged" by the caller.
 */
struct fp_kind {
	enum fp_method method;
	bool (*probe)(const struct region *g, const uint8_t *head);
	void (*identify)(const struct region *g, const uint8_t *head, struct fingerprint *fp);
	int (*take)(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
		    struct aip_err *err);
};

#define FP_PROBE_LEN 8192

extern const struct fp_kind fp_ext, fp_xfs, fp_disk;

/** fp_region - digest one region by its kind (also: nested, for a disk). Return: 0 or -errno. */
int fp_region(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
	      struct aip_err *err);

/** fp_content - digest the region's whole content. Return: 0, -E2BIG over the limits, or -errno. */
int fp_content(const struct region *g, struct sha256 *sha, struct fingerprint *fp,
	       struct aip_err *err);

/** fp_unprovable - note why the region cannot be proved. Return: 0. */
int fp_unprovable(struct fingerprint *fp, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** fp_mark - count an extent of the region as changed at every resume. Return: 0 or -ENOMEM. */
int fp_mark(struct fingerprint *fp, const struct region *g, uint64_t start, uint64_t len);

/** fp_set_uuid - note the identity. */
void fp_set_uuid(struct fingerprint *fp, const uint8_t uuid[16]);

/* Numbers as they lie on disk, at any alignment. */
uint16_t get_le16(const uint8_t *p);
uint32_t get_le32(const uint8_t *p);
uint64_t get_le64(const uint8_t *p);
uint16_t get_be16(const uint8_t *p);
uint32_t get_be32(const uint8_t *p);
uint64_t get_be64(const uint8_t *p);

#endif
