#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the module builds with the suite's compiler, boots and does its work on Debian's
# proves: kernels 5.10 and 6.12
# needs:  the VM lab
# timeout: 900
# order:  15
set -u
. "$AIP_TOP/tests/vm/drv.sh"
# by turns; DRV_ALL=1: all on all
drv_build bullseye
drv_args=few drv_run 5.10-track bullseye track.sh --mem 1024 --disk 32M --disk 48M --disk 48M
[ -z "${DRV_ALL:-}" ] || drv_run 5.10-snap bullseye snap.sh --mem 1024 --disk 48M --disk 48M --disk 64M
drv_run 5.10-chain bullseye chain.sh --disk 32M
drv_build trixie
drv_run 6.12-chain trixie chain.sh --disk 32M
drv_run 6.12-snap trixie snap.sh --mem 1024 --disk 48M --disk 48M --disk 64M
[ -z "${DRV_ALL:-}" ] || drv_args=few drv_run 6.12-track trixie track.sh --mem 1024 --disk 32M --disk 48M --disk 48M
tap_done
