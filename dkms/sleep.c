// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleep.c: see sleep.h.
 */
#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "control.h"
#include "device.h"
#include "sleep.h"

static atomic_t count = ATOMIC_INIT(0);

static bool going; /* under the control lock */

bool aip_sleep_going(void)
{
	return going;
}

unsigned int aip_sleep_count(void)
{
	return atomic_read(&count);
}

/*
 * Before memory is copied snapshots end: the image's writing would overwrite what they show, and they would not
 * know.  After it is put back lineages begin anew, those too that began since.
 */
static int notify(struct notifier_block *nb, unsigned long what, void *data)
{
	int i;

	if (what != PM_HIBERNATION_PREPARE && what != PM_POST_HIBERNATION)
		return NOTIFY_DONE;
	mutex_lock(&aip_control_lock);
	going = what == PM_HIBERNATION_PREPARE;
	/* also where the following fails: each call looks at it first */
	atomic_inc(&count);
	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		if (aip_devices[i])
			aip_device_check(aip_devices[i]);
	mutex_unlock(&aip_control_lock);
	return NOTIFY_OK;
}

static struct notifier_block block = { .notifier_call = notify };

int aip_sleep_init(void)
{
	return register_pm_notifier(&block);
}

void aip_sleep_exit(void)
{
	unregister_pm_notifier(&block);
}
