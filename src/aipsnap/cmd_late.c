// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * late: called when the boot is nearly over and / is writable.
 *
 *	/.aipsnap_dirty is there	new lineages for all devices of the table, DIRTY on disk,
 *					then the flag is removed
 *	a device was not started	a new lineage: the table was unreadable then, time was up, …
 *	the list has more		these are enabled again: what was away when the flag was there
 *	it cannot do its work		the flag is made, for the next boot
 *	the driver refuses the table	a new one, and the devices of /var/lib/aip/tracked in it
 *	a device was not found		it is looked for by name: a new file system is on it
 *	table could not be written	the flag is made, for the next boot
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/bootenv.h"
#include "aipsnap/bound.h"
#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/report.h"
#include "aipsnap/settable.h"
#include "aipsnap/store.h"
#include "aipsnap/tablefile.h"
#include "aipsnap/track.h"
#include "aipsnap/tracked.h"
#include "common/cleanup.h"

struct late {
	bool json;
	int seconds;
};

/*
 * With the flag, what the table says about a device that is not there now cannot be believed
 * when it comes back: it leaves the table.  `start --tracking DEV` enables it anew then.
 */
static void give_up(int ctl, const struct aipsnap_device *dev, struct report *r)
{
	struct aipsnap_slot slot = { .slot = dev->slot };
	struct aip_err err = AIP_ERR_INIT;
	int ret = ctl_call(ctl, AIPSNAP_DISABLE, &slot);

	if (!ret) {
		report_done(r, dev->identity.name, "absent");
		return;
	}
	ctl_fail(&err, ret, 0, "%.80s", dev->identity.name);
	report_failed(r, dev->identity.name, &err);
}

/*
 * What is there, and could not be started, is written to: the table must not say CLEAN of it at the next
 * boot.  The list still has it, for the next `late`.
 */
static void disown(int ctl, unsigned int slot, struct report *r)
{
	struct aipsnap_device dev;

	if (!ctl_device(ctl, slot, &dev, NULL) && dev.flags & AIPSNAP_DEV_CLEAN &&
	    (dev.state == AIPSNAP_WAITING || dev.state == AIPSNAP_FAILED))
		give_up(ctl, &dev, r);
}

/* Tracked, or what another slot waits for? */
static bool is_taken(int ctl, const struct blkdev *b)
{
	struct aipsnap_identity id;
	struct aipsnap_device dev;
	unsigned int slot;

	if (!ctl_find(ctl, b->major, b->minor, &dev, NULL))
		return true;
	if (blkdev_identify(b, &id, NULL))
		return false;
	for (slot = 0; id.uuid[0] && slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, &dev, NULL) &&
		    !strncmp(dev.identity.uuid, id.uuid, sizeof(id.uuid)))
			return true;
	return false;
}

/*
 * By UUID; then, for a device with a new file system, by the name it had: where that is not another
 * disk that has come to its name.
 * @bytes: its size was this; 0: not known
 */
static int find(int ctl, const struct census *census, const struct aipsnap_identity *id,
		uint64_t bytes, struct blkdev *b, struct aip_err *err)
{
	char name[sizeof(id->name) + 1];
	int ret = census_find(census, id, b, err);

	snprintf(name, sizeof(name), "%.80s", id->name);
	if (ret != -ENOENT || access(name, F_OK) || blkdev_from_path(name, b, NULL))
		return ret;
	return is_taken(ctl, b) || (bytes && bytes != blkdev_size(b)) ? ret : 0;
}

static bool table_bad(int ctl)
{
	struct aipsnap_info info;

	return !ctl_info(ctl, &info, NULL) && info.flags & AIPSNAP_INFO_TABLE_BAD;
}

/* @bad: the table cannot be written, so that the flag has to stay, and what is tracked goes on until it can */
static int start_waiting(int ctl, bool fresh, bool bad, struct report *r, struct aip_err *err)
{
	_cleanup_(census_free) struct census census = { 0 };
	struct aipsnap_device dev;
	struct aip_err one;
	struct blkdev b;
	struct track t;
	unsigned int slot;
	int missing, ret = census_take(&census, err);

	for (slot = 0; !ret && slot < AIPSNAP_MAX_DEVICES; slot++) {
		ret = ctl_device(ctl, slot, &dev, err);
		if (!ret)
			track_unstick(ctl, &dev);
		/* the flag was made while it was tracked: by a person, or because of the table */
		if (!ret && fresh && dev.state == AIPSNAP_TRACKING && !bad) {
			aip_err_clear(&one);
			if (track_anew(ctl, &dev, &t, &one))
				report_failed(r, t.name, &one);
			else
				report_started(r, &t);
		}
		if (ret == -ENODEV ||
		    (!ret && dev.state != AIPSNAP_WAITING && dev.state != AIPSNAP_FAILED)) {
			ret = 0;
			continue;
		}
		if (ret)
			break;
		aip_err_clear(&one);
		missing = find(ctl, &census, &dev.identity, dev.sectors << AIPSNAP_SECTOR_SHIFT, &b,
			       &one);
		if (missing) {
			if (fresh)
				give_up(ctl, &dev, r);
			else if (missing != -ENOENT)
				disown(ctl, slot, r);
			continue;
		}
		/* the system is up, and not everything that it may have written shows in a fingerprint */
		if (track_start(ctl, slot, &b, fresh ? AIPSNAP_WHY_FLAG : AIPSNAP_WHY_LATE, &t,
				&one)) {
			report_failed(r, dev.identity.name, &one);
			disown(ctl, slot, r);
		} else {
			report_started(r, &t);
		}
	}
	return ret;
}

/*
 * Enable anew what the list remembers and the table does not have: what was given up while it was away,
 * or all, in a new table.
 */
static int start_over(int ctl, const struct tracked *list, bool table, struct report *r,
		      struct aip_err *err)
{
	_cleanup_(census_free) struct census census = { 0 };
	char *paths[AIPSNAP_MAX_DEVICES];
	struct blkdev found[AIPSNAP_MAX_DEVICES];
	unsigned int shift[AIPSNAP_MAX_DEVICES];
	struct tracked has = { 0 };
	int n = 0, i, ret = table ? 0 : tracked_collect(ctl, &has, err);

	for (i = 0; !ret && i < (int)list->n; i++) {
		if (tracked_has(&has, &list->list[i].id))
			continue;
		if (!census.n)
			ret = census_take(&census, err);
		if (ret ||
		    (table ? find(ctl, &census, &list->list[i].id, 0, &found[n], NULL)
			   : census_find(&census, &list->list[i].id, &found[n], NULL)) ||
		    blkdev_refuse(&found[n], NULL))
			continue;
		shift[n] = list->list[i].chunk_shift;
		paths[n] = found[n].node;
		n++;
	}
	if (!ret && table)
		ret = settable(ctl, paths, n, AIPSNAP_CHUNK_SHIFT, 0, true, err);
	for (i = 0; !ret && i < n; i++) {
		struct aipsnap_enable e = { .major = found[i].major,
					    .minor = found[i].minor,
					    .chunk_shift = shift[i] };
		struct track t = { .why = AIPSNAP_WHY_ENABLED };
		struct aip_err one = AIP_ERR_INIT;
		int failed = blkdev_identify(&found[i], &e.identity, &one);

		if (!failed)
			failed = ctl_call(ctl, AIPSNAP_ENABLE, &e);
		snprintf(t.name, sizeof(t.name), "%s", found[i].name);
		t.generation = e.generation;
		if (failed && failed != -EEXIST) {
			ctl_fail(&one, failed, e.why, "%s", t.name);
			report_failed(r, t.name, &one);
		} else {
			report_started(r, &t);
		}
	}
	return ret;
}

/* What is in the table and still not started, and would be believed. */
static bool believes(int ctl)
{
	struct aipsnap_device dev;
	unsigned int slot;

	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++)
		if (!ctl_device(ctl, slot, &dev, NULL) && dev.flags & AIPSNAP_DEV_CLEAN &&
		    (dev.state == AIPSNAP_WAITING || dev.state == AIPSNAP_FAILED))
			return true;
	return false;
}

static int finish(int ctl, struct report *r, struct aip_err *err)
{
	struct aipsnap_info info;
	struct tracked list;
	uint32_t why = 0;
	bool exists, bad;
	int ret = 0;

	if (tracked_read(TRACKED_PATH, &list, err)) {
		report_failed(r, TRACKED_PATH, err);
		list.n = 0;
	}
	exists = !access(TABLE_PATH, F_OK);
	if (exists)
		ret = tablefile_load(ctl, TABLE_PATH, NULL, &why, err);
	if (ret && (!why || !list.n))
		return ret;
	bad = table_bad(ctl);
	if (ret)
		report_loud("%s; making a new table", err->msg);
	if (ret || (!exists && list.n))
		ret = start_over(ctl, &list, true, r, err);
	else if (exists)
		ret = start_waiting(ctl, flag_exists(), bad, r, err)
			      ?: start_over(ctl, &list, false, r, err);
	if (!ret)
		ret = bootenv_mark(ctl, err);
	if (!ret)
		ret = ctl_info(ctl, &info, err);
	if (!ret && info.flags & AIPSNAP_INFO_TABLE_BAD) {
		report_loud(
			"the table cannot be written: changes are counted in memory only, and the next boot begins new lineages");
		r->exit = EXIT_ERROR;
		ret = flag_set(err);
	} else if (!ret && flag_exists() && !bad && !believes(ctl)) {
		ret = flag_clear(err);
	}
	return ret;
}

/* The system goes on, and writes: what the table says must not be believed at the next boot. */
static void distrust(void)
{
	struct aip_err err = AIP_ERR_INIT;

	if (!access(TABLE_PATH, F_OK) && !flag_exists() && flag_set(&err))
		report_loud("%s", err.msg);
}

static int work(void *arg)
{
	const struct late *l = arg;
	_cleanup_(report_free) struct report r = REPORT_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	int ret;

	store_sweep(STORE_FOLDER);
	ctl = ctl_open(CTL_LOAD, &err);
	ret = ctl < 0 ? ctl : sysfs_ensure(&err);
	if (ret) {
		report_loud("%s", err.msg);
		if (err.hint[0])
			fprintf(stderr, "aipsnap: %s\n", err.hint);
		distrust();
		return err.exit ? err.exit : EXIT_ERROR;
	}
	track_begin(ctl);
	ret = finish(ctl, &r, &err);
	if (ret) {
		report_loud("%s", err.msg);
		distrust();
		report_failed(&r, "the table", &err);
	}
	return report_print(&r, l->json);
}

int cmd_late(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = { { "timeout", required_argument, NULL, 'T' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	struct late l = { .seconds = 60 };
	int c, ret;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 'j')
			l.json = true;
		else if (c != 'T' || cmd_seconds(optarg, &l.seconds))
			return cmd_usage(self);
	}
	if (argc > optind)
		return cmd_usage(self);
	if (ctl_is_off()) {
		distrust();
		return report_nothing("switched off by aip=off on the kernel command line", l.json);
	}
	if (access(TABLE_PATH, F_OK) && access(TRACKED_PATH, F_OK) && !flag_exists())
		return report_nothing("nothing is enabled", l.json);
	ret = bound_run(work, &l, l.seconds);
	if (ret < 0)
		distrust();
	return report_bound("late", ret, l.seconds);
}
