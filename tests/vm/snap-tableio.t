#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: I/O errors on the table's device (dm-flakey, dm-error), at the start, at the load, while it
#         is tracked and in the middle of a seal: it is said, tracking goes on in memory and misses
#         nothing, /.aipsnap_dirty is set, and the lineage does not go on at the next start
# needs: qemu, kernel headers, jq
# timeout: 1200
# tier: full
# order: 30
set -u
. "$AIP_TOP/tests/lib/tap.sh"
vm=$AIP_TOP/tests/vm
kernel=${AIP_KERNEL:-bookworm}
"$vm/kbuild" --quick "$kernel" "$AIP_TOP/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" "$AIP_B/drv-client" >&2 || { fail "the programs build"; exit 1; }
mkdir "$AIP_TMP/bin" "$AIP_TMP/out" && cp "$AIP_B/aipsnap" "$AIP_B/drv-client" "$AIP_TMP/bin/"
"$vm/run" --kernel "$kernel" --timeout 1000 --append rcupdate.rcu_cpu_stall_suppress=1 --out "$AIP_TMP/out" \
	--share "ko=$AIP_TMP/ko" --share "aip=$AIP_TMP/bin" --share "data=$vm/data:ro" --disk 64M --disk 32M \
	"$vm/data/snap-tableio" "$AIP_SEED" >"$AIP_TMP/log"
rc=$?
cat "$AIP_TMP/log"
! grep -q '^not ok' "$AIP_TMP/log" || tap_failed=1
is "the guest ended well" "$rc $(tail -n 1 "$AIP_TMP/log")" "0 the end"
exit $tap_failed
