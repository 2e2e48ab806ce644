// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * enable, disable, stop: which devices are tracked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/report.h"
#include "aipsnap/settable.h"
#include "aipsnap/tablefile.h"
#include "aipsnap/track.h"
#include "aipsnap/tracked.h"
#include "common/cleanup.h"

struct enable {
	bool json, unsaved, new_table;
	unsigned int chunk_shift;
	uint64_t table_size;
};

/*
 * The list for the day on which the table is lost; failing to write it costs no tracking.
 * What it names beyond the table (a device that is away) stays in it, but for @gone.
 */
static void remember(int ctl, const struct tracked *gone)
{
	struct aip_err err = AIP_ERR_INIT;
	struct tracked t, old;

	if (tracked_collect(ctl, &t, &err) ||
	    (tracked_read(TRACKED_PATH, &old, &err) == 0 && tracked_merge(&t, &old, gone, &err)) ||
	    tracked_write(TRACKED_PATH, &t, &err))
		fprintf(stderr, "aipsnap: %s\n", err.msg);
}

static void note_gone(struct tracked *gone, const struct aipsnap_identity *id)
{
	if (gone->n < AIPSNAP_MAX_DEVICES)
		gone->list[gone->n++].id = *id;
}

/* In the table already, but not started in this boot: what is on it now is anybody's guess. */
static int find_waiting(int ctl, const struct aipsnap_identity *id, unsigned int *found)
{
	struct aipsnap_device dev;
	unsigned int slot;

	for (slot = 0; id->uuid[0] && slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, &dev, NULL) &&
		    (dev.state == AIPSNAP_WAITING || dev.state == AIPSNAP_FAILED) &&
		    !strncmp(dev.identity.uuid, id->uuid, sizeof(id->uuid))) {
			*found = slot;
			return 0;
		}
	return -ENOENT;
}

static int enable_device(int ctl, const char *path, const struct enable *e, struct track *t,
			 struct aip_err *err)
{
	struct aipsnap_enable call = { .chunk_shift = e->chunk_shift };
	struct blkdev b;
	unsigned int slot;
	int ret = blkdev_from_path(path, &b, err);

	if (!ret)
		ret = blkdev_refuse(&b, err);
	if (!ret)
		ret = blkdev_identify(&b, &call.identity, err);
	if (ret)
		return ret;
	if (!call.identity.name[0])
		snprintf(call.identity.name, sizeof(call.identity.name), "%s", b.name);
	if (!e->unsaved && !find_waiting(ctl, &call.identity, &slot))
		return track_start(ctl, slot, &b, AIPSNAP_WHY_FLAG, t, err);
	call.major = b.major;
	call.minor = b.minor;
	call.flags = e->unsaved ? AIPSNAP_ENABLE_UNSAVED : 0;
	ret = ctl_call(ctl, AIPSNAP_ENABLE, &call);
	if (ret == -EEXIST)
		return aip_err_set(err, ret, "%s: is tracked already", b.name);
	if (ret == -ENOSPC) {
		ctl_fail(err, ret, 0, "%s: no room in the table", b.name);
		return aip_err_hint(
			err,
			"disable a device, or disable all and enable all together: the new table is made for all");
	}
	if (ret)
		return ctl_fail(err, ret, call.why, "%s: cannot be tracked", b.name);
	*t = (struct track){ .slot = call.slot,
			     .why = AIPSNAP_WHY_ENABLED,
			     .generation = call.generation };
	snprintf(t->name, sizeof(t->name), "%s", b.name);
	return 0;
}

static int parse_enable(const struct command *self, int argc, char **argv, struct enable *e)
{
	static const struct option options[] = { { "chunk", required_argument, NULL, 'c' },
						 { "table", required_argument, NULL, 's' },
						 { "new-table", no_argument, NULL, 'n' },
						 { "unsaved", no_argument, NULL, 'u' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	uint64_t chunk = 1ULL << AIPSNAP_CHUNK_SHIFT;
	int c;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 'j')
			e->json = true;
		else if (c == 'n')
			e->new_table = true;
		else if (c == 'u')
			e->unsaved = true;
		else if (c == 'c' && !size_parse(optarg, &chunk))
			;
		else if (c != 's' || size_parse(optarg, &e->table_size))
			return -EINVAL;
	}
	for (e->chunk_shift = AIPSNAP_CHUNK_SHIFT_MIN; e->chunk_shift <= AIPSNAP_CHUNK_SHIFT_MAX;
	     e->chunk_shift++)
		if (chunk == 1ULL << e->chunk_shift)
			return optind < argc ? 0 : -EINVAL;
	return -EINVAL;
}

int cmd_enable(const struct command *self, int argc, char **argv)
{
	_cleanup_(report_free) struct report r = REPORT_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	struct enable e = { 0 };
	struct track t;
	int i, ret;

	if (parse_enable(self, argc, argv, &e))
		return cmd_usage(self);
	ret = sysfs_ensure(&err);
	/* refusals first: a table that nobody needs is not made */
	for (i = optind; !ret && i < argc; i++) {
		struct blkdev b;

		ret = blkdev_from_path(argv[i], &b, &err);
		if (!ret)
			ret = blkdev_refuse(&b, &err);
	}
	if (!ret) {
		ctl = ctl_open(CTL_LOAD, &err);
		ret = ctl < 0 ? ctl : 0;
	}
	if (!ret && !e.unsaved)
		ret = settable(ctl, argv + optind, argc - optind, e.chunk_shift, e.table_size,
			       e.new_table, &err);
	if (ret == -EOPNOTSUPP)
		aip_err_exit(&err, EXIT_REFUSED);
	if (ret)
		return cmd_fail(&err);
	for (i = optind; i < argc; i++) {
		aip_err_clear(&err);
		if (enable_device(ctl, argv[i], &e, &t, &err))
			report_failed(&r, argv[i], &err);
		else
			report_started(&r, &t);
	}
	if (!e.unsaved)
		remember(ctl, &(struct tracked){ 0 });
	return report_print(&r, e.json);
}

/* ---- disable, stop ------------------------------------------------------------- */

/* The slot of a device that is tracked, or that waits under this name. */
static int find_slot(int ctl, const char *path, struct aipsnap_device *dev, struct aip_err *err)
{
	struct blkdev b;
	unsigned int slot;

	if (!blkdev_from_path(path, &b, err) && !ctl_find(ctl, b.major, b.minor, dev, err))
		return 0;
	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, dev, err) && dev->state == AIPSNAP_WAITING &&
		    (!strncmp(dev->identity.name, path, sizeof(dev->identity.name)) ||
		     !strncmp(dev->identity.uuid, path, sizeof(dev->identity.uuid))))
			return 0;
	aip_err_set(err, -ENOENT, "%s: is not tracked", path);
	return aip_err_hint(err, "aipsnap status lists what is");
}

/* One that is in the list only: it was away when a new lineage began, or the table was lost. */
static bool find_listed(const char *path, struct tracked *gone)
{
	struct tracked list;
	size_t i;

	if (tracked_read(TRACKED_PATH, &list, NULL))
		return false;
	for (i = 0; i < list.n; i++)
		if (!strncmp(list.list[i].id.name, path, sizeof(list.list[i].id.name)) ||
		    !strncmp(list.list[i].id.uuid, path, sizeof(list.list[i].id.uuid))) {
			note_gone(gone, &list.list[i].id);
			return true;
		}
	return false;
}

static void end_slot(int ctl, const struct aipsnap_device *dev, unsigned long request,
		     const char *outcome, struct tracked *gone, struct report *r)
{
	struct aipsnap_slot slot = { .slot = dev->slot };
	struct aip_err err = AIP_ERR_INIT;
	char name[81];
	int ret = ctl_call(ctl, request, &slot);

	snprintf(name, sizeof(name), "%.80s", dev->identity.name);
	if (ret) {
		ctl_fail(&err, ret, 0, "%s", name);
		if (ret == -EBUSY)
			aip_err_hint(&err, "a snapshot of it is open; aipsnap snapshot list tells");
		report_failed(r, name, &err);
	} else {
		report_done(r, name, outcome);
		note_gone(gone, &dev->identity);
	}
}

/* Nothing is enabled any more: give the table's room back. */
static void drop_table(int ctl)
{
	struct aipsnap_info info;

	if (!ctl_info(ctl, &info, NULL) && !info.devices && info.flags & AIPSNAP_INFO_TABLE &&
	    !ctl_call(ctl, AIPSNAP_TABLE_UNLOAD, NULL) && unlink(TABLE_PATH))
		fprintf(stderr, "aipsnap: %s: %s\n", TABLE_PATH, strerror(errno));
}

/* What is busy has been reported with its device. */
static void let_go(int ctl, struct report *r)
{
	struct aip_err err = AIP_ERR_INIT;
	int ret = ctl_call(ctl, AIPSNAP_TABLE_UNLOAD, NULL);

	if (ret != -EIO)
		return;
	ctl_fail(&err, ret, 0, "the table is not let go, it cannot be marked DIRTY");
	report_failed(r, "the table", &err);
}

static int end_tracking(const struct command *self, int argc, char **argv, unsigned long request,
			const char *outcome)
{
	static const struct option options[] = { { "all", no_argument, NULL, 'a' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	_cleanup_(report_free) struct report r = REPORT_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	struct tracked gone = { 0 };
	struct aipsnap_device dev;
	bool all = false, json = false;
	uint32_t why;
	unsigned int slot;
	int c;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c != 'a' && c != 'j')
			return cmd_usage(self);
		*(c == 'a' ? &all : &json) = true;
	}
	if (all != (optind == argc))
		return cmd_usage(self);
	ctl = ctl_open(CTL_LOAD, &err);
	if (ctl < 0)
		return cmd_fail(&err);
	/* a table that was not loaded in this boot can be emptied, too */
	if (request == AIPSNAP_DISABLE && !access(TABLE_PATH, F_OK))
		tablefile_load(ctl, TABLE_PATH, NULL, &why, NULL);
	for (slot = 0; all && slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, &dev, NULL) &&
		    (request == AIPSNAP_DISABLE || dev.state != AIPSNAP_WAITING))
			end_slot(ctl, &dev, request, outcome, &gone, &r);
	if (all)
		tracked_read(TRACKED_PATH, &gone, NULL);
	for (; optind < argc; optind++) {
		aip_err_clear(&err);
		if (!find_slot(ctl, argv[optind], &dev, &err))
			end_slot(ctl, &dev, request, outcome, &gone, &r);
		else if (request == AIPSNAP_DISABLE && find_listed(argv[optind], &gone))
			report_done(&r, argv[optind], outcome);
		else
			report_failed(&r, argv[optind], &err);
	}
	if (request == AIPSNAP_DISABLE) {
		remember(ctl, &gone);
		drop_table(ctl);
	} else if (all) {
		/* nothing is tracked: let go of the table too, so that the driver can be unloaded */
		let_go(ctl, &r);
	}
	return report_print(&r, json);
}

int cmd_disable(const struct command *self, int argc, char **argv)
{
	return end_tracking(self, argc, argv, AIPSNAP_DISABLE, "disabled");
}

int cmd_stop(const struct command *self, int argc, char **argv)
{
	return end_tracking(self, argc, argv, AIPSNAP_STOP, "stopped");
}
