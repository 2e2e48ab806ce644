// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c: loads and unloads the driver.
 *
 * Layers, each knows only those below:
 *
 *	control  start seal switch changes     calls of user space
 *	device                                 a slot: state, lineage, tracker
 *	snapshot store                         copy-on-write
 *	table record file                      what is on disk
 *	registry probe hold tracker            the way of a write
 *	history map flight own                 generations, bitmaps, bios in flight
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "control.h"
#include "flight.h"
#include "hold.h"
#include "own.h"
#include "probe.h"
#include "sleep.h"
#include "snapshot.h"
#include "switch.h"
#include "device.h"
#include "table.h"

/* aipsnap also looks for "aip=off" on the kernel's command line */
bool aip_off;
module_param_named(off, aip_off, bool, 0444);
MODULE_PARM_DESC(off, "track nothing: enable and start are refused");

static int __init aipsnap_init(void)
{
	int rc;

	/* block_bio_queue is heard with preemption off, where allocators and locks sleep in such a kernel */
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("aipsnap: a kernel with PREEMPT_RT is not supported\n");
		return -EOPNOTSUPP;
	}
	aip_own_init();
	rc = aip_flight_init();
	if (rc)
		return rc;
	rc = aip_probe_init();
	if (rc)
		goto flight;
	rc = aip_hold_init();
	if (rc)
		goto flight;
	rc = aip_snapshot_init();
	if (rc)
		goto hold;
	rc = aip_sleep_init();
	if (rc)
		goto snapshot;
	rc = aip_control_init();
	if (rc)
		goto sleep;
	return 0;

sleep:
	aip_sleep_exit();
snapshot:
	aip_snapshot_exit();
hold:
	aip_hold_exit();
flight:
	aip_flight_exit();
	return rc;
}

static void __exit aipsnap_exit(void)
{
	/* the table and each tracked device hold the module: nothing is in use here */
	aip_control_exit();
	aip_sleep_exit();
	aip_snapshot_exit();
	aip_hold_exit();
	aip_flight_exit();
}

module_init(aipsnap_init);
module_exit(aipsnap_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("changed-block tracking that survives reboots, and snapshots");
MODULE_VERSION(AIP_MODULE_VERSION);
