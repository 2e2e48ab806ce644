// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold.c: see hold.h.
 *
 * A bio goes through aip_submit() only if it may have to wait; the decision is
 * made in the callback, with preemption off.  Calls that come from this module
 * pass: resubmitted bios have been looked at already, own ones must not wait.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "compat/compat.h"
#include "device.h"
#include "hold.h"
#include "own.h"
#include "registry.h"
#include "snapshot.h"

#define HOLD_BIOS 64

/*
 * The gate: bios between our decision and the return of submit_bio_noacct.
 * When `hold for a switch` has been said and the gate is empty, every write
 * that was not held is in the account.  (One that blk-throttle keeps is not:
 * it comes to the account, and to the image, whenever its time has come.)
 */
static struct aip_flights gate;

static DEFINE_MUTEX(hold_lock);
static unsigned int hold_users;
static struct workqueue_struct *hold_wq;
static struct bio_set hold_bios;

/* Queues the bio where the table has to become DIRTY first. */
static bool hold_for_seal(struct aip_tracker *t, struct bio *bio)
{
	unsigned long flags;
	bool held = false;

	if (READ_ONCE(t->guard) != AIP_HOLD)
		return false;
	spin_lock_irqsave(&t->held_lock, flags);
	if (t->guard == AIP_HOLD) {
		/* who waits for it has nothing yet to poll */
		bio->bi_opf &= ~AIP_REQ_POLLED;
		bio_list_add(&t->held, bio);
		held = true;
	}
	spin_unlock_irqrestore(&t->held_lock, flags);
	if (held)
		aip_hold_kick(t);
	return held;
}

/* True: the bio was taken and will be submitted later. */
static bool hold_bio(struct bio *bio)
{
	struct gendisk *disk = aip_bio_disk(bio);
	sector_t sector = bio->bi_iter.bi_sector + aip_bio_base(bio);
	unsigned int nr = bio_sectors(bio);
	struct aip_tracker *t;
	bool held = false;

	if (!nr || aip_own_bio(bio))
		return false;
	preempt_disable();
	aip_for_each_tracker(t, disk)
	{
		if (held || !aip_tracker_touches(t, sector, nr))
			continue;
		held = hold_for_seal(t, bio) || aip_snapshot_hold(t, bio, sector, nr);
	}
	preempt_enable();
	return held;
}

static aip_submit_ret gated_submit(struct bio *bio)
{
#ifndef AIP_HAVE_submit_void
	blk_qc_t ret = BLK_QC_T_NONE;
#endif

	this_cpu_inc(gate.side[0]->begun);
	smp_mb(); /* pairs with aip_hold_gate_open(): begun, then the look at what to hold */
	if (!hold_bio(bio)) {
#ifdef AIP_HAVE_submit_void
		submit_bio_noacct(bio);
#else
		ret = submit_bio_noacct(bio);
#endif
	}
	/* not a tail call: the hook knows us by our return address */
	this_cpu_inc(gate.side[0]->ended);
#ifndef AIP_HAVE_submit_void
	return ret;
#endif
}

void aip_hold_resubmit(struct bio *bio)
{
	gated_submit(bio);
	barrier();
}

bool aip_hold_gate_open(void)
{
	smp_mb();
	return aip_flights_open(&gate, 0);
}

/*
 * An empty flush is a write that every driver takes, with a cache or without.
 * Where no clone can be had DIRTY follows at once.  A bio that the hardware is to
 * encrypt comes from a mounted file system, and that is not sealed.
 */
void aip_hold_divert(struct aip_tracker *t, struct bio *bio)
{
	struct bio *clone = NULL;
	unsigned long flags;

	if (!aip_bio_encrypts(bio))
		clone = aip_bio_clone_same(bio, GFP_NOWAIT | __GFP_NOWARN, &hold_bios);
	if (clone) {
		/* its own checksums, and nobody polls for it */
		clone->bi_opf &= ~(REQ_INTEGRITY | AIP_REQ_POLLED);
		bio_chain(clone, bio);
		bio->bi_iter.bi_size = 0;
		bio->bi_opf = REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC;
		spin_lock_irqsave(&t->held_lock, flags);
		bio_list_add(&t->held, clone);
		spin_unlock_irqrestore(&t->held_lock, flags);
	}
	aip_hold_kick(t);
}

void aip_hold_kick(struct aip_tracker *t)
{
	queue_work(hold_wq, &t->held_work);
}

void aip_hold_work(struct work_struct *work)
{
	struct aip_tracker *t = container_of(work, struct aip_tracker, held_work);
	struct bio_list held;
	unsigned long flags;
	struct bio *bio;
	int rc;

	rc = aip_device_undirty(t);
	spin_lock_irqsave(&t->held_lock, flags);
	held = t->held;
	bio_list_init(&t->held);
	spin_unlock_irqrestore(&t->held_lock, flags);
	while ((bio = bio_list_pop(&held))) {
		if (rc)
			bio_io_error(bio);
		else
			aip_hold_resubmit(bio);
	}
}

#ifdef AIP_HAVE_hook

/* What submit_bio_noacct becomes for a bio that may have to wait. */
static aip_submit_ret aip_submit(struct bio *bio)
{
#ifdef AIP_HAVE_submit_void
	gated_submit(bio);
	barrier();
#else
	return gated_submit(bio);
#endif
}

static void notrace on_submit(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			      aip_ftrace_regs *regs)
{
	struct bio *bio = aip_ftrace_arg0(regs);
	struct aip_tracker *t;
	struct gendisk *disk;
	bool redirect = false;

	if (!op_is_write(bio->bi_opf) || within_module(parent_ip, THIS_MODULE))
		return;
	disk = aip_bio_disk(bio);
	preempt_disable_notrace();
	aip_for_each_tracker(t, disk)
	{
		redirect |= READ_ONCE(t->guard) == AIP_HOLD || READ_ONCE(t->snapshot) != NULL;
	}
	preempt_enable_notrace();
	if (redirect)
		aip_ftrace_set_ip(regs, (unsigned long)aip_submit);
}

static int found = -EOPNOTSUPP; /* 0: the filter of hold_ops is set */

static struct ftrace_ops hold_ops = {
	.func = on_submit,
	.flags = AIP_FTRACE_FLAGS,
};

/*
 * By address: a search by name looks up the name of each function of the kernel, for
 * half a second or more in which this processor does nothing else.  Once, not with each arming.
 */
static void find(void)
{
	static char name[] = "submit_bio_noacct";

	found = ftrace_set_filter_ip(&hold_ops, (unsigned long)submit_bio_noacct, 0, 0);
	if (found)
		found = ftrace_set_filter(&hold_ops, name, strlen(name), 1);
}

/* The kernel keeps the filter until it is told otherwise: not armed, and never again. */
static void forget(void)
{
	ftrace_set_filter(&hold_ops, NULL, 0, 1);
}

static int arm(void)
{
	/* without its filter it would be called for every function */
	return found ?: register_ftrace_function(&hold_ops);
}

static void disarm(void)
{
	unregister_ftrace_function(&hold_ops);
}

#else

static void find(void)
{
}

static void forget(void)
{
}

static int arm(void)
{
	return -EOPNOTSUPP;
}

static void disarm(void)
{
}

#endif

int aip_hold_get(void)
{
	int rc = 0;

	mutex_lock(&hold_lock);
	if (!hold_users)
		rc = arm();
	if (!rc)
		hold_users++;
	mutex_unlock(&hold_lock);
	return rc;
}

void aip_hold_put(void)
{
	mutex_lock(&hold_lock);
	if (!--hold_users)
		disarm();
	mutex_unlock(&hold_lock);
}

bool aip_hold_armed(void)
{
	return READ_ONCE(hold_users);
}

int aip_hold_init(void)
{
	int rc;

	rc = aip_flights_init(&gate);
	if (rc)
		return rc;
	rc = bioset_init(&hold_bios, HOLD_BIOS, 0, 0);
	if (rc)
		goto gate;
	find();
	hold_wq = alloc_workqueue("aipsnap-hold", WQ_MEM_RECLAIM | WQ_HIGHPRI | AIP_WQ_PERCPU, 0);
	if (!hold_wq) {
		rc = -ENOMEM;
		goto bios;
	}
	return 0;

bios:
	forget();
	bioset_exit(&hold_bios);
gate:
	aip_flights_destroy(&gate);
	return rc;
}

void aip_hold_exit(void)
{
	/* a task may be preempted before it is counted, or sleep in the real function */
	synchronize_rcu_tasks();
	while (aip_hold_gate_open())
		schedule_timeout_uninterruptible(1);
	synchronize_rcu_tasks();
	destroy_workqueue(hold_wq);
	forget();
	bioset_exit(&hold_bios);
	aip_flights_destroy(&gate);
}
