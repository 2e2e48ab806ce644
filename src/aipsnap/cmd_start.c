// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start --tracking [DEV]: called by rc.sysinit before the first fsck, and by udev for a
 * device that comes later.  Whatever happens, boot goes on: the time is bounded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/bound.h"
#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/report.h"
#include "aipsnap/tablefile.h"
#include "aipsnap/track.h"
#include "aipsnap/tracked.h"
#include "common/cleanup.h"

struct start {
	const char *device; /* NULL: all that the table knows */
	bool json, fresh;
	int seconds;
};

/* A table that cannot be written must not be believed at the next boot. */
static void distrust(void)
{
	struct aip_err err = AIP_ERR_INIT;

	report_loud("the table cannot be written: changes are counted in memory only");
	if (flag_set(&err))
		report_loud("%s: it will be made as soon as / is writable (aipsnap late)", err.msg);
}

static int start_slot(int ctl, const struct aipsnap_device *dev, const struct census *census,
		      bool fresh, struct report *r)
{
	struct aip_err err = AIP_ERR_INIT;
	struct blkdev b;
	struct track t;
	char name[81];
	int ret;

	/* what has no UUID is looked for by name; its fingerprint has to match all the same */
	snprintf(name, sizeof(name), "%.80s", dev->identity.name);
	if (dev->identity.uuid[0])
		ret = census_find(census, &dev->identity, &b, &err);
	else
		ret = blkdev_from_path(name, &b, &err);
	if (!ret)
		ret = track_start(ctl, dev->slot, &b, fresh ? AIPSNAP_WHY_FLAG : AIPSNAP_WHY_NONE,
				  &t, &err);
	if (ret)
		return report_failed(r, name, &err);
	if (t.table_failed)
		distrust();
	report_started(r, &t);
	return 0;
}

/* --new for a device that is tracked already. */
static void begin_anew(int ctl, const struct aipsnap_device *dev, struct report *r)
{
	struct aip_err err = AIP_ERR_INIT;
	struct track t;

	if (track_anew(ctl, dev, &t, &err))
		report_failed(r, t.name, &err);
	else
		report_started(r, &t);
}

static int start_all(int ctl, const struct start *s, struct report *r, struct aip_err *err)
{
	_cleanup_(census_free) struct census census = { 0 };
	struct aipsnap_device dev;
	unsigned int slot;
	int ret;

	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
		ret = ctl_device(ctl, slot, &dev, err);
		if (ret == -ENODEV)
			continue;
		if (!ret)
			track_unstick(ctl, &dev);
		if (!ret && (dev.state == AIPSNAP_WAITING || dev.state == AIPSNAP_FAILED)) {
			if (!census.n)
				ret = census_take(&census, err);
			if (!ret)
				start_slot(ctl, &dev, &census, s->fresh, r);
		} else if (!ret && s->fresh && dev.state == AIPSNAP_TRACKING) {
			begin_anew(ctl, &dev, r);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* A clone, a snapshot, a leg of a mirror or a path carries the UUID, too. */
static bool is_the_one(const struct census *census, const struct aipsnap_identity *id,
		       const struct blkdev *b)
{
	struct blkdev found;

	return !census_find(census, id, &found, NULL) && found.major == b->major &&
	       found.minor == b->minor;
}

/* The table lost it, but a person enabled it once: a new lineage, from before its first mount. */
static int enable_again(int ctl, struct census *census, const struct blkdev *b,
			const struct aipsnap_identity *id, struct report *r, struct aip_err *err)
{
	struct aipsnap_enable en = { .major = b->major, .minor = b->minor, .identity = *id };
	struct track t = { .why = AIPSNAP_WHY_ENABLED };
	struct tracked list, has;
	size_t i;
	int ret = tracked_read(TRACKED_PATH, &list, err);

	if (!ret)
		ret = tracked_collect(ctl, &has, err);
	for (i = 0; !ret && i < list.n; i++) {
		if (strcmp(list.list[i].id.uuid, id->uuid) || tracked_has(&has, id))
			continue;
		if (!census->n)
			ret = census_take(census, err);
		if (ret || !is_the_one(census, &list.list[i].id, b))
			return ret;
		en.chunk_shift = list.list[i].chunk_shift;
		ret = ctl_call(ctl, AIPSNAP_ENABLE, &en);
		if (ret)
			return ret == -EEXIST ? 0 : ctl_fail(err, ret, en.why, "%s", b->name);
		snprintf(t.name, sizeof(t.name), "%s", b->name);
		t.generation = en.generation;
		report_started(r, &t);
		return 0;
	}
	return ret;
}

static int start_one(int ctl, const struct start *s, struct report *r, struct aip_err *err)
{
	_cleanup_(census_free) struct census census = { 0 };
	struct aipsnap_identity id;
	struct aipsnap_device dev;
	struct blkdev b;
	struct track t;
	unsigned int slot;
	int ret = blkdev_from_path(s->device, &b, err);

	if (!ret)
		ret = blkdev_identify(&b, &id, err);
	if (ret || !id.uuid[0])
		return ret;
	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
		ret = ctl_device(ctl, slot, &dev, err);
		if (ret == -ENODEV || strncmp(dev.identity.uuid, id.uuid, sizeof(id.uuid)))
			continue;
		if (ret)
			return ret;
		track_unstick(ctl, &dev);
		if (dev.state != AIPSNAP_WAITING && dev.state != AIPSNAP_FAILED) {
			if (dev.major != b.major || dev.minor != b.minor)
				continue;
			if (s->fresh && dev.state == AIPSNAP_TRACKING)
				begin_anew(ctl, &dev, r);
			return 0;
		}
		if (!census.n)
			ret = census_take(&census, err);
		if (ret)
			return ret;
		if (!is_the_one(&census, &dev.identity, &b))
			continue;
		ret = track_start(ctl, slot, &b, s->fresh ? AIPSNAP_WHY_FLAG : AIPSNAP_WHY_NONE, &t,
				  err);
		if (ret)
			return ret == -EBUSY ? 0 : ret;
		if (t.table_failed)
			distrust();
		report_started(r, &t);
		return 0;
	}
	return blkdev_refuse(&b, NULL) ? 0 : enable_again(ctl, &census, &b, &id, r, err);
}

static int work(void *arg)
{
	const struct start *s = arg;
	_cleanup_(report_free) struct report r = REPORT_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	uint32_t why = 0;
	int ret;

	ctl = ctl_open(s->device ? 0 : CTL_LOAD, &err);
	if (ctl == -ENODEV && s->device)
		return EXIT_OK; /* not started yet: this device has its turn then */
	ret = ctl < 0 ? ctl : sysfs_ensure(&err);
	if (!ret)
		track_begin(ctl);
	if (!ret)
		ret = tablefile_load(ctl, TABLE_PATH, NULL, &why, &err);
	if (ret) {
		report_loud("%s", err.msg);
		if (why)
			aip_err_hint(
				&err,
				"nothing is tracked until `aipsnap late` makes a new table at the end of the boot");
		if (err.hint[0])
			fprintf(stderr, "aipsnap: %s\n", err.hint);
		return err.exit ? err.exit : EXIT_ERROR;
	}
	ret = s->device ? start_one(ctl, s, &r, &err) : start_all(ctl, s, &r, &err);
	if (ret)
		report_failed(&r, s->device ? s->device : "the driver", &err);
	return report_print(&r, s->json);
}

/* Nothing to do is no failure: neither a machine without a table nor one that is switched off. */
static const char *excuse(const struct start *s)
{
	if (ctl_is_off())
		return "switched off by aip=off on the kernel command line";
	if (access(TABLE_PATH, F_OK))
		return s->device ? "" : "nothing is enabled (there is no " TABLE_PATH ")";
	if (flag_exists() && !s->fresh)
		return s->device ? ""
				 : FLAG_PATH
			       " is there: left to the end of the boot (aipsnap late)";
	return NULL;
}

int cmd_start(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = { { "tracking", no_argument, NULL, 't' },
						 { "timeout", required_argument, NULL, 'T' },
						 { "new", no_argument, NULL, 'n' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	struct start s = { .seconds = 30 };
	bool tracking = false;
	const char *why_not;
	int c, ret;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 't')
			tracking = true;
		else if (c == 'j')
			s.json = true;
		else if (c == 'n')
			s.fresh = true;
		else if (c != 'T' || cmd_seconds(optarg, &s.seconds))
			return cmd_usage(self);
	}
	if (!tracking || argc - optind > 1)
		return cmd_usage(self);
	s.device = argv[optind];
	why_not = excuse(&s);
	if (why_not)
		return report_nothing(why_not, s.json);
	ret = bound_run(work, &s, s.seconds);
	return report_bound("start", ret, s.seconds);
}
