#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the module alone sees every kind of write on every kind of device: each
# proves: chunk that differs between two images is reported (Debian 12's kernel)
# needs:  the VM lab
# tier:   full
# timeout: 1200
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
drv_run track "$drv_kernel" track.sh --mem 1536 --disk 32M --disk 48M --disk 48M --disk 320M
tap_done
