/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * aipsnap.h: the interface of the aipsnap driver.
 *
 * One control device, /dev/aipsnap-control (CAP_SYS_ADMIN), takes all calls.
 * Every structure has the same layout on 32 and 64 bit; reserved fields must
 * be zero.  A call returns 0 or -1 with errno; where an errno cannot say
 * enough the structure's `why` carries one of enum aipsnap_why.
 *
 * A *device* is known by its slot in the table (0 … AIPSNAP_MAX_DEVICES - 1).
 * A *generation* is the time between two switches.  Its id names the moment
 * in which it was opened: "changed since ID" is the OR of the bitmaps of
 * generation ID and of all later ones.
 *
 * Who does what: see doc/tracking.md.
 */
#ifndef _UAPI_AIPSNAP_H
#define _UAPI_AIPSNAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define AIPSNAP_CONTROL		"aipsnap-control"
#define AIPSNAP_ABI		1

#define AIPSNAP_MAX_DEVICES	64
#define AIPSNAP_MAX_GENERATIONS	32
#define AIPSNAP_MAX_SNAPSHOTS	64
#define AIPSNAP_MAX_FREEZE	128

#define AIPSNAP_SECTOR_SHIFT	9
#define AIPSNAP_CHUNK_SHIFT_MIN	14	/* 16 KiB */
#define AIPSNAP_CHUNK_SHIFT	16	/* 64 KiB, the default */
#define AIPSNAP_CHUNK_SHIFT_MAX	20	/* 1 MiB */

/** A random 128-bit id: of a table, a lineage, a generation. */
struct aipsnap_id {
	__u8 b[16];
};

/**
 * What a device is, besides its name.  Opaque to the kernel, which stores it
 * and compares fs_type and uuid byte for byte; unused bytes are zero.
 */
struct aipsnap_identity {
	char fs_type[16];	/* "ext4", "xfs", "disk", … ; empty: unknown */
	char uuid[48];		/* file system's or partition table's UUID, text */
	char name[80];		/* where it was last seen (/dev/…), for people */
};

/** What changes with every read-write mount (see doc/tracking.md). */
struct aipsnap_fingerprint {
	__u32 method;		/* how it was made; 0: nothing can be proved */
	__u32 reserved;
	__u8 digest[32];
};

/** Why a lineage was begun, or why a call was refused.  Values are stored on disk: only append. */
enum aipsnap_why {
	AIPSNAP_WHY_NONE = 0,
	/* reasons for a new lineage */
	AIPSNAP_WHY_ENABLED = 1,	/* the device was enabled just now */
	AIPSNAP_WHY_NOT_SEALED = 2,	/* the table was DIRTY: crash, power cut, unpatched halt */
	AIPSNAP_WHY_COPIES_DIFFER = 3,	/* one header copy is damaged, older or different */
	AIPSNAP_WHY_BITMAP_DAMAGED = 4,	/* a bitmap in the table fails its CRC or cannot be read */
	AIPSNAP_WHY_IDENTITY = 5,	/* another file system or another partition table */
	AIPSNAP_WHY_SIZE = 6,		/* the device has another size */
	AIPSNAP_WHY_FINGERPRINT = 7,	/* changed while the driver was not there */
	AIPSNAP_WHY_NO_FINGERPRINT = 8,	/* nothing can be proved for what is on the device */
	AIPSNAP_WHY_WRITTEN = 9,	/* written to while it was being started */
	AIPSNAP_WHY_FLAG = 10,		/* /.aipsnap_dirty, or asked for */
	AIPSNAP_WHY_RESIZED = 11,	/* resized while tracked */
	AIPSNAP_WHY_MEMORY = 12,	/* no memory for the old generations */
	AIPSNAP_WHY_REPLACED = 13,	/* other medium or backing file under the same name */
	AIPSNAP_WHY_MISSED = 14,	/* a change could not be recorded */
	AIPSNAP_WHY_SLEPT = 15,		/* hibernation: what wrote the image was not recorded */
	AIPSNAP_WHY_LATE = 16,		/* the system could write to it before it was started */
	/* reasons for refusing a table */
	AIPSNAP_WHY_TABLE_MAGIC = 32,	/* not a table, or both headers are damaged */
	AIPSNAP_WHY_TABLE_VERSION = 33,	/* format version not known */
	AIPSNAP_WHY_TABLE_SIZE = 34,	/* file size is not the table's, too small, too large */
	AIPSNAP_WHY_TABLE_MOVED = 35,	/* extents are not the recorded ones */
	AIPSNAP_WHY_TABLE_FOREIGN = 36,	/* belongs to another file system */
	AIPSNAP_WHY_TABLE_FS = 37,	/* file system type cannot hold a table or storage */
	AIPSNAP_WHY_TABLE_EXTENT = 38,	/* hole, or inline, encoded, shared, delayed, unknown extent */
	AIPSNAP_WHY_TABLE_BLANK = 39,	/* a block read raw is not what was written through the file */
	AIPSNAP_WHY_TABLE_IO = 40,	/* I/O error */
	AIPSNAP_WHY_TABLE_SLOT = 41,	/* a slot that it names is held by a device tracked without it (UNSAVED) */
	/* reasons for refusing a device */
	AIPSNAP_WHY_ZONED = 64,
	AIPSNAP_WHY_RW_PAGE = 65,	/* brd, zram, pmem before 6.4: writes without a bio */
	AIPSNAP_WHY_DAX = 66,
	AIPSNAP_WHY_REMOVABLE = 67,
	AIPSNAP_WHY_OWN = 68,		/* one of this driver's snapshots */
	AIPSNAP_WHY_STACK = 69,		/* bcache backing device, md member, …: a driver that redirects bios unseen */
	AIPSNAP_WHY_TOO_LARGE = 70,
	/* reasons for refusing a seal */
	AIPSNAP_WHY_STILL_WRITABLE = 96,	/* a read-write file system is mounted from it; see `holder` */
	AIPSNAP_WHY_NO_HOOK = 97,	/* no holding hook: another module owns it, ftrace is switched off, or there is none */
	AIPSNAP_WHY_BUSY_WRITES = 98,	/* writes in flight did not come to an end in time */
	AIPSNAP_WHY_NO_TABLE = 99,
	/* reasons why a snapshot ended */
	AIPSNAP_WHY_FULL = 128,		/* difference storage is full */
	AIPSNAP_WHY_STORE_IO = 129,	/* I/O error on the difference storage */
	AIPSNAP_WHY_ORIGIN_IO = 130,	/* I/O error when old data was read from the origin */
	AIPSNAP_WHY_SEALED = 131,	/* the origin was sealed */
	AIPSNAP_WHY_GONE = 132,		/* the origin was removed or replaced */
	AIPSNAP_WHY_STOPPED = 133,	/* tracking of the origin was stopped */
};

/* ---- the driver ---------------------------------------------------------- */

#define AIPSNAP_INFO_TABLE	(1 << 0)	/* a table is loaded */
#define AIPSNAP_INFO_HOOK	(1 << 1)	/* the holding hook is armed now */
#define AIPSNAP_INFO_TABLE_BAD	(1 << 2)	/* the last write of the table failed */
#define AIPSNAP_INFO_OFF	(1 << 3)	/* aip=off on the kernel command line */

struct aipsnap_info {
	__u32 abi;		/* AIPSNAP_ABI */
	__u32 flags;		/* AIPSNAP_INFO_* */
	char version[32];	/* the module's */
	struct aipsnap_id table;	/* id of the loaded table */
	__u64 table_blocks;	/* of 4096 bytes */
	__u64 table_free;
	__u64 table_written;	/* bytes written to the table since it was loaded */
	__u32 devices;		/* slots in use */
	__u32 snapshots;
	__u32 table_major;	/* device that holds the table */
	__u32 table_minor;
	__u32 table_why;	/* why the last TABLE_LOAD was refused */
	__u32 reserved[5];
};
#define AIPSNAP_INFO		_IOR(0xa1, 0x01, struct aipsnap_info)

/* ---- the table ----------------------------------------------------------- */

/**
 * A regular file that the kernel writes below its file system.
 *
 * The kernel maps it (FIEMAP) through the scratch buffer of the caller:
 * `scratch` points to room for `nr_scratch` struct fiemap_extent (at least 1,
 * more is faster).  While in use the inode is pinned like a swap file
 * (S_SWAPFILE): it cannot be written, truncated, moved or unlinked.
 */
struct aipsnap_file {
	__s32 fd;
	__u32 nr_scratch;
	__u64 scratch;
};

#define AIPSNAP_TABLE_BLOCK	4096
/*
 * Smallest and largest table, bytes.  A sensible size for devices of N bytes
 * together, chunks of C: 1 MiB + 8 * N / C / 8, at least 4 MiB.
 */
#define AIPSNAP_TABLE_MIN	(1ULL << 20)
#define AIPSNAP_TABLE_MAX	(16ULL << 30)

/*
 * A file that is to become a table is filled with blank blocks first, written
 * through the file system and synced.  The kernel reads all of them below the
 * file system before it writes the first byte there: the proof that the
 * extents are the right ones.
 */
#define AIPSNAP_BLANK_MAGIC	"AIPBLANK"
struct aipsnap_blank {			/* first 32 bytes of each 4096-byte block, the rest zero */
	char magic[8];			/* AIPSNAP_BLANK_MAGIC */
	__le64 block;			/* number of this block in the file, from 0 */
	struct aipsnap_id nonce;	/* the same random id in all blocks */
};

#define AIPSNAP_TABLE_FORMAT	(1 << 0)	/* make a new, empty table; needs blank blocks */

/**
 * Loads a table (reads it, changes nothing) or formats one.
 *
 * EBUSY: one is loaded; with why TABLE_SLOT: disable the unsaved device first.
 * EINVAL with why: refused.  EIO.
 * The kernel keeps `fd`'s file open (read-only is enough) until TABLE_UNLOAD.
 */
struct aipsnap_table_load {
	struct aipsnap_file file;
	__u32 flags;			/* AIPSNAP_TABLE_* */
	__u32 why;			/* out */
	struct aipsnap_id nonce;	/* FORMAT: of the blank blocks */
	struct aipsnap_id table;	/* out: id of the table */
	__u64 blocks;			/* out */
	__u32 copies;			/* out: bit 0, 1: header copy is valid */
	__u32 devices;			/* out: slots in use */
	__u32 reserved[4];
};
#define AIPSNAP_TABLE_LOAD	_IOWR(0xa1, 0x02, struct aipsnap_table_load)

/** Lets go of the table; EBUSY while a device is being tracked. */
/* EBUSY: a device of it is tracked; EIO: one has to be DIRTY, and that cannot be written. */
#define AIPSNAP_TABLE_UNLOAD	_IO(0xa1, 0x03)

/* ---- devices ------------------------------------------------------------- */

enum aipsnap_state {
	AIPSNAP_EMPTY = 0,	/* the slot is not in use */
	AIPSNAP_WAITING = 1,	/* in the table, not started in this boot */
	AIPSNAP_STARTING = 2,	/* hooks on, START_COMMIT is awaited */
	AIPSNAP_TRACKING = 3,	/* table says DIRTY */
	AIPSNAP_SEALING = 4,	/* SEAL_COMMIT is awaited */
	AIPSNAP_SEALED = 5,	/* table says CLEAN; a write is held until it says DIRTY */
	AIPSNAP_FAILED = 6,	/* device gone or replaced: stop or start it again */
};

#define AIPSNAP_DEV_CLEAN	(1 << 0)	/* CLEAN on disk, as it was loaded or sealed */
#define AIPSNAP_DEV_UNCOUNTED	(1 << 1)	/* no memory to count a write: generations overlap */
#define AIPSNAP_DEV_UNSAVED	(1 << 2)	/* not in the table (tracked in memory only) */

/** Status of a slot.  ENODEV: empty. */
struct aipsnap_device {
	__u32 slot;		/* in */
	__u32 state;		/* enum aipsnap_state */
	__u32 major, minor;	/* 0, 0 while WAITING */
	__u32 flags;		/* AIPSNAP_DEV_* */
	__u32 why;		/* why this lineage was begun */
	__u32 chunk_shift;
	__u32 generations;
	__u64 sectors;
	__u64 chunks;
	__u64 writes;		/* seen since the hooks are on */
	__u64 in_flight;
	__u64 memory;		/* bytes of bitmaps in memory */
	__s64 lineage_time;	/* seconds since 1970, of the lineage's first generation */
	struct aipsnap_id lineage;
	struct aipsnap_identity identity;
	struct aipsnap_fingerprint fingerprint;	/* as of the last seal */
	__u32 snapshots;	/* active ones */
	__u32 reserved[7];
};
#define AIPSNAP_DEVICE		_IOWR(0xa1, 0x10, struct aipsnap_device)

/**
 * Takes a device into the table and tracks it from now on: a new lineage.
 *
 * Without a loaded table: ENODATA unless AIPSNAP_ENABLE_UNSAVED (tracked in
 * memory only, until stopped).  EEXIST: it is tracked (slot says where).
 * EOPNOTSUPP with why: cannot be tracked.  ENOSPC: no slot, or table full.
 */
#define AIPSNAP_ENABLE_UNSAVED	(1 << 0)
struct aipsnap_enable {
	__u32 major, minor;
	__u32 chunk_shift;	/* 0: default */
	__u32 flags;		/* AIPSNAP_ENABLE_* */
	struct aipsnap_identity identity;
	__u32 slot;		/* out */
	__u32 why;		/* out */
	struct aipsnap_id generation;	/* out: id of the first generation */
	__u32 reserved[4];
};
#define AIPSNAP_ENABLE		_IOWR(0xa1, 0x11, struct aipsnap_enable)

/** Names a slot. */
struct aipsnap_slot {
	__u32 slot;
	__u32 reserved;
};

/** Ends tracking and snapshots, takes the device out of the table. */
#define AIPSNAP_DISABLE		_IOW(0xa1, 0x12, struct aipsnap_slot)

/** Ends tracking and snapshots; the slot stays and is DIRTY on disk. */
#define AIPSNAP_STOP		_IOW(0xa1, 0x13, struct aipsnap_slot)

/**
 * First step of a start: from its return on every write is seen, and the
 * table says DIRTY for the device (both copies, FUA), which was written before
 * any write could pass.  The old generations have been read.  The caller now
 * reads the fingerprint, and says START_COMMIT (or STOP).
 *
 * EBUSY: not WAITING or FAILED.  EOPNOTSUPP with why.  EIO: the table could
 * not be written: the device is STARTING all the same, with a new lineage to
 * come; go on with START_COMMIT and set /.aipsnap_dirty.
 */
struct aipsnap_start_begin {
	__u32 slot;
	__u32 major, minor;
	__u32 flags;		/* 0 */
	__u32 why;		/* out: known reason for a new lineage, or NONE */
	__u32 reserved0;
	__u64 token;		/* out */
	__u32 reserved[4];
};
#define AIPSNAP_START_BEGIN	_IOWR(0xa1, 0x14, struct aipsnap_start_begin)

/**
 * Second step.  The kernel compares identity and fingerprint with the sealed
 * ones and decides.  ESTALE: token is not the one of the last START_BEGIN.
 */
#define AIPSNAP_START_NEW	(1 << 0)	/* a new lineage is wanted (`why` in: FLAG or NO_FINGERPRINT …) */
#define AIPSNAP_START_RESUMED	(1 << 1)	/* out */
struct aipsnap_start_commit {
	__u32 slot;
	__u32 flags;		/* in, out */
	__u32 why;		/* in, out: why it is a new lineage */
	__u32 reserved0;
	__u64 token;
	struct aipsnap_identity identity;
	struct aipsnap_fingerprint fingerprint;
	struct aipsnap_id lineage;	/* out */
	struct aipsnap_id generation;	/* out: the open one */
	__u32 reserved[4];
};
#define AIPSNAP_START_COMMIT	_IOWR(0xa1, 0x15, struct aipsnap_start_commit)

/**
 * First step of a seal: refuses a device that a read-write file system can
 * write, ends its snapshots, arms the holding hook, waits for the writes in
 * flight, writes the bitmaps, flushes.  The caller then reads the fingerprint.
 *
 * EBUSY with why (and holder, the file system's id as text); ETIMEDOUT.
 */
struct aipsnap_seal_begin {
	__u32 slot;
	__u32 timeout_ms;	/* for the writes in flight; 0: 5000 */
	__u32 why;		/* out */
	__u32 reserved0;
	__u64 token;		/* out */
	__u64 written;		/* out: bytes written to the table */
	char holder[64];	/* out */
	__u32 reserved[4];
};
#define AIPSNAP_SEAL_BEGIN	_IOWR(0xa1, 0x16, struct aipsnap_seal_begin)

/**
 * Second step: writes CLEAN, unless anything was written since SEAL_BEGIN
 * (EAGAIN, why = WRITTEN: the device is TRACKING again).  ESTALE: old token.
 */
struct aipsnap_seal_commit {
	__u32 slot;
	__u32 why;		/* out */
	__u64 token;
	struct aipsnap_identity identity;	/* what the file system is now */
	struct aipsnap_fingerprint fingerprint;	/* method 0: EINVAL */
	__u32 reserved[4];
};
#define AIPSNAP_SEAL_COMMIT	_IOWR(0xa1, 0x17, struct aipsnap_seal_commit)

/** Back from SEALING or SEALED (DIRTY is written first) to TRACKING. */
#define AIPSNAP_SEAL_ABORT	_IOW(0xa1, 0x18, struct aipsnap_slot)

/** A new lineage for a tracked device, at once (`why` is stored). */
struct aipsnap_new_lineage {
	__u32 slot;
	__u32 why;
	struct aipsnap_id lineage;	/* out */
	struct aipsnap_id generation;	/* out */
};
#define AIPSNAP_NEW_LINEAGE	_IOWR(0xa1, 0x19, struct aipsnap_new_lineage)

/**
 * Counts an extent of the device as changed, in the open generation.
 *
 * STARTING, with the token of START_BEGIN: takes effect with a commit that resumes, before
 * anybody can read the changes.  For what may have been written before the start without a
 * fingerprint that differs: a read-only mount of XFS writes superblock and log.
 * TRACKING: token 0.  EINVAL: outside of the device.  ESTALE: other token or state.
 */
struct aipsnap_mark {
	__u32 slot;
	__u32 flags;		/* 0 */
	__u64 token;
	__u64 sector;
	__u64 sectors;
	__u32 reserved[4];
};
#define AIPSNAP_MARK		_IOW(0xa1, 0x1a, struct aipsnap_mark)

/* ---- generations --------------------------------------------------------- */

#define AIPSNAP_GEN_MERGED	(1 << 0)	/* holds an older generation's changes too */
#define AIPSNAP_GEN_OPEN	(1 << 1)

struct aipsnap_generation {
	struct aipsnap_id id;
	__s64 time;		/* opened, seconds since 1970 */
	__u64 changed;		/* chunks marked in it */
	__u32 flags;		/* AIPSNAP_GEN_* */
	__u32 reserved;
};

/** Lists the generations of a slot, oldest first; ENOSPC: `nr` says how many. */
struct aipsnap_generations {
	__u32 slot;
	__u32 nr;		/* in: room, out: how many */
	__u64 list;		/* struct aipsnap_generation * */
};
#define AIPSNAP_GENERATIONS	_IOWR(0xa1, 0x20, struct aipsnap_generations)

/**
 * Reads what changed, as a bitmap: bit n of byte n / 8 is chunk first + n.
 *
 * OR of the generations from `since` on, up to the open one, or, with a
 * non-zero `until`, up to the one before `until`.  ENOENT: `since` or `until`
 * is not known (other lineage, merged away, rolled back): full backup needed.
 * `first` is a multiple of 8.  Beyond the device: nr_chunks is cut down.
 * The caller that reads in slices compares `lineage` of the slices.
 */
struct aipsnap_changes {
	__u32 slot;
	__u32 flags;		/* 0 */
	struct aipsnap_id since;
	struct aipsnap_id until;	/* all zero: now */
	__u64 first;
	__u64 nr_chunks;	/* in: bits of room in the buffer; out: bits filled */
	__u64 bitmap;		/* pointer, (nr_chunks + 7) / 8 bytes; 0: only count */
	__u64 changed;		/* out: set bits in the slice */
	__u64 chunks;		/* out: chunks of the device */
	__u64 sectors;		/* out: size of the device */
	__u32 chunk_shift;	/* out */
	__u32 reserved0;
	struct aipsnap_id lineage;	/* out */
	__u32 reserved[4];
};
#define AIPSNAP_CHANGES		_IOWR(0xa1, 0x21, struct aipsnap_changes)

/* ---- switch and snapshots ------------------------------------------------ */

/** A block device whose file system is to be frozen. */
struct aipsnap_freeze {
	__u32 major, minor;
};

/** Where a snapshot keeps old data. */
enum aipsnap_store {
	AIPSNAP_STORE_NONE = 0,		/* no snapshot: only switch the generation */
	AIPSNAP_STORE_FILE = 1,		/* preallocated file (unwritten extents are fine) */
	AIPSNAP_STORE_DEVICE = 2,	/* a block device, taken exclusively */
};

/** One device of a switch. */
struct aipsnap_member {
	__u32 slot;
	__u32 store;			/* enum aipsnap_store */
	struct aipsnap_file file;	/* STORE_FILE */
	__u32 major, minor;		/* STORE_DEVICE; out, snapshot: its device number */
	__u64 store_first;		/* STORE_DEVICE, STORE_FILE: first usable byte … */
	__u64 store_bytes;		/* … and how many; 0: all.  Members can share a file or device,
					 * each with room of its own: EBUSY, why OWN, where it overlaps */
	__u32 snapshot;			/* out: N of /dev/aipsnap<N> */
	__u32 why;			/* out */
	struct aipsnap_id closed;	/* out: generation closed by the switch */
	struct aipsnap_id opened;	/* out: "changed since this moment" */
};

/**
 * Freezes file systems in the order given (inner ones first), opens a new
 * generation on all members, makes their snapshots, all at one instant, and
 * thaws in reverse order.
 *
 * Returns after no write of the closed generations is in flight any more.
 * ETIMEDOUT: thawed after timeout_ms without a switch (a freeze, or a write that hangs below
 * a device that has a snapshot, does not come to an end).  On any error nothing
 * was switched and no snapshot was made.
 */
struct aipsnap_switch {
	__u32 nr_members;
	__u32 nr_freeze;
	__u64 members;		/* struct aipsnap_member *, in and out */
	__u64 freeze;		/* struct aipsnap_freeze * */
	__u32 timeout_ms;	/* for the freeze, and for writes on their way; 0: 10000 */
	__u32 why;		/* out */
	__u64 frozen_us;	/* out: from the first freeze to the last thaw */
	__u64 set;		/* out: number that the snapshots of one switch share */
	__u32 reserved[4];
};
#define AIPSNAP_SWITCH		_IOWR(0xa1, 0x30, struct aipsnap_switch)

#define AIPSNAP_SNAP_FAILED	(1 << 0)	/* why says; reads give EIO */

/** Status of snapshot N.  ENODEV: there is none. */
struct aipsnap_snapshot {
	__u32 snapshot;		/* in: N */
	__u32 slot;
	__u32 major, minor;	/* of /dev/aipsnap<N> */
	__u32 flags;		/* AIPSNAP_SNAP_* */
	__u32 why;
	__u32 chunk_shift;
	__u32 openers;
	__u64 set;
	__u64 sectors;
	__u64 store_chunks;	/* room */
	__u64 store_used;
	__s64 time;
	struct aipsnap_id opened;	/* generation opened with it */
	__u32 reserved[6];
};
#define AIPSNAP_SNAPSHOT	_IOWR(0xa1, 0x31, struct aipsnap_snapshot)

/** Removes snapshot N; EBUSY while its device is open. */
struct aipsnap_snapshot_remove {
	__u32 snapshot;
	__u32 reserved;
};
#define AIPSNAP_SNAPSHOT_REMOVE	_IOW(0xa1, 0x32, struct aipsnap_snapshot_remove)

#endif /* _UAPI_AIPSNAP_H */
