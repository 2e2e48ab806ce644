// SPDX-License-Identifier: GPL-2.0-only
/*
 * control.c: see control.h.  Each call has a row in `calls`; its argument is copied in
 * before and out after it, also when it fails (`why`).
 */
#include <linux/capability.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "changes.h"
#include "control.h"
#include "device.h"
#include "hold.h"
#include "seal.h"
#include "snapshot.h"
#include "start.h"
#include "store.h"
#include "switch.h"
#include "table.h"

DEFINE_MUTEX(aip_control_lock);

static u32 table_why;

static int call_info(void *p)
{
	struct aipsnap_info *arg = p;
	int i;

	memset(arg, 0, sizeof(*arg));
	arg->abi = AIPSNAP_ABI;
	strscpy(arg->version, AIP_MODULE_VERSION, sizeof(arg->version));
	arg->flags = (aip_hold_armed() ? AIPSNAP_INFO_HOOK : 0) | (aip_off ? AIPSNAP_INFO_OFF : 0);
	arg->table_why = table_why;
	for (i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		arg->devices += !!aip_devices[i];
	arg->snapshots = aip_snapshot_total();
	if (!aip_table)
		return 0;
	arg->flags |= AIPSNAP_INFO_TABLE | (aip_table->bad ? AIPSNAP_INFO_TABLE_BAD : 0);
	arg->table = aip_table->header.table;
	arg->table_blocks = aip_table->blocks;
	arg->table_free = aip_table->free;
	arg->table_written = aip_table->written;
	arg->table_major = MAJOR(aip_table->file.bdev->bd_dev);
	arg->table_minor = MINOR(aip_table->file.bdev->bd_dev);
	return 0;
}

static int call_table_load(void *p)
{
	struct aipsnap_table_load *arg = p;
	int rc, i;

	arg->why = 0;
	if (arg->flags & ~AIPSNAP_TABLE_FORMAT ||
	    memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (aip_table)
		return -EBUSY;
	rc = aip_table_load(arg);
	table_why = arg->why;
	if (rc)
		return rc;
	rc = aip_device_load_all();
	if (rc == -EBUSY)
		table_why = arg->why = AIPSNAP_WHY_TABLE_SLOT;
	if (rc) {
		aip_device_unload_all();
		aip_table_unload();
		return rc;
	}
	aip_own_mark_table();
	for (arg->devices = 0, i = 0; i < AIPSNAP_MAX_DEVICES; i++)
		arg->devices += !!aip_devices[i];
	return 0;
}

static int call_table_unload(void *p)
{
	int rc;

	if (!aip_table)
		return -ENODATA;
	rc = aip_device_unload_all();
	if (rc)
		return rc;
	aip_own_mark_table();
	aip_table_unload();
	return 0;
}

static int call_device(void *p)
{
	return aip_device_status(p);
}

static int call_enable(void *p)
{
	struct aipsnap_enable *arg = p;

	arg->why = 0;
	if (aip_off)
		return -EPERM;
	return aip_device_enable(arg);
}

/* Calls that take nothing but a slot. */
static int with_slot(struct aipsnap_slot *arg, int (*fn)(struct aip_device *d))
{
	struct aip_device *d = aip_device_find(arg->slot);

	if (arg->reserved)
		return -EINVAL;
	return d ? fn(d) : -ENODEV;
}

static int call_disable(void *p)
{
	return with_slot(p, aip_device_disable);
}

static int call_stop(void *p)
{
	return with_slot(p, aip_device_stop);
}

static int call_seal_abort(void *p)
{
	return with_slot(p, aip_seal_abort);
}

static int call_start_begin(void *p)
{
	struct aipsnap_start_begin *arg = p;

	arg->why = 0;
	if (aip_off)
		return -EPERM;
	return aip_start_begin(arg);
}

static int call_start_commit(void *p)
{
	return aip_start_commit(p);
}

static int call_mark(void *p)
{
	return aip_start_mark(p);
}

static int call_seal_begin(void *p)
{
	struct aipsnap_seal_begin *arg = p;

	arg->why = 0;
	arg->written = 0;
	return aip_seal_begin(arg);
}

static int call_seal_commit(void *p)
{
	struct aipsnap_seal_commit *arg = p;

	arg->why = 0;
	return aip_seal_commit(arg);
}

static int call_new_lineage(void *p)
{
	struct aipsnap_new_lineage *arg = p;
	struct aip_device *d = aip_device_find(arg->slot);
	int rc;

	if (!d)
		return -ENODEV;
	if (d->state != AIPSNAP_TRACKING)
		return -EINVAL;
	rc = aip_device_new_lineage(d, arg->why);
	if (rc)
		return rc;
	arg->lineage = d->history.lineage;
	arg->generation = aip_history_last(&d->history)->id;
	return 0;
}

static int call_generations(void *p)
{
	return aip_changes_generations(p);
}

static int call_changes(void *p)
{
	return aip_changes_read(p);
}

static int call_switch(void *p)
{
	return aip_switch(p);
}

static int call_snapshot(void *p)
{
	return aip_snapshot_status(p);
}

static int call_snapshot_remove(void *p)
{
	struct aipsnap_snapshot_remove *arg = p;

	return arg->reserved ? -EINVAL : aip_snapshot_remove(arg->snapshot);
}

static const struct {
	unsigned int cmd;
	int (*fn)(void *arg);
} calls[] = {
	{ AIPSNAP_INFO, call_info },
	{ AIPSNAP_TABLE_LOAD, call_table_load },
	{ AIPSNAP_TABLE_UNLOAD, call_table_unload },
	{ AIPSNAP_DEVICE, call_device },
	{ AIPSNAP_ENABLE, call_enable },
	{ AIPSNAP_DISABLE, call_disable },
	{ AIPSNAP_STOP, call_stop },
	{ AIPSNAP_START_BEGIN, call_start_begin },
	{ AIPSNAP_START_COMMIT, call_start_commit },
	{ AIPSNAP_MARK, call_mark },
	{ AIPSNAP_SEAL_BEGIN, call_seal_begin },
	{ AIPSNAP_SEAL_COMMIT, call_seal_commit },
	{ AIPSNAP_SEAL_ABORT, call_seal_abort },
	{ AIPSNAP_NEW_LINEAGE, call_new_lineage },
	{ AIPSNAP_GENERATIONS, call_generations },
	{ AIPSNAP_CHANGES, call_changes },
	{ AIPSNAP_SWITCH, call_switch },
	{ AIPSNAP_SNAPSHOT, call_snapshot },
	{ AIPSNAP_SNAPSHOT_REMOVE, call_snapshot_remove },
};

#define MAX_ARG 512

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long uarg)
{
	void __user *user = (void __user *)uarg;
	u64 arg[MAX_ARG / sizeof(u64)];
	unsigned int size = _IOC_SIZE(cmd), i;
	int rc;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	for (i = 0; i < ARRAY_SIZE(calls) && calls[i].cmd != cmd; i++)
		;
	if (i == ARRAY_SIZE(calls) || size > sizeof(arg))
		return -ENOTTY;
	memset(arg, 0, sizeof(arg));
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(arg, user, size))
		return -EFAULT;
	if (mutex_lock_interruptible(&aip_control_lock))
		return -EINTR;
	rc = calls[i].fn(arg);
	mutex_unlock(&aip_control_lock);
	if (_IOC_DIR(cmd) & _IOC_READ && copy_to_user(user, arg, size) && !rc)
		rc = -EFAULT;
	return rc;
}

static int control_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice control_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = AIPSNAP_CONTROL,
	.fops = &control_fops,
	.mode = 0600,
};

int aip_control_init(void)
{
	return misc_register(&control_misc);
}

void aip_control_exit(void)
{
	misc_deregister(&control_misc);
}
