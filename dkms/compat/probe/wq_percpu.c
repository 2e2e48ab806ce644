// SPDX-License-Identifier: GPL-2.0-only
/* a workqueue says that it is per processor */
#include <linux/workqueue.h>
unsigned int probe(void);
unsigned int probe(void)
{
	return WQ_PERCPU;
}
