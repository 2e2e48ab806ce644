/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AIP_TEXTDIFF_H
#define AIP_TEXTDIFF_H

#include "common/buf.h"

/**
 * textdiff - append a unified diff with three lines of context, for people
 * One hunk from the first to the last line that differs: exact for an insertion or a
 * removal, correct but not minimal for anything else.  Equal texts give nothing.
 * Return: 0 or -ENOMEM.
 */
int textdiff(const char *old_name, const struct aip_buf *old, const char *new_name,
	     const struct aip_buf *new, struct aip_buf *out);

#endif
