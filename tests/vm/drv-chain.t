#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: bios that are chained to others (pieces of large writes, long discards) end as they do without the
# proves: driver, in a small stack, their errors passed on, and all are counted
# needs:  the VM lab
# timeout: 600
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_run chain "$drv_kernel" chain.sh --disk 32M
tap_done
