#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: whatever a power cut leaves on the disk, at each flush and between two, the
# proves: table is CLEAN only where it names every change: two boots, two seals, each
# proves: write of the disk that holds both the table and the tracked file system
# needs:  the VM lab, see tests/vm/README.md
# timeout: 900
# order:  9
set -u
. "$(dirname "$0")/track.sh"
track_image || exit 1
vm_new "$track_img" && vm_rootlog "$track_logs/vda" || exit 1
check "the guest boots" vm_boot || exit 1
check "enable the root, table and all" vm_run 'aipsnap enable /dev/vda && mkdir /dirt' || exit 1
for boot in 1 2; do
	track_dirt $((AIP_SEED + boot)) /dirt vda
	check "boot $boot: a new generation" vm_run 'aipsnap generation new /dev/vda'
	track_dirt $((AIP_SEED + boot + 10)) /dirt vda
	[ $boot = 2 ] || check "reboot" vm_reboot || exit 1
done
lineage=$(track_status vda lineage)
# 4096-byte blocks: file block, disk block, count
vm_run 'filefrag -b4096 -v /.aipsnap_table' | tr -d ':.' | awk '$1 ~ /^[0-9]+$/ { print $2, $4, $6 }' >"$AIP_TMP/extents"
check "where the table lies" [ -s "$AIP_TMP/extents" ]
check "shutdown" vm_shutdown || exit 1
cat "$AIP_TMP/extents" >&2
line=$("$vm_here/boundaries.py" "$AIP_SEED" "$AIP_TMP/extents" 0 "$track_logs/vda.1" "$track_logs/vda.2" 2>&1)
is "no state that would lose a change: $(head -1 <<<"$line")" $? 0
echo "$line" >&2
read -r _ entries _ boundaries _ clean _ states _ lineages _ _ < <(head -1 <<<"$line")
check "(there was something to look at)" [ $((entries > 100 && boundaries > 20 && clean > 0 && states > 50)) = 1 ]
is "one lineage through both boots" "$lineages" 1
# the check can fail: the same logs, what the second boot wrote to the table taken away
"$vm_here/boundaries.py" --lose 2 "$AIP_SEED" "$AIP_TMP/extents" 0 "$track_logs/vda.1" "$track_logs/vda.2" >"$AIP_TMP/wrong" 2>&1
is "(a table that stays CLEAN while the disk is written is found)" $? 1
tap_done
