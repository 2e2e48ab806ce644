/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gpg.h: signing with gpg, run as a program: its agent, its smart cards, its passphrases.
 */
#ifndef MKINDEX_GPG_H
#define MKINDEX_GPG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

/**
 * gpg_sign - a detached signature with SHA-256
 * @key: what gpg --local-user takes: fingerprint, key id, mail address; with '!' behind it that very subkey
 * @armor: as text (for repomd.xml.asc), else binary
 * @sig: appended
 * @fingerprint: of the key that signed, lower-case hex, 41 bytes
 * Return: 0, -ENOENT (no gpg), -EKEYREJECTED (gpg failed; the message has its words), or -errno.
 */
int gpg_sign(const char *key, const void *data, size_t len, bool armor, struct aip_buf *sig,
	     char fingerprint[41], struct aip_err *err);

/** gpg_export - append the public key @key, binary. Return: as gpg_sign(). */
int gpg_export(const char *key, struct aip_buf *out, struct aip_err *err);

#endif
