// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * empty.c: listens to block_bio_queue and does nothing: what the tracepoint
 * alone costs, below which nothing that uses it can come.  For vm-driver.sh.
 */
#include <linux/bio.h>
#include <linux/module.h>
#include <linux/tracepoint.h>

static struct tracepoint *queue;

static void on_queue(void *data, struct bio *bio)
{
}

static void find(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "block_bio_queue"))
		queue = tp;
}

static int __init empty_init(void)
{
	for_each_kernel_tracepoint(find, NULL);
	return queue ? tracepoint_probe_register(queue, on_queue, NULL) : -ENOENT;
}

static void __exit empty_exit(void)
{
	tracepoint_probe_unregister(queue, on_queue, NULL);
	tracepoint_synchronize_unregister();
}

module_init(empty_init);
module_exit(empty_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("An empty listener to block_bio_queue");
