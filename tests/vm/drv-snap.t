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
drv_build bookworm
drv_run snap bookworm snap.sh --mem 1024 --disk 48M --disk 48M --disk 64M
drv_args=5 drv_run switch bookworm switch.sh --smp 2 --disk 32M
tap_done
