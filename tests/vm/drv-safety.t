#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: no write passes, and no device is let go, while the table on disk says CLEAN and cannot
# proves: be made DIRTY; a write past the hook is held all the same; a switch gives up where a
# proves: write hangs; copies of the table that differ agree again, DIRTY; an unsaved device in
# proves: the way is said
# needs:  the VM lab
# timeout: 600
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_run safety "$drv_kernel" safety.sh --smp 2 --disk 32M --disk 64M
tap_done
