// SPDX-License-Identifier: GPL-2.0-only
/*
 * switch.c: see switch.h.
 *
 * All that can fail or take time is done before the freeze: generations,
 * storage, disks, open devices.  Inside it pointers change.  Order:
 *
 *	freeze              the file systems' writes are over
 *	close the gate      writes of members with a snapshot wait from here: the instant
 *	switch              each tracker marks in its new generation
 *	open the gate       what waited goes through copy-on-write
 *	thaw
 *	grace, settle       writes of the old generations end
 *
 * A write that copy-on-write keeps out of the image is thus always marked in (by mark_again() of cow.c, where it
 * was in the account before) the new generation.  Where a raw writer is between gate and account when the
 * gate closes, thaw comes first and the switch waits for it, not the freeze; where it
 * does not come through in time (it hangs below) all is taken back: nothing was switched.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "device.h"
#include "hold.h"
#include "seal.h"
#include "snapshot.h"
#include "switch.h"

#define SETTLE_MS 30000

struct member {
	struct aipsnap_member u;
	struct aip_device *device;
	struct aip_gen *gen;
	struct aip_gen *old;
	struct aip_snapshot *snapshot;
};

struct job {
	struct aipsnap_switch *arg;
	struct member *members;
	u32 nr_members;
	struct aip_frozen *frozen;
	u32 nr_freeze;
	struct mutex lock; /* the watchdog against the freezer */
	bool late;
	struct delayed_work watchdog;
	struct aip_snapshot_set *set;
	ktime_t start;
};

static unsigned int timeout_ms(const struct job *job)
{
	return job->arg->timeout_ms ?: 10000;
}

/* ---- freeze -------------------------------------------------------------- */

static void thaw_all(struct job *job)
{
	u32 i;

	mutex_lock(&job->lock);
	for (i = job->nr_freeze; i-- > 0;)
		aip_thaw(&job->frozen[i]);
	mutex_unlock(&job->lock);
}

/* A freeze that hangs must not keep those before it frozen. */
static void watchdog(struct work_struct *work)
{
	struct job *job = container_of(to_delayed_work(work), struct job, watchdog);

	WRITE_ONCE(job->late, true);
	thaw_all(job);
}

static int freeze_all(struct job *job)
{
	u32 i;
	int rc;

	job->start = ktime_get();
	schedule_delayed_work(&job->watchdog, msecs_to_jiffies(timeout_ms(job)));
	for (i = 0; i < job->nr_freeze; i++) {
		struct aip_frozen f = job->frozen[i];

		rc = aip_freeze(&f);
		mutex_lock(&job->lock);
		if (!rc && job->late) {
			aip_thaw(&f);
			rc = -ETIMEDOUT;
		}
		job->frozen[i] = f;
		mutex_unlock(&job->lock);
		if (rc)
			return rc;
	}
	return READ_ONCE(job->late) ? -ETIMEDOUT : 0;
}

static int open_freeze(struct job *job)
{
	struct aipsnap_freeze __user *list = u64_to_user_ptr(job->arg->freeze);
	u32 i;
	int rc;

	for (i = 0; i < job->arg->nr_freeze; i++) {
		struct aipsnap_freeze f;

		if (copy_from_user(&f, &list[i], sizeof(f)))
			return -EFAULT;
		rc = aip_bdev_open(&job->frozen[i].dev, MKDEV(f.major, f.minor), false, NULL);
		if (rc)
			return rc;
		job->nr_freeze++;
	}
	return 0;
}

/* ---- members ------------------------------------------------------------- */

/* What is copied to the storage passes a seal unseen: it is broken first. */
static int unseal_below(const struct aip_snapshot *s)
{
	int i, rc = 0;

	for (i = 0; !rc && i < AIPSNAP_MAX_DEVICES; i++) {
		struct aip_device *d = aip_devices[i];

		if (d && d->tracker && aip_snapshot_is_stored_on(s, d->tracker) &&
		    (d->state == AIPSNAP_SEALING || d->state == AIPSNAP_SEALED))
			rc = aip_seal_abort(d);
	}
	return rc;
}

static int prepare_member(struct job *job, struct member *m)
{
	struct aip_device *d = aip_device_find(m->u.slot);
	struct member *other;
	int rc;

	if (!d)
		return -ENODEV;
	rc = aip_device_check(d);
	if (rc)
		return rc;
	if (d->state != AIPSNAP_TRACKING)
		return -EINVAL;
	for (other = job->members; other < m; other++)
		if (other->device == d)
			return -EINVAL;
	m->device = d;
	m->gen = aip_gen_new(aip_tracker_chunks(d->tracker));
	if (IS_ERR(m->gen)) {
		rc = PTR_ERR(m->gen);
		m->gen = NULL;
		return rc;
	}
	if (m->u.store == AIPSNAP_STORE_NONE)
		return 0;
	m->snapshot = aip_snapshot_prepare(d->tracker, &m->u, job->set);
	if (IS_ERR(m->snapshot)) {
		rc = PTR_ERR(m->snapshot);
		m->snapshot = NULL;
		return rc;
	}
	return unseal_below(m->snapshot);
}

static int get_members(struct job *job)
{
	struct aipsnap_member __user *list = u64_to_user_ptr(job->arg->members);
	u32 i;
	int rc;

	for (i = 0; i < job->arg->nr_members; i++) {
		struct member *m = &job->members[i];

		if (copy_from_user(&m->u, &list[i], sizeof(m->u)))
			return -EFAULT;
		m->u.why = 0;
		job->nr_members++;
		rc = prepare_member(job, m);
		if (rc) {
			job->arg->why = m->u.why;
			return rc;
		}
	}
	return 0;
}

static int put_members(struct job *job)
{
	struct aipsnap_member __user *list = u64_to_user_ptr(job->arg->members);
	u32 i;

	for (i = 0; i < job->nr_members; i++)
		if (copy_to_user(&list[i], &job->members[i].u, sizeof(job->members[i].u)))
			return -EFAULT;
	return 0;
}

static void switch_all(struct job *job)
{
	u32 i;

	for (i = 0; i < job->nr_members; i++)
		job->members[i].old =
			aip_tracker_switch(job->members[i].device->tracker, job->members[i].gen);
}

/* The old generations' writes end; histories grow. */
static void settle_all(struct job *job)
{
	u32 i;

	synchronize_rcu();
	for (i = 0; i < job->nr_members; i++) {
		struct member *m = &job->members[i];
		struct aip_history *h = &m->device->history;

		aip_tracker_settle(m->device->tracker, m->old, SETTLE_MS);
		m->u.closed = m->old->id;
		m->u.opened = m->gen->id;
		aip_history_add(h, m->gen);
		m->gen = NULL;
		while (h->nr > AIPSNAP_MAX_GENERATIONS)
			aip_history_merge(h);
	}
}

/* ---- the call ------------------------------------------------------------ */

/* Waits until each write that was not held is in the account. */
static int wait_gate(struct job *job)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms(job));

	while (aip_hold_gate_open()) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		schedule_timeout_uninterruptible(1);
	}
	return 0;
}

static int run(struct job *job)
{
	bool gated;
	int rc;

	/* a write that came before the snapshots were set up is past the gate's place, and in the account */
	if (aip_snapshot_set_used(job->set))
		synchronize_rcu_tasks();
	rc = freeze_all(job);
	/* nothing is undone from here on: the watchdog must not come in between */
	cancel_delayed_work_sync(&job->watchdog);
	if (!rc && job->late)
		rc = -ETIMEDOUT;
	if (rc) {
		thaw_all(job);
		return rc;
	}
	aip_snapshot_close_gate(job->set);
	gated = aip_snapshot_set_used(job->set) && aip_hold_gate_open();
	if (!gated) {
		switch_all(job);
		aip_snapshot_open_gate(job->set);
	}
	thaw_all(job);
	job->arg->frozen_us = ktime_us_delta(ktime_get(), job->start);
	if (gated) {
		rc = wait_gate(job);
		/* what waits at the gate goes on as its snapshot is discarded */
		if (rc)
			return rc;
		switch_all(job);
		aip_snapshot_open_gate(job->set);
	}
	settle_all(job);
	return 0;
}

static void free_job(struct job *job)
{
	u32 i;

	for (i = 0; i < job->nr_members; i++) {
		aip_gen_free(job->members[i].gen);
		if (job->members[i].snapshot)
			aip_snapshot_discard(job->members[i].snapshot);
	}
	for (i = 0; i < job->nr_freeze; i++)
		aip_bdev_close(&job->frozen[i].dev);
	aip_snapshot_set_put(job->set);
	kvfree(job->members);
	kvfree(job->frozen);
	kfree(job);
}

static struct job *new_job(struct aipsnap_switch *arg)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	job->arg = arg;
	mutex_init(&job->lock);
	INIT_DELAYED_WORK(&job->watchdog, watchdog);
	job->members = kvcalloc(arg->nr_members, sizeof(*job->members), GFP_KERNEL);
	job->frozen = kvcalloc(arg->nr_freeze ?: 1, sizeof(*job->frozen), GFP_KERNEL);
	job->set = aip_snapshot_set_new();
	if (job->members && job->frozen && job->set)
		return job;
	free_job(job);
	return NULL;
}

int aip_switch(struct aipsnap_switch *arg)
{
	struct job *job;
	u32 i;
	int rc;

	arg->why = 0;
	arg->frozen_us = 0;
	if (!arg->nr_members || arg->nr_members > AIPSNAP_MAX_DEVICES ||
	    arg->nr_freeze > AIPSNAP_MAX_FREEZE ||
	    memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	job = new_job(arg);
	if (!job)
		return -ENOMEM;
	rc = get_members(job);
	rc = rc ?: open_freeze(job);
	rc = rc ?: run(job);
	if (!rc) {
		arg->set = aip_snapshot_set_number(job->set);
		for (i = 0; i < job->nr_members; i++) {
			struct member *m = &job->members[i];
			int rc2 = m->snapshot ? aip_snapshot_publish(m->snapshot, &m->u) : 0;

			m->snapshot = NULL;
			rc = rc ?: rc2;
		}
		rc = rc ?: put_members(job);
	}
	free_job(job);
	return rc;
}
