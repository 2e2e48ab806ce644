#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the driver begins a new lineage for another fingerprint, UUID, or none
# needs:  the VM lab
# tier:   full
# timeout: 600
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
disks=(--disk "$AIP_TMP/a.img" --disk "$AIP_TMP/b.img")
truncate -s 32M "$AIP_TMP/a.img" "$AIP_TMP/b.img"
drv_run first "$drv_kernel" table1.sh "${disks[@]}"
cp "$AIP_TMP/a.img" "$AIP_TMP/a.sealed"
cp "$AIP_TMP/b.img" "$AIP_TMP/b.sealed"
for how in fingerprint identity none; do
	cp "$AIP_TMP/a.sealed" "$AIP_TMP/a.img"
	cp "$AIP_TMP/b.sealed" "$AIP_TMP/b.img"
	drv_args=$how drv_run "$how" "$drv_kernel" table3.sh "${disks[@]}"
done
tap_done
