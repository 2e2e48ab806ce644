#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: snapshots through the program (storage in files and on a device, given back), freeze hooks,
#         file systems in loop devices and in other mount namespaces are seen by seal and switch
# needs: qemu, kernel headers, jq
# timeout: 600
# order: 40
set -u
. "$AIP_TOP/tests/lib/tap.sh"
vm=$AIP_TOP/tests/vm
kernel=${AIP_KERNEL:-bookworm}
"$vm/kbuild" --quick "$kernel" "$AIP_TOP/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipsnap" "$AIP_TMP/bin/"
truncate -s 320M "$AIP_TMP/root" && mke2fs -q -F -t ext4 "$AIP_TMP/root"
"$vm/run" --kernel "$kernel" --timeout 400 --append rcupdate.rcu_cpu_stall_suppress=1 \
	--share "ko=$AIP_TMP/ko" --share "aip=$AIP_TMP/bin" --share "data=$vm/data:ro" --disk "$AIP_TMP/root" --disk 128M --disk 128M --disk 64M \
	"$vm/data/snap-cli" >"$AIP_TMP/log"
rc=$?
grep -E '^(ok|not ok)' "$AIP_TMP/log" || fail "no case was run"
grep -q '^not ok' "$AIP_TMP/log" && tap_failed=1
is "the guest ended well" $rc 0
exit $tap_failed
