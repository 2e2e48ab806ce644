#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: storage that fails on writing or reading ends the snapshot, never the origin's writes
# proves: or the tracking; snapshots can be removed in the middle of I/O; the module stays while in use
# needs:  the VM lab
# tier:   full
# timeout: 1200
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_run storage "$drv_kernel" storage.sh --smp 2 --mem 1024 --disk 48M --disk 64M
tap_done
