// SPDX-License-Identifier: GPL-2.0-only
/* 6.2: arguments and target of the traced function have accessors */
#include <linux/ftrace.h>
void probe(struct ftrace_regs *f);
void probe(struct ftrace_regs *f)
{
	ftrace_regs_set_instruction_pointer(f, ftrace_regs_get_argument(f, 0));
}
