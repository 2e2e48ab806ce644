/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.h: /var/lib/aip: flags that outlive a run, and pristine copies of files.
 */
#ifndef AIP_STATE_H
#define AIP_STATE_H

#include "aipmng/aipmng.h"
#include "common/buf.h"

#define AIP_FLAG_HOLD	  "hold"     /* reverted by hand: leave the scripts alone until --patches */
#define AIP_FLAG_REMOVING "removing" /* the package is going: nobody patches any more */

/** state_flag - Return: whether the flag @name is set. */
bool state_flag(const struct ctx *ctx, const char *name);

/** state_flag_set - set it, durably; @why becomes its content. Return: 0 or -errno. */
int state_flag_set(const struct ctx *ctx, const char *name, const char *why, struct aip_err *err);

/** state_flag_clear - clear it, durably; one that is not set is fine. Return: 0 or -errno. */
int state_flag_clear(const struct ctx *ctx, const char *name, struct aip_err *err);

/**
 * pristine_save - keep a copy of a file's bytes under their SHA-256, durably
 * A copy that is there and right is left as it is.
 * Return: 0 or -errno.
 */
int pristine_save(const struct ctx *ctx, const char *sha256, const void *data, size_t len,
		  struct aip_err *err);

/**
 * pristine_load - append the bytes with this SHA-256
 * Return: 0; -ENOENT; -EBADMSG when the copy is damaged; or -errno.
 */
int pristine_load(const struct ctx *ctx, const char *sha256, struct aip_buf *out,
		  struct aip_err *err);

/** pristine_sweep - remove copies that none of the @n digests in @keep names, and temporary files. */
void pristine_sweep(const struct ctx *ctx, const char *const *keep, size_t n);

/** state_sweep - remove temporary files that a killed run left in @dirfd. */
void state_sweep(int dirfd);

/** is_temp_name - Return: whether @name looks like one made by aip_temp_name(), for @base or (NULL) any file. */
bool is_temp_name(const char *name, const char *base);

#endif
