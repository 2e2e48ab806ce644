#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the module builds with the suite's compiler, boots and does its work on Debian's
# proves: kernels 5.10 and 6.12
# needs:  the VM lab
# timeout: 900
# order:  15
set -u
. "$AIP_TOP/tests/vm/drv.sh"
for k in ${DRV_KERNELS:-bullseye trixie}; do
	drv_build "$k"
	drv_args=few drv_run "$k-track" "$k" track.sh --mem 1024 --disk 32M --disk 48M --disk 48M
	drv_run "$k-snap" "$k" snap.sh --mem 1024 --disk 48M --disk 48M --disk 64M
done
tap_done
