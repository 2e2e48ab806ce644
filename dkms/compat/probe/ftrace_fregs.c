// SPDX-License-Identifier: GPL-2.0-only
/* 5.11: the callback of ftrace gets ftrace_regs */
#include <linux/ftrace.h>
static void cb(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
	       struct ftrace_regs *fregs)
{
}
struct ftrace_ops probe = { .func = cb, .flags = FTRACE_OPS_FL_RECURSION };
