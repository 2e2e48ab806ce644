#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the driver's table: what is refused, seal and write after the seal, merging,
# proves: damage found, resumed over a reboot without a miss, new lineage when a fact differs
# needs:  the VM lab
# timeout: 600
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
disks=(--disk "$AIP_TMP/a.img" --disk "$AIP_TMP/b.img")
truncate -s 32M "$AIP_TMP/a.img"
truncate -s 48M "$AIP_TMP/b.img"
drv_run first "$drv_kernel" table1.sh "${disks[@]}"
cp "$AIP_TMP/a.img" "$AIP_TMP/a.sealed"
cp "$AIP_TMP/b.img" "$AIP_TMP/b.sealed"
again() { cp "$AIP_TMP/a.sealed" "$AIP_TMP/a.img"; cp "$AIP_TMP/b.sealed" "$AIP_TMP/b.img"; }
drv_args=resume drv_run resume "$drv_kernel" table3.sh "${disks[@]}"
again
drv_args=written drv_run written "$drv_kernel" table3.sh "${disks[@]}"
again
drv_run damage "$drv_kernel" table2.sh "${disks[@]}"
tap_done
