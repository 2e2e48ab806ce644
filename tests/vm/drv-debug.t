#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the driver's tests pass on a kernel with KASAN, lockdep, kmemleak and sleep-in-atomic
# proves: checks, without a complaint, and each allocation that fails in a call does no harm
# needs:  the VM lab, tests/vm/debug-kernel (half an hour to build)
# tier:   demand
# timeout: 9000
set -u
. "$AIP_TOP/tests/vm/drv.sh"
k=$("$AIP_TOP/tests/vm/debug-kernel") || { fail "the debug kernel builds"; exit 1; }
drv_build "$k"
# one boot for what needs only one: it takes minutes
drv_limit=${drv_limit:-2400}
qemu-img create -q -f qcow2 "$AIP_TMP/huge.qcow2" 16T
drv_run debug "$k" debug.sh --mem 1536 --disk 48M --disk 48M --disk 64M --disk "$AIP_TMP/huge.qcow2"
drv_args=3 drv_run switch "$k" switch.sh --mem 1024 --smp 2 --disk 32M
truncate -s 32M "$AIP_TMP/a.img" "$AIP_TMP/b.img"
drv_run table "$k" table1.sh --mem 1024 --disk "$AIP_TMP/a.img" --disk "$AIP_TMP/b.img"
drv_args=resume drv_run resume "$k" table3.sh --mem 1024 --disk "$AIP_TMP/a.img" --disk "$AIP_TMP/b.img"
tap_done
