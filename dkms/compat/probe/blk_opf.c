// SPDX-License-Identifier: GPL-2.0-only
/* 6.0: operations and flags of a bio have a type */
#include <linux/blk_types.h>
blk_opf_t probe = REQ_OP_READ;
