#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the driver's tests pass on a kernel with KASAN, lockdep, kmemleak and
# proves: sleep-in-atomic checks, without a complaint
# needs:  the VM lab, tests/vm/debug-kernel (half an hour to build)
# tier:   demand
# timeout: 3000
set -u
. "$AIP_TOP/tests/vm/drv.sh"
k=$("$AIP_TOP/tests/vm/debug-kernel") || { fail "the debug kernel builds"; exit 1; }
drv_build "$k"
drv_limit=900
drv_run snap "$k" snap.sh --mem 1536 --smp 2 --disk 48M --disk 48M --disk 64M
drv_args=3 drv_run switch "$k" switch.sh --mem 1024 --smp 2 --disk 32M
truncate -s 32M "$AIP_TMP/a.img" "$AIP_TMP/b.img"
drv_run table "$k" table1.sh --mem 1024 --disk "$AIP_TMP/a.img" --disk "$AIP_TMP/b.img"
drv_args=resume drv_run resume "$k" table3.sh --mem 1024 --disk "$AIP_TMP/a.img" --disk "$AIP_TMP/b.img"
drv_args=few drv_run track "$k" track.sh --mem 1536 --disk 32M --disk 48M --disk 48M
qemu-img create -q -f qcow2 "$AIP_TMP/huge.qcow2" 16T
drv_run abuse "$k" abuse.sh --mem 1024 --disk 32M --disk 48M --disk "$AIP_TMP/huge.qcow2"
tap_done
