#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: a table with a damaged byte (each of headers and slot), another's, another version's, a
#         forged, moved, truncated or lost one never resumes a lineage, says why, and never harms the
#         kernel; `aipsnap late` and /.aipsnap_dirty do what they are for
# needs: qemu, kernel headers, jq, python3
# timeout: 1800
# tier: full
# order: 30
set -u
. "$AIP_TOP/tests/lib/tap.sh"
vm=$AIP_TOP/tests/vm
kernel=${AIP_KERNEL:-bookworm}
"$vm/kbuild" --quick "$kernel" "$AIP_TOP/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
mkdir "$AIP_TMP/bin" "$AIP_TMP/out" && cp "$AIP_B/aipsnap" "$vm/table.py" "$AIP_TMP/bin/"
truncate -s 64M "$AIP_TMP/root" && mke2fs -q -F -t ext4 -b 4096 "$AIP_TMP/root"
guest() { # ARG...
	"$vm/run" --kernel "$kernel" --timeout 1000 --append rcupdate.rcu_cpu_stall_suppress=1 --out "$AIP_TMP/out" \
		--share "ko=$AIP_TMP/ko" --share "aip=$AIP_TMP/bin" --share "data=$vm/data:ro" --disk "$AIP_TMP/root" \
		--disk "$AIP_TMP/small" "$vm/data/snap-table" "$@" >>"$AIP_TMP/log"
}
truncate -s 2M "$AIP_TMP/small"
guest first || fail "the first boot"
# SNAP_STEP: of the bytes that are always zero only each such one
guest "${SNAP_STEP:-7}" "$AIP_SEED"
rc=$?
grep -E '^(ok|not ok)' "$AIP_TMP/log" || fail "no case was run"
grep -q '^not ok' "$AIP_TMP/log" && tap_failed=1
is "the guest ended well" $rc 0
exit $tap_failed
