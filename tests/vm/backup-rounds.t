#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: full + incrementals = snapshot = restored, on ext4, ext3 on raid1, XFS on LVM, ext4 on
# proves: dm-crypt and a raw device, at random moments under load, some killed on the way
# needs:  the VM lab; BACKUP_ROUNDS=N for more of them (make soak: 200)
# timeout: 900
# order:  15
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipbackup" "$AIP_B/aipsnap" >&2 || { fail "the programs build"; exit 1; }
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipbackup" "$AIP_B/aipsnap" "$AIP_TMP/bin"
rounds=${BACKUP_ROUNDS:-5}
drv_limit=$((600 + rounds * 60)) drv_args=$rounds drv_run rounds "$drv_kernel" backup.sh --mem 1024 --share "bin-aip=$AIP_TMP/bin:ro" \
	--disk 64M --disk 64M --disk 64M --disk 400M --disk 64M --disk 32M --disk 12G
tap_done
