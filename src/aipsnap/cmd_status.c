// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * status: what is tracked, since when, and if something is not as it should be, why.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/blkdev.h"
#include "aipsnap/changes.h"
#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/tablefile.h"
#include "common/cleanup.h"
#include "common/rfc3339.h"

#define MAP_WIDTH 64

struct entry {
	struct aipsnap_device dev;
	struct aipsnap_generation gen[AIPSNAP_MAX_GENERATIONS];
	uint32_t n_gen;
	bool has_map;
	uint64_t changed; /* chunks since the generation of the map */
	char map[MAP_WIDTH + 1];
	char proof[160]; /* why the next start cannot resume, empty if it can */
};

struct status {
	struct aipsnap_info info;
	struct entry *list;
	size_t n;
};

struct wish {
	bool json, map, have_since;
	struct aipsnap_id since;
};

static int get_generations(int ctl, struct entry *e, struct aip_err *err)
{
	struct aipsnap_generations call = { .slot = e->dev.slot,
					    .nr = AIPSNAP_MAX_GENERATIONS,
					    .list = (uintptr_t)e->gen };
	int ret = ctl_call(ctl, AIPSNAP_GENERATIONS, &call);

	/* one that was not started in this boot may not tell */
	if (ret && e->dev.state == AIPSNAP_WAITING)
		return 0;
	e->n_gen = ret ? 0 : call.nr;
	return ret ? aip_err_errno(err, ret, "slot %u: reading its generations", e->dev.slot) : 0;
}

static int get_map(int ctl, struct entry *e, const struct wish *w, struct aip_err *err)
{
	_cleanup_(changes_free) struct changes c = { 0 };
	int ret;

	if (!e->n_gen || (!w->map && !w->have_since))
		return 0;
	ret = changes_read(ctl, e->dev.slot, w->have_since ? &w->since : &e->gen[0].id, NULL, &c,
			   err);
	if (ret == -ENOENT && w->have_since)
		return 0; /* an id of another device */
	if (ret)
		return ret;
	e->has_map = true;
	e->changed = c.changed;
	changes_map(&c, MAP_WIDTH, e->map);
	return 0;
}

/* Said now, so that nobody learns it only after the next restart. */
static void get_proof(struct entry *e)
{
	_cleanup_(fingerprint_free) struct fingerprint fp = FINGERPRINT_INIT;
	_cleanup_(reader_close) struct reader r = READER_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct blkdev b;

	if (e->dev.state == AIPSNAP_WAITING ||
	    blkdev_from_number(e->dev.major, e->dev.minor, &b, NULL) ||
	    reader_open(&r, b.node, &err) || fingerprint_identify(&r, &fp, &err))
		return;
	if (!strcmp(fp.kind, "none") && r.size > FP_CONTENT_MAX)
		snprintf(e->proof, sizeof(e->proof),
			 "no ext2/3/4, no XFS, no partition table on it");
}

static bool wanted(const struct aipsnap_device *dev, char *const *paths, int n)
{
	struct blkdev b;
	int i;

	for (i = 0; i < n; i++)
		if (!strncmp(dev->identity.name, paths[i], sizeof(dev->identity.name)) ||
		    (!blkdev_from_path(paths[i], &b, NULL) && b.major == dev->major &&
		     b.minor == dev->minor))
			return true;
	return !n;
}

static int collect(int ctl, const struct wish *w, char *const *paths, int n, struct status *s,
		   struct aip_err *err)
{
	unsigned int slot;
	int ret = 0;

	s->list = calloc(AIPSNAP_MAX_DEVICES, sizeof(*s->list));
	if (!s->list)
		return aip_err_errno(err, -ENOMEM, "status");
	for (slot = 0; !ret && slot < AIPSNAP_MAX_DEVICES; slot++) {
		struct entry *e = &s->list[s->n];

		ret = ctl_device(ctl, slot, &e->dev, err);
		if (ret == -ENODEV || (!ret && !wanted(&e->dev, paths, n))) {
			ret = 0;
			continue;
		}
		if (!ret)
			ret = get_generations(ctl, e, err);
		if (!ret)
			ret = get_map(ctl, e, w, err);
		get_proof(e);
		s->n++;
	}
	/* last: who asks for a device may bring the table up to date */
	return ret ? ret : ctl_info(ctl, &s->info, err);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void json_fixed(struct aip_jsonw *w, const char *name, const char *value, size_t room)
{
	size_t len = strnlen(value, room);

	if (len)
		aip_jsonw_strn(w, name, value, len);
	else
		aip_jsonw_null(w, name);
}

static void json_driver(struct aip_jsonw *w, const struct aipsnap_info *i)
{
	char id[ID_TEXT];

	aip_jsonw_object(w, "driver");
	json_fixed(w, "version", i->version, sizeof(i->version));
	aip_jsonw_bool(w, "off", i->flags & AIPSNAP_INFO_OFF);
	aip_jsonw_bool(w, "hook_armed", i->flags & AIPSNAP_INFO_HOOK);
	aip_jsonw_uint(w, "snapshots", i->snapshots);
	aip_jsonw_end(w);
	aip_jsonw_object(w, "table");
	aip_jsonw_bool(w, "loaded", i->flags & AIPSNAP_INFO_TABLE);
	if (i->flags & AIPSNAP_INFO_TABLE) {
		aip_jsonw_str(w, "id", id_text(&i->table, id));
		aip_jsonw_uint(w, "bytes", i->table_blocks * AIPSNAP_TABLE_BLOCK);
		aip_jsonw_uint(w, "free", i->table_free * AIPSNAP_TABLE_BLOCK);
		aip_jsonw_uint(w, "written", i->table_written);
		aip_jsonw_bool(w, "failed", i->flags & AIPSNAP_INFO_TABLE_BAD);
	} else if (i->table_why) {
		aip_jsonw_str(w, "why", why_token(i->table_why));
		aip_jsonw_str(w, "why_text", why_text(i->table_why));
	}
	aip_jsonw_bool(w, "dirty_flag", flag_exists());
	aip_jsonw_end(w);
}

static void json_generations(struct aip_jsonw *w, const struct entry *e)
{
	char id[ID_TEXT], time[AIP_RFC3339_LEN];
	uint32_t i;

	aip_jsonw_array(w, "generations");
	for (i = 0; i < e->n_gen; i++) {
		const struct aipsnap_generation *g = &e->gen[i];

		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "id", id_text(&g->id, id));
		aip_jsonw_str(w, "opened", aip_rfc3339(g->time, time));
		aip_jsonw_uint(w, "changed", g->changed);
		aip_jsonw_bool(w, "open", g->flags & AIPSNAP_GEN_OPEN);
		aip_jsonw_bool(w, "merged", g->flags & AIPSNAP_GEN_MERGED);
		aip_jsonw_end(w);
	}
	aip_jsonw_end(w);
}

static void json_device(struct aip_jsonw *w, const struct entry *e)
{
	const struct aipsnap_device *d = &e->dev;
	char id[ID_TEXT], text[32];

	aip_jsonw_object(w, NULL);
	json_fixed(w, "name", d->identity.name, sizeof(d->identity.name));
	aip_jsonw_uint(w, "slot", d->slot);
	aip_jsonw_str(w, "state", state_text(d->state));
	json_fixed(w, "type", d->identity.fs_type, sizeof(d->identity.fs_type));
	json_fixed(w, "uuid", d->identity.uuid, sizeof(d->identity.uuid));
	snprintf(text, sizeof(text), "%u:%u", d->major, d->minor);
	aip_jsonw_str(w, "dev", text);
	aip_jsonw_uint(w, "size", d->sectors << AIPSNAP_SECTOR_SHIFT);
	aip_jsonw_uint(w, "chunk", 1ULL << d->chunk_shift);
	aip_jsonw_bool(w, "saved", !(d->flags & AIPSNAP_DEV_UNSAVED));
	aip_jsonw_str(w, "lineage", id_text(&d->lineage, id));
	aip_jsonw_str(w, "lineage_since", aip_rfc3339(d->lineage_time, text));
	aip_jsonw_str(w, "why", why_token(d->why));
	aip_jsonw_str(w, "why_text", why_text(d->why));
	aip_jsonw_bool(w, "provable", !e->proof[0]);
	aip_jsonw_uint(w, "writes", d->writes);
	aip_jsonw_uint(w, "memory", d->memory);
	aip_jsonw_uint(w, "snapshots", d->snapshots);
	json_generations(w, e);
	if (e->has_map) {
		aip_jsonw_uint(w, "changed", e->changed);
		aip_jsonw_str(w, "map", e->map);
	}
	aip_jsonw_end(w);
}

static void put_json(const struct status *s, struct aip_buf *out)
{
	struct aip_jsonw w;
	size_t i;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	json_driver(&w, &s->info);
	aip_jsonw_array(&w, "devices");
	for (i = 0; i < s->n; i++)
		json_device(&w, &s->list[i]);
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
}

/* ---- text ------------------------------------------------------------------------ */

static void put_device(const struct entry *e, struct aip_buf *out)
{
	const struct aipsnap_device *d = &e->dev;
	char size[24], chunk[24], changed[24], time[AIP_RFC3339_LEN], id[ID_TEXT];
	uint32_t i;

	aip_buf_fmt(out, "%.80s: %s, %s in chunks of %s", d->identity.name, state_text(d->state),
		    size_text(d->sectors << AIPSNAP_SECTOR_SHIFT, size),
		    size_text(1ULL << d->chunk_shift, chunk));
	if (d->identity.fs_type[0])
		aip_buf_fmt(out, ", %.16s %.48s", d->identity.fs_type, d->identity.uuid);
	aip_buf_chr(out, '\n');
	if (d->state != AIPSNAP_WAITING)
		aip_buf_fmt(out, "  lineage since %s: %s\n", aip_rfc3339(d->lineage_time, time),
			    why_text(d->why));
	if (d->flags & AIPSNAP_DEV_UNSAVED)
		aip_buf_str(out, "  in memory only: a restart begins a new lineage\n");
	else if (e->proof[0])
		aip_buf_fmt(
			out,
			"  cannot prove that it is unchanged after a restart (%s): every start begins a new lineage\n",
			e->proof);
	for (i = 0; i < e->n_gen; i++)
		aip_buf_fmt(out, "  %s  %s  %s changed%s\n", id_text(&e->gen[i].id, id),
			    aip_rfc3339(e->gen[i].time, time),
			    size_text(e->gen[i].changed << d->chunk_shift, changed),
			    e->gen[i].flags & AIPSNAP_GEN_OPEN ? ", open" : "");
	if (e->has_map)
		aip_buf_fmt(out, "  [%s] %s\n", e->map,
			    size_text(e->changed << d->chunk_shift, changed));
}

static void put_text(const struct status *s, struct aip_buf *out)
{
	const struct aipsnap_info *info = &s->info;
	char size[24], room[24];
	size_t i;

	aip_buf_fmt(out, "driver %.32s%s, ", info->version,
		    info->flags & AIPSNAP_INFO_OFF ? " (off by aip=off)" : "");
	if (info->flags & AIPSNAP_INFO_TABLE)
		aip_buf_fmt(out, "table of %s, %s free%s\n",
			    size_text(info->table_blocks * AIPSNAP_TABLE_BLOCK, size),
			    size_text(info->table_free * AIPSNAP_TABLE_BLOCK, room),
			    info->flags & AIPSNAP_INFO_TABLE_BAD ? ", CANNOT BE WRITTEN" : "");
	else if (info->table_why)
		aip_buf_fmt(out, "table refused: %s\n", why_text(info->table_why));
	else
		aip_buf_str(out, "no table\n");
	if (flag_exists())
		aip_buf_str(out, FLAG_PATH " is there: the next boot begins new lineages\n");
	for (i = 0; i < s->n; i++)
		put_device(&s->list[i], out);
	if (!s->n)
		aip_buf_str(out, "no device is tracked\n");
}

int cmd_status(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = { { "map", no_argument, NULL, 'm' },
						 { "since", required_argument, NULL, 's' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	struct status s = { 0 };
	struct wish w = { 0 };
	int c, ret;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 'j')
			w.json = true;
		else if (c == 'm')
			w.map = true;
		else if (c == 's' && !id_parse(optarg, &w.since))
			w.have_since = true;
		else
			return cmd_usage(self);
	}
	ctl = ctl_open(0, &err);
	ret = ctl < 0 ? ctl : collect(ctl, &w, argv + optind, argc - optind, &s, &err);
	if (!ret)
		w.json ? put_json(&s, &out) : put_text(&s, &out);
	free(s.list);
	return ret ? cmd_fail(&err) : cmd_print(&out);
}
