#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: random calls, devices that go away, 16 TiB: the driver refuses or goes on, the
# proves: kernel lives, and it can be unloaded afterwards
# needs:  the VM lab
# tier:   full
# timeout: 600
# order:  30
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build bookworm
qemu-img create -q -f qcow2 "$AIP_TMP/huge.qcow2" 16T
drv_run abuse bookworm abuse.sh --smp 2 --disk 32M --disk 48M --disk "$AIP_TMP/huge.qcow2"
tap_done
