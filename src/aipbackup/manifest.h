/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest.h: NNNN.json, what a backup is.  Written atomically, last: a backup
 * without its manifest does not exist, and the next run removes what is left of it.
 *
 *   { "format": 1, "set": "<uuid>", "id": "0003", "kind": "incremental", "parent": "0002",
 *     "created": "2026-11-22T09:15:00Z", "reason": "…",
 *     "source": { "device": "/dev/vdb", "uuid": "…", "fs": "ext4", "size": N, "chunk": 65536 },
 *     "tracking": { "lineage": "<32 hex>", "generation": "<32 hex>" },      (null without tracking)
 *     "store": { "type": "qcow2", "file": "0003.qcow2" }                     (or "nbd" and "uri")
 *     "sums": { "file": "0003.sums", "xxh128": "<32 hex>", "chunks": N },
 *     "bytes": { "read": N, "stored": N, "zero": N, "unused": N }, "seconds": N,
 *     "tools": { "aipbackup": "…", "kernel": "…" }, "pruned": true }
 *
 * "pruned" (only when true): being merged into its child, no longer to be restored.
 */
#ifndef AIP_MANIFEST_H
#define AIP_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"

#define AIP_MANIFEST_FORMAT 1
#define AIP_ID_LEN	    4

enum aip_kind_of_backup { AIP_FULL, AIP_INCREMENTAL };
enum aip_store_type { AIP_STORE_QCOW2, AIP_STORE_NBD };

struct aip_manifest {
	char id[AIP_ID_LEN + 1];     /* "0001" … "9999" */
	char parent[AIP_ID_LEN + 1]; /* "" for a full backup */
	char set[37];		     /* UUID that all backups of a set share */
	enum aip_kind_of_backup kind;
	time_t created;			  /* the moment of the image */
	char *reason;			  /* why it is full or incremental */
	char *device;			  /* name of the source when it was made, for people */
	char *uuid, *fs;		  /* of its file system or partition table, may be "" */
	uint64_t size;			  /* bytes of the device */
	uint32_t chunk;			  /* bytes */
	char lineage[33], generation[33]; /* hex, "" without tracking */
	enum aip_store_type store;
	char *where; /* file name in the set's folder, or NBD URI */
	char *sums;  /* file name */
	char sums_digest[33];
	uint64_t chunks;		     /* records in the checksum file */
	uint64_t read, stored, zero, unused; /* bytes */
	uint64_t seconds;
	char *kernel; /* release it was made on */
	bool pruned;  /* being merged into its child */
};

/** aip_manifest_parse - read one strictly. Return: 0, -EBADMSG or -ENOMEM. Free on success. */
int aip_manifest_parse(const void *data, size_t len, const char *name, struct aip_manifest *m,
		       struct aip_err *err);

/** aip_manifest_write - append it as JSON. */
void aip_manifest_write(const struct aip_manifest *m, struct aip_buf *out);

void aip_manifest_free(struct aip_manifest *m);

#endif
