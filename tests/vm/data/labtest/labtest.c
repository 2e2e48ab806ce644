// SPDX-License-Identifier: GPL-2.0-only
/*
 * labtest: does to a guest's kernel what the lab has to notice.
 * modprobe labtest what=warn|bug|hang
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/string.h>

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "warn, bug or hang; anything else does nothing");

static int __init labtest_init(void)
{
	if (!strcmp(what, "warn"))
		WARN(1, "labtest\n");
	else if (!strcmp(what, "bug"))
		*(volatile int *)8 = 1;
	else if (!strcmp(what, "hang"))
		for (;;)
			cpu_relax();
	return 0;
}

static void __exit labtest_exit(void)
{
}

module_init(labtest_init);
module_exit(labtest_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("what the VM lab has to notice");
