// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "aipmng/aipmng.h"

int mode_modupdate(struct ctx *ctx)
{
	fputs("aipmng: no aip driver is installed\n", stderr);
	return AIP_EXIT_ERROR;
}
