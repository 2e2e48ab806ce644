// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * clear_dirtyflag: called by halt when every file system is read-only.  Seals what can be
 * sealed; what cannot stays DIRTY and gets a new lineage at the next start.
 */
#include <errno.h>
#include <string.h>

#include "aipsnap/bound.h"
#include "aipsnap/cmd.h"
#include "aipsnap/ctl.h"
#include "aipsnap/report.h"
#include "common/cleanup.h"

#define TRIES	 3
#define DRAIN_MS 5000

struct seal {
	bool json;
	int seconds;
};

/* The file system of the table is sealed last: the others' seals are written to it. */
static bool holds_table(const struct aipsnap_info *info, const struct aipsnap_device *dev)
{
	struct blkdev table, b;

	return !blkdev_from_number(info->table_major, info->table_minor, &table, NULL) &&
	       !blkdev_from_number(dev->major, dev->minor, &b, NULL) &&
	       blkdev_lies_on(&table, &b, 1) >= 0;
}

static void seal_device(int ctl, const struct aipsnap_device *dev, struct report *r)
{
	struct aip_err err = AIP_ERR_INIT;
	struct track t;
	int ret, i;

	if (dev->state == AIPSNAP_STARTING) {
		t = (struct track){ .slot = dev->slot };
		snprintf(t.name, sizeof(t.name), "%.79s", dev->identity.name);
		aip_err_set(&err, -EBUSY, "%s: not sealed: its start did not come to an end",
			    t.name);
		report_not_sealed(r, &t, &err);
		return;
	}
	for (i = 0; i < TRIES; i++) {
		ret = track_seal(ctl, dev, DRAIN_MS, &t, &err);
		if (ret != -EAGAIN)
			break;
	}
	if (ret)
		report_not_sealed(r, &t, &err);
	else
		report_sealed(r, &t);
}

/*
 * Also one whose seal was killed half-way, at its deadline, and one that is sealed without CLEAN, after the
 * table could not be written: the driver takes both up again, or says why not.  And one whose start was: of
 * that it says that it cannot be sealed.
 */
static bool is_due(const struct aipsnap_device *dev)
{
	return !(dev->flags & AIPSNAP_DEV_UNSAVED) &&
	       (dev->state == AIPSNAP_TRACKING || dev->state == AIPSNAP_SEALING ||
		dev->state == AIPSNAP_STARTING ||
		(dev->state == AIPSNAP_SEALED && !(dev->flags & AIPSNAP_DEV_CLEAN)));
}

static int seal_all(int ctl, struct report *r, struct aip_err *err)
{
	struct aipsnap_device dev;
	struct aipsnap_info info;
	unsigned int slot;
	int last, ret = ctl_info(ctl, &info, err);

	for (last = 0; !ret && last < 2; last++)
		for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
			ret = ctl_device(ctl, slot, &dev, err);
			if (ret == -ENODEV)
				ret = 0;
			else if (ret)
				break;
			else if (is_due(&dev) && holds_table(&info, &dev) == last)
				seal_device(ctl, &dev, r);
		}
	if (!ret)
		ret = ctl_info(ctl, &info, err);
	if (!ret && info.flags & AIPSNAP_INFO_TABLE_BAD) {
		struct aip_err bad = AIP_ERR_INIT;

		aip_err_set(&bad, -EIO, "the table cannot be written: no seal is to be relied on");
		bad.exit = EXIT_NOT_SEALED;
		report_failed(r, "the table", &bad);
	}
	return ret;
}

static int work(void *arg)
{
	const struct seal *s = arg;
	_cleanup_(report_free) struct report r = REPORT_INIT;
	_cleanup_close_ int ctl = -1;
	struct aip_err err = AIP_ERR_INIT;
	int ret;

	ctl = ctl_open(0, &err);
	if (ctl == -ENODEV)
		return report_nothing("the driver is not loaded, nothing to seal", s->json);
	if (ctl < 0)
		return cmd_fail(&err);
	ret = sysfs_ensure(&err);
	if (!ret)
		ret = seal_all(ctl, &r, &err);
	if (ret)
		report_failed(&r, "the driver", &err);
	return report_print(&r, s->json);
}

int cmd_clear_dirtyflag(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = { { "timeout", required_argument, NULL, 'T' },
						 { "help", no_argument, NULL, 'h' },
						 OPTION_JSON,
						 OPTION_END };
	struct seal s = { .seconds = 30 };
	int c, ret;

	while ((c = cmd_getopt(self, argc, argv, "", options)) >= 0) {
		if (c == 'j')
			s.json = true;
		else if (c != 'T' || cmd_seconds(optarg, &s.seconds))
			return cmd_usage(self);
	}
	if (argc > optind)
		return cmd_usage(self);
	if (ctl_is_off())
		return report_nothing("switched off by aip=off on the kernel command line", s.json);
	ret = bound_run(work, &s, s.seconds);
	return report_bound("clear_dirtyflag", ret, s.seconds);
}
