#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what is under way when something ends comes to its end: a snapshot whose storage is sealed,
# proves: a write held while its device is disabled, a start never finished; polled writes.
# proves: No lineage and no snapshot goes through hibernation
# needs:  the VM lab
# timeout: 600
# order:  20
# tier:   full
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_run ends "$drv_kernel" ends.sh --smp 2 --disk 48M --disk 64M --disk 48M
drv_run sleep "$drv_kernel" sleep.sh --disk 48M --disk 48M
tap_done
