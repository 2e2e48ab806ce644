#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: what cannot be tracked is refused with the reason and status 4, and what only looks like it
#         is not: md, btrfs, bcache, brd, zram, pmem, removable, too large, zoned, device-mapper, a root that cannot hold the table
# needs: qemu, kernel headers, jq
# timeout: 600
# tier: full
# order: 40
set -u
. "$AIP_TOP/tests/lib/tap.sh"
vm=$AIP_TOP/tests/vm
kernel=${AIP_KERNEL:-bookworm}
"$vm/kbuild" --quick "$kernel" "$AIP_TOP/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipsnap" "$AIP_TMP/bin/"
truncate -s 64M "$AIP_TMP/root" && mke2fs -q -F -t ext4 "$AIP_TMP/root"
disks=()
for _ in 1 2 3 4 5 6; do disks+=(--disk 128M); done
disks+=(--disk 16M,bus=scsi,removable=on)
"$vm/run" --kernel "$kernel" --timeout 400 --append "rcupdate.rcu_cpu_stall_suppress=1 memmap=32M!512M" \
	--share "ko=$AIP_TMP/ko" --share "aip=$AIP_TMP/bin" --share "data=$vm/data:ro" --disk "$AIP_TMP/root" "${disks[@]}" \
	"$vm/data/snap-refuse" >"$AIP_TMP/log"
rc=$?
grep -E '^(ok|not ok)' "$AIP_TMP/log" || fail "no case was run"
grep -q '^not ok' "$AIP_TMP/log" && tap_failed=1
is "the guest ended well" $rc 0
exit $tap_failed
