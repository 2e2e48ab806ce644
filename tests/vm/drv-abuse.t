#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: random calls, devices that go away, 16 TiB, 64 devices: the driver refuses or goes
# proves: on, the kernel lives, and it can be unloaded afterwards
# needs:  the VM lab
# tier:   full
# timeout: 1200
# order:  30
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
qemu-img create -q -f qcow2 "$AIP_TMP/huge.qcow2" 16T
drv_run abuse "$drv_kernel" abuse.sh --smp 2 --disk 32M --disk 48M --disk "$AIP_TMP/huge.qcow2"
drv_run many "$drv_kernel" many.sh --mem 1024 --disk 272M --disk 64M --disk 272M
tap_done
