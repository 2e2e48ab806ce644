#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a table and a tracked partition on one disk, two boots, four seals, writes right after a seal: whatever
# proves: a power cut leaves of any of its writes, the table is CLEAN only where it names every change
# needs:  the VM lab
# timeout: 600
# order:  20
# tier:   full
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"
truncate -s 40M "$AIP_TMP/disk"
for boot in first second; do
	drv_args=$boot drv_run "$boot" "$drv_kernel" cuts.sh --smp 2 --disk "$AIP_TMP/disk,log=$AIP_TMP/$boot"
done
extents=$AIP_TMP/out-first/extents
is "the table is in one piece" "$(wc -l <"$extents")" 1
judge() { # [--lose N]
	python3 "$AIP_TOP/tests/vm/boundaries.py" "$@" "$AIP_SEED" "$extents" $((22528 * 512)) "$AIP_TMP/first" "$AIP_TMP/second" >"$AIP_TMP/verdict" 2>&1
}
judge
is "no state that would lose a change" "$? $(head -1 "$AIP_TMP/verdict")" "0 $(head -1 "$AIP_TMP/verdict")"
cat "$AIP_TMP/verdict" >&2
read -r _ entries _ boundaries _ clean _ states _ lineages _ _ <"$AIP_TMP/verdict"
is "(there was something to look at)" $((entries > 100 && boundaries > 40 && clean > 10 && states > 100)) 1
is "one lineage through both boots" "$lineages" 1
judge --lose 2
is "(a table that stays CLEAN while the disk is written is found)" $? 1
tap_done
