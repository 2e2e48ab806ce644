// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * changes DEV --since ID: what to copy in an incremental backup.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipsnap/changes.h"
#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/blkdev.h"
#include "common/cleanup.h"

/* Head of the binary form; the bitmap of (chunks + 7) / 8 bytes follows. All little-endian. */
struct changes_head {
	char magic[8]; /* "AIPCHNG1" */
	uint32_t chunk_shift;
	uint32_t reserved;
	uint64_t bytes; /* of the device */
	uint64_t chunks;
	uint64_t changed;
	uint64_t reserved2;
	struct aipsnap_id lineage;
};

enum form { TEXT, JSON, BINARY };

static void put_text(const struct changes *c, struct aip_buf *out)
{
	uint64_t at = 0, start, len;

	while (changes_next(c, &at, &start, &len))
		aip_buf_fmt(out, "%" PRIu64 " %" PRIu64 "\n", start, len);
}

static void put_json(const struct changes *c, const struct blkdev *b, const char *since,
		     const char *until, struct aip_buf *out)
{
	uint64_t at = 0, start, len, bytes = 0;
	struct aip_jsonw w;
	char id[ID_TEXT];

	aip_jsonw_init(&w, out, false);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "name", b->name);
	aip_jsonw_uint(&w, "size", c->bytes);
	aip_jsonw_uint(&w, "chunk", 1ULL << c->chunk_shift);
	aip_jsonw_str(&w, "lineage", id_text(&c->lineage, id));
	aip_jsonw_str(&w, "since", since);
	if (until)
		aip_jsonw_str(&w, "until", until);
	aip_jsonw_uint(&w, "changed_chunks", c->changed);
	aip_jsonw_array(&w, "extents");
	while (changes_next(c, &at, &start, &len)) {
		aip_jsonw_array(&w, NULL);
		aip_jsonw_uint(&w, NULL, start);
		aip_jsonw_uint(&w, NULL, len);
		aip_jsonw_end(&w);
		bytes += len;
	}
	aip_jsonw_end(&w);
	aip_jsonw_uint(&w, "changed_bytes", bytes);
	aip_jsonw_end(&w);
	aip_buf_chr(out, '\n');
}

static void put_binary(const struct changes *c, struct aip_buf *out)
{
	struct changes_head h = {
		.chunk_shift = htole32(c->chunk_shift),
		.bytes = htole64(c->bytes),
		.chunks = htole64(c->chunks),
		.changed = htole64(c->changed),
		.lineage = c->lineage,
	};

	memcpy(h.magic, "AIPCHNG1", 8);
	aip_buf_add(out, &h, sizeof(h));
	aip_buf_add(out, c->bits, (c->chunks + 7) / 8);
}

int cmd_changes(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = { { "since", required_argument, NULL, 's' },
						 { "until", required_argument, NULL, 'u' },
						 { "binary", no_argument, NULL, 'b' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	_cleanup_(changes_free) struct changes changes = { 0 };
	_cleanup_close_ int ctl = -1;
	const char *since = NULL, *until = NULL;
	struct aip_err err = AIP_ERR_INIT;
	struct aipsnap_id from, to;
	struct aipsnap_device dev;
	enum form form = TEXT;
	struct blkdev b;
	int c, ret;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 's')
			since = optarg;
		else if (c == 'u')
			until = optarg;
		else if (c == 'b' || c == 'j')
			form = c == 'b' ? BINARY : JSON;
		else
			return cmd_usage(self);
	}
	if (argc - optind != 1 || !since || id_parse(since, &from) ||
	    (until && id_parse(until, &to)))
		return cmd_usage(self);
	ctl = ctl_open(0, &err);
	ret = ctl < 0 ? ctl : blkdev_from_path(argv[optind], &b, &err);
	if (!ret && ctl_find(ctl, b.major, b.minor, &dev, &err))
		ret = aip_err_set(&err, -ENODATA, "%s: is not tracked", b.name);
	if (!ret)
		ret = changes_read(ctl, dev.slot, &from, until ? &to : NULL, &changes, &err);
	if (ret == -ENOENT)
		aip_err_exit(&err, EXIT_UNKNOWN_ID);
	if (ret)
		return cmd_fail(&err);
	if (form == JSON)
		put_json(&changes, &b, since, until, &out);
	else if (form == BINARY)
		put_binary(&changes, &out);
	else
		put_text(&changes, &out);
	return cmd_print(&out);
}
