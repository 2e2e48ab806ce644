#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: what real mounts of ext2, ext3, ext4 and XFS do to the fingerprint: read-only ones nothing
#         (and all that they write is marked), read-write ones are noticed, wherever XFS's log ends
# needs: qemu, jq
# tier: full
# timeout: 1500
# order: 20
set -u
. "$AIP_TOP/tests/lib/tap.sh"
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipsnap" "$AIP_TMP/bin/"
"$AIP_TOP/tests/vm/run" --kernel "${AIP_KERNEL:-bookworm}" --timeout 1200 --append rcupdate.rcu_cpu_stall_suppress=1 --disk 320M --disk 320M \
	--share "aip=$AIP_TMP/bin" "$AIP_TOP/tests/vm/data/snap-fingerprint" >"$AIP_TMP/log"
rc=$?
grep -E '^(ok|not ok)' "$AIP_TMP/log" || fail "no case was run"
grep -q '^not ok' "$AIP_TMP/log" && tap_failed=1
is "the guest ended well" $rc 0
exit $tap_failed
