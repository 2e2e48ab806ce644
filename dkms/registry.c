// SPDX-License-Identifier: GPL-2.0-only
/*
 * registry.c: see registry.h.
 */
#include <linux/rculist.h>

#include "probe.h"
#include "registry.h"

struct hlist_head aip_registry[1 << AIP_REGISTRY_BITS];
static unsigned int nr_trackers;

static void set_shared(struct hlist_head *bucket, bool shared)
{
	struct aip_tracker *t;

	hlist_for_each_entry(t, bucket, hash) WRITE_ONCE(t->shared, shared);
}

int aip_registry_add(struct aip_tracker *t)
{
	int rc;

	if (!nr_trackers) {
		rc = aip_probe_on();
		if (rc)
			return rc;
	}
	nr_trackers++;
	/* before anybody can find two of them */
	set_shared(aip_registry_bucket(t->disk), true);
	t->shared = !hlist_empty(aip_registry_bucket(t->disk));
	hlist_add_head_rcu(&t->hash, aip_registry_bucket(t->disk));
	/* a bio that found no tracker is past its mark now */
	synchronize_rcu();
	return 0;
}

void aip_registry_del(struct aip_tracker *t)
{
	struct hlist_head *bucket = aip_registry_bucket(t->disk);

	hlist_del_rcu(&t->hash);
	if (bucket->first && !bucket->first->next)
		set_shared(bucket, false);
	if (!--nr_trackers)
		aip_probe_off();
	synchronize_rcu();
}
