#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: snapshots stand still under load, end without harm when the storage is full
# proves: or fails, and are taken of two devices at one instant; a switch under raw load
# proves: misses nothing
# needs:  the VM lab
# timeout: 600
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_run snap "$drv_kernel" snap.sh --mem 1024 --disk 48M --disk 48M --disk 64M
drv_args=3 drv_run switch "$drv_kernel" switch.sh --smp 2 --disk 32M
tap_done
