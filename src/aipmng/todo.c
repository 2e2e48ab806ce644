// SPDX-License-Identifier: GPL-2.0-or-later
/* Modes that are not written yet; this file shrinks to nothing. */
#include "aipmng/aipmng.h"

#define TODO(mode)                                                                  \
	int mode(struct ctx *ctx)                                                   \
	{                                                                           \
		struct aip_err err = AIP_ERR_INIT;                                  \
                                                                                    \
		aip_err_set(&err, -1, #mode ": not available yet");                 \
		return ctx_fail(ctx, &err);                                         \
	}
TODO(mode_patches)
TODO(mode_modupdate)
TODO(mode_status)
TODO(mode_list)
TODO(mode_diff)
TODO(mode_revert)
TODO(mode_history)
TODO(mode_reconcile)
TODO(mode_reset_serial)
TODO(mode_erase)
