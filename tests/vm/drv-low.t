#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: with 192 MiB of memory and a storm of writers on two processors a snapshot whose storage
# proves: lies on the origin neither deadlocks nor changes
# needs:  the VM lab
# tier:   full
# timeout: 1200
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_limit=900
drv_args=30 drv_run low "$drv_kernel" low.sh --smp 2 --mem 192 --disk 160M --disk 128M
tap_done
