/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accept.h: which of the well-signed indexes are taken, and the memory that this
 * needs: /var/lib/aip/state.json.
 *
 * For each stream it keeps the highest serial that was ever accepted and the
 * digest of that payload: a lower serial is refused, and so is the same one with
 * other bytes.  It also keeps the keys that indexes revoked, for good, and the
 * latest "issued", below which this machine's clock is not believed.
 *
 * A state file that cannot be read must neither let an old index in nor lock
 * the machine out of new ones: it is put aside (state.json.damaged), the cached
 * indexes say again where their streams stand (accept_note), and a stream that nothing
 * is known of is refused from the network until --reset-serial names it.
 * The shipped index and the cached ones stay in use.  A state file that a newer aip
 * wrote is kept as it is: nothing new is accepted.  A missing file is a fresh start.
 */
#ifndef AIP_ACCEPT_H
#define AIP_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "aipmng/aipmng.h"
#include "common/buf.h"
#include "common/err.h"
#include "patch/index.h"

#define ACCEPT_FILE	   "state.json" /* in AIP_STATE_DIR */
#define ACCEPT_VERSION	   1
#define ACCEPT_MAX_BYTES   (4u << 20)
#define ACCEPT_MAX_STREAMS 64
#define ACCEPT_MAX_REVOKED 10000
#define ACCEPT_AHEAD	   86400 /* seconds that a publisher's clock may be ahead of ours */

struct accept_stream {
	char name[65];
	int64_t serial; /* highest accepted; 0: none, whatever comes is accepted (--reset-serial) */
	char sha256[AIP_SHA256_HEX]; /* of that payload */
	time_t issued;		     /* as far as it was believed, see accept_note() */
};

struct accept_revoked {
	char *fingerprint;
	char *stream; /* that brought it */
};

struct accept_state {
	struct accept_stream *streams;
	size_t n_streams;
	struct accept_revoked *revoked;
	size_t n_revoked;
	bool lost;    /* what was remembered was damaged once: unknown streams are refused */
	bool damaged; /* the file is damaged now, and is put aside before it is written */
	bool frozen;  /* the file is a newer aip's: never written */
};

#define ACCEPT_STATE_INIT                                                                          \
	{                                                                                          \
		0                                                                                  \
	}

/**
 * accept_parse - read a state file's bytes
 * @st: zeroed by the caller; filled on success; release with accept_free() in any case
 * Return: 0; -EBADMSG (damaged), -EPROTONOSUPPORT (another version), -ENOMEM.
 */
int accept_parse(const void *data, size_t len, struct accept_state *st, struct aip_err *err);

/** accept_write - append the state as JSON. Return: 0 or -ENOMEM. */
int accept_write(const struct accept_state *st, struct aip_buf *out);

void accept_free(struct accept_state *st);

/**
 * accept_load - read the state of the root
 * @warn: gets a line when the file is damaged or a newer one; or NULL
 * Return: 0 (also then, see .damaged and .frozen); or -ENOMEM.
 */
int accept_load(const struct ctx *ctx, struct accept_state *st, struct aip_err *warn);

/**
 * accept_save - write the state, atomically and durably
 * Return: 0; -EROFS when it is frozen; or -errno.
 */
int accept_save(const struct ctx *ctx, struct accept_state *st, struct aip_err *err);

/**
 * accept_lock - keep other aipmng from changing state and cache
 * Waits up to 10 s. Return: a descriptor to close, or -errno (-EAGAIN: somebody holds it).
 */
int accept_lock(const struct ctx *ctx, struct aip_err *err);

/** accept_find - Return: what is known of a stream, or NULL. */
const struct accept_stream *accept_find(const struct accept_state *st, const char *stream);

/**
 * accept_judge - may this index be used?
 * @network: it just came from outside: then expiry counts, and a lost state
 * @now: see accept_clock()
 *
 * Return: 1 it is the one accepted before; 0 it is a new one; -ESTALE (older serial), -EBADMSG (the same
 * serial, other content), -ETIME (expired, or issued in the future), -EPERM (unknown stream after a lost state, or a
 * frozen state), all with exit code 4.
 */
int accept_judge(const struct accept_state *st, const struct aip_index *idx, bool network,
		 time_t now, const char *name, struct aip_err *err);

/** accept_refuse_old - the error for a serial that is older than what is known. Return: -ESTALE, exit code 4. */
int accept_refuse_old(const struct accept_stream *s, int64_t serial, const char *name,
		      struct aip_err *err);

/**
 * accept_note - remember an index that is used: serial, time of issue and revoked keys
 * @now: see accept_clock(); however late the index was issued, it moves that clock by a day at most
 * Return: 1 something new, 0 nothing, -EFBIG (too many streams or revoked keys), -ENOMEM.
 */
int accept_note(struct accept_state *st, const struct aip_index *idx, time_t now);

/**
 * accept_forget - forget where a stream stands; the keys that it revoked stay revoked
 * Return: 0, -ENOENT (nothing known of it, and nothing lost), -EFBIG or -ENOMEM.
 */
int accept_forget(struct accept_state *st, const char *stream);

/** accept_clock - Return: the machine's time, but never below aip's own build or what was issued. */
time_t accept_clock(const struct accept_state *st);

/** accept_is_stream - Return: whether @s can be the name of a stream. */
bool accept_is_stream(const char *s);

#endif
