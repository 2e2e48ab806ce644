// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * generation new, snapshot create|list|remove.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aipsnap/bound.h"
#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/report.h"
#include "aipsnap/store.h"
#include "aipsnap/switch.h"
#include "common/cleanup.h"
#include "common/rfc3339.h"

#define STORE_PERCENT 10

struct wish {
	struct switching s;
	bool json, all;
	int seconds; /* --timeout, 0: not given */
};

static int parse_size(const char *text, struct switching *s)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end != text && !strcmp(end, "%")) {
		s->store_percent = n;
		return n >= 1 && n <= 100 ? 0 : -EINVAL;
	}
	return size_parse(text, &s->store_bytes);
}

static int parse(const struct command *self, int argc, char **argv, struct wish *w)
{
	static const struct option options[] = { { "store", required_argument, NULL, 'S' },
						 { "size", required_argument, NULL, 's' },
						 { "timeout", required_argument, NULL, 'T' },
						 { "no-freeze", no_argument, NULL, 'n' },
						 { "all", no_argument, NULL, 'a' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	int c, seconds = 0;

	w->s = (struct switching){ .freeze = true,
				   .store = STORE_FOLDER,
				   .store_percent = STORE_PERCENT };
	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 'S')
			w->s.store = optarg;
		else if (c == 'n')
			w->s.freeze = false;
		else if (c == 'a' || c == 'j')
			*(c == 'a' ? &w->all : &w->json) = true;
		else if (!(c == 's' && !parse_size(optarg, &w->s)) &&
			 !(c == 'T' && !cmd_seconds(optarg, &seconds)))
			return -EINVAL;
	}
	w->s.timeout = seconds ? seconds : 10;
	w->seconds = seconds;
	return 0;
}

static void put_json(const struct switching *s, struct aip_buf *out)
{
	struct aip_jsonw w;
	char id[ID_TEXT], node[32];
	size_t i;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_uint(&w, "frozen_us", s->frozen_us);
	if (s->snapshots)
		aip_jsonw_uint(&w, "set", s->set);
	aip_jsonw_array(&w, "devices");
	for (i = 0; i < s->n; i++) {
		const struct switch_member *m = &s->member[i];

		aip_jsonw_object(&w, NULL);
		aip_jsonw_str(&w, "name", m->dev.name);
		aip_jsonw_uint(&w, "size", m->status.sectors << AIPSNAP_SECTOR_SHIFT);
		aip_jsonw_uint(&w, "chunk", 1ULL << m->status.chunk_shift);
		aip_jsonw_str(&w, "lineage", id_text(&m->status.lineage, id));
		aip_jsonw_str(&w, "closed", id_text(&m->closed, id));
		aip_jsonw_str(&w, "opened", id_text(&m->opened, id));
		if (s->snapshots) {
			snprintf(node, sizeof(node), "/dev/aipsnap%u", m->snapshot);
			aip_jsonw_uint(&w, "snapshot", m->snapshot);
			aip_jsonw_str(&w, "node", node);
			aip_jsonw_str(&w, "store", m->store_file ? m->store_file : s->store);
		}
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
}

static void put_text(const struct switching *s, struct aip_buf *out)
{
	char id[ID_TEXT];
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct switch_member *m = &s->member[i];

		aip_buf_fmt(out, "%s: generation %s", m->dev.name, id_text(&m->opened, id));
		if (s->snapshots)
			aip_buf_fmt(out, ", snapshot /dev/aipsnap%u", m->snapshot);
		aip_buf_chr(out, '\n');
	}
}

/* Both verbs: the same switch, with or without snapshots. */
static int do_switch(struct wish *w, char *const *paths, size_t n)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	_cleanup_close_ int ctl = -1;
	size_t i;
	int ret = sysfs_ensure(&err);

	if (!ret)
		ctl = ctl_open(0, &err);
	if (!ret && ctl >= 0)
		ret = switch_find(ctl, &w->s, paths, n, &err);
	if (!ret && ctl >= 0)
		ret = switch_do(ctl, &w->s, &err);
	for (i = 0; !ret && ctl >= 0 && i < w->s.n; i++)
		if (w->s.member[i].store_file)
			store_note(w->s.member[i].snapshot, w->s.member[i].store_file, &err);
	if (ret || ctl < 0) {
		ret = cmd_fail(&err);
	} else {
		if (err.code)
			fprintf(stderr, "aipsnap: %s\n", err.msg);
		w->json ? put_json(&w->s, &out) : put_text(&w->s, &out);
		ret = cmd_print(&out);
	}
	switch_free(&w->s);
	return ret;
}

int cmd_generation(const struct command *self, int argc, char **argv)
{
	struct wish w = { 0 };

	if (parse(self, argc, argv, &w) || optind >= argc || strcmp(argv[optind], "new") ||
	    w.all != (optind + 1 == argc))
		return cmd_usage(self);
	return do_switch(&w, argv + optind + 1, argc - optind - 1);
}

/* ---- list, remove -------------------------------------------------------------- */

static int get_snapshot(int ctl, unsigned int n, struct aipsnap_snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	snap->snapshot = n;
	return ctl_call(ctl, AIPSNAP_SNAPSHOT, snap);
}

static void list_json(int ctl, struct aip_buf *out)
{
	struct aipsnap_snapshot snap;
	struct aipsnap_device dev;
	struct aip_jsonw w;
	char id[ID_TEXT], text[32], *store;
	unsigned int n;

	aip_jsonw_init(&w, out, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_array(&w, "snapshots");
	for (n = 0; n < AIPSNAP_MAX_SNAPSHOTS; n++) {
		if (get_snapshot(ctl, n, &snap))
			continue;
		aip_jsonw_object(&w, NULL);
		aip_jsonw_uint(&w, "snapshot", n);
		snprintf(text, sizeof(text), "/dev/aipsnap%u", n);
		aip_jsonw_str(&w, "node", text);
		if (!ctl_device(ctl, snap.slot, &dev, NULL)) {
			aip_jsonw_strn(&w, "name", dev.identity.name,
				       strnlen(dev.identity.name, sizeof(dev.identity.name)));
			aip_jsonw_str(&w, "lineage", id_text(&dev.lineage, id));
		}
		aip_jsonw_uint(&w, "chunk", 1ULL << snap.chunk_shift);
		aip_jsonw_uint(&w, "set", snap.set);
		aip_jsonw_uint(&w, "size", snap.sectors << AIPSNAP_SECTOR_SHIFT);
		aip_jsonw_str(&w, "time", aip_rfc3339(snap.time, text));
		aip_jsonw_str(&w, "opened", id_text(&snap.opened, id));
		store = store_noted(n);
		if (store)
			aip_jsonw_str(&w, "store", store);
		free(store);
		aip_jsonw_uint(&w, "store_bytes", snap.store_chunks << snap.chunk_shift);
		aip_jsonw_uint(&w, "store_used", snap.store_used << snap.chunk_shift);
		aip_jsonw_uint(&w, "openers", snap.openers);
		aip_jsonw_bool(&w, "failed", snap.flags & AIPSNAP_SNAP_FAILED);
		if (snap.why)
			aip_jsonw_str(&w, "why", why_token(snap.why));
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
}

static void list_text(int ctl, struct aip_buf *out)
{
	struct aipsnap_snapshot snap;
	struct aipsnap_device dev;
	char time[AIP_RFC3339_LEN], used[24], room[24], *store;
	unsigned int n;

	for (n = 0; n < AIPSNAP_MAX_SNAPSHOTS; n++) {
		if (get_snapshot(ctl, n, &snap))
			continue;
		if (ctl_device(ctl, snap.slot, &dev, NULL))
			memset(&dev, 0, sizeof(dev));
		aip_buf_fmt(out, "/dev/aipsnap%u of %.80s, %s, storage %s of %s", n,
			    dev.identity.name, aip_rfc3339(snap.time, time),
			    size_text(snap.store_used << snap.chunk_shift, used),
			    size_text(snap.store_chunks << snap.chunk_shift, room));
		/* a file in use keeps its file system from being unmounted: people look here for why */
		store = store_noted(n);
		if (store)
			aip_buf_fmt(out, " in %s", store);
		free(store);
		if (snap.flags & AIPSNAP_SNAP_FAILED)
			aip_buf_fmt(out, ", ended: %s", why_text(snap.why));
		aip_buf_chr(out, '\n');
	}
}

/* "3" or "/dev/aipsnap3". Return: the number, or -EINVAL. */
static int parse_number(const char *s)
{
	char *end;
	long n;

	if (!strncmp(s, "/dev/aipsnap", 12))
		s += 12;
	n = strtol(s, &end, 10);
	return end == s || *end || n < 0 || n >= AIPSNAP_MAX_SNAPSHOTS ? -EINVAL : (int)n;
}

static int remove_one(int ctl, unsigned int n, struct aip_err *err)
{
	struct aipsnap_snapshot_remove call = { .snapshot = n };
	int ret = ctl_call(ctl, AIPSNAP_SNAPSHOT_REMOVE, &call);

	if (ret == -EBUSY) {
		aip_err_set(err, ret, "/dev/aipsnap%u: is in use", n);
		return aip_err_hint(err, "unmount it, and end what reads it");
	}
	if (ret == -ENODEV)
		return aip_err_set(err, ret, "/dev/aipsnap%u: there is no such snapshot", n);
	if (ret)
		return aip_err_errno(err, ret, "/dev/aipsnap%u: cannot be removed", n);
	store_release(n);
	return 0;
}

static int remove_many(int ctl, const struct wish *w, char *const *names, int count)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	struct aipsnap_snapshot snap;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_jsonw json;
	int i, n, ret = EXIT_OK;

	aip_jsonw_init(&json, &out, true);
	aip_jsonw_object(&json, NULL);
	aip_jsonw_array(&json, "removed");
	for (i = 0; i < (w->all ? AIPSNAP_MAX_SNAPSHOTS : count); i++) {
		n = w->all ? i : parse_number(names[i]);
		if (w->all && get_snapshot(ctl, n, &snap))
			continue;
		if (n < 0)
			aip_err_set(&err, n, "%s: not the number of a snapshot", names[i]);
		if (n < 0 || remove_one(ctl, n, &err))
			ret = cmd_fail(&err);
		else
			aip_jsonw_int(&json, NULL, n);
	}
	aip_jsonw_end(&json);
	aip_jsonw_end(&json);
	if (w->json && cmd_print(&out))
		return EXIT_ERROR;
	return ret;
}

struct removal {
	int ctl;
	const struct wish *w;
	char **names;
	int count;
};

static int remove_work(void *arg)
{
	const struct removal *r = arg;

	return remove_many(r->ctl, r->w, r->names, r->count);
}

/* One whose storage hangs waits for it: a shutdown gives a limit. */
static int do_remove(int ctl, const struct wish *w, char **names, int count)
{
	struct removal r = { ctl, w, names, count };

	if (!w->seconds)
		return remove_work(&r);
	return report_bound("snapshot remove", bound_run(remove_work, &r, w->seconds), w->seconds);
}

int cmd_snapshot(const struct command *self, int argc, char **argv)
{
	_cleanup_buf_ struct aip_buf out = AIP_BUF_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	struct wish w = { 0 };
	const char *verb;
	int rest;

	if (parse(self, argc, argv, &w) || optind >= argc)
		return cmd_usage(self);
	verb = argv[optind++];
	rest = argc - optind;
	if (!strcmp(verb, "create") && w.all == !rest) {
		w.s.snapshots = true;
		return do_switch(&w, argv + optind, rest);
	}
	if (strcmp(verb, "remove") ? strcmp(verb, "list") || rest || w.all : w.all != !rest)
		return cmd_usage(self);
	ctl = ctl_open(0, &err);
	if (ctl < 0)
		return cmd_fail(&err);
	if (!strcmp(verb, "remove"))
		return do_remove(ctl, &w, argv + optind, rest);
	w.json ? list_json(ctl, &out) : list_text(ctl, &out);
	return cmd_print(&out);
}
