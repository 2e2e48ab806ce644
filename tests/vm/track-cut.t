#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: after a power cut in the running system tracking never goes on in the old
# proves: lineage; after one during shutdown or boot it does only where nothing is missed
# needs:  the VM lab, see tests/vm/README.md
# timeout: 1200
# order:  9
set -u
. "$(dirname "$0")/track.sh"
rounds=${TRACK_CUTS:-1}
RANDOM=$((AIP_SEED % 32768))
moment() { printf '%d.%02d' $((RANDOM % $1)) $((RANDOM % 100)); }

track_image || exit 1
vm_new "$track_img" && track_disk vdb 256M || exit 1
check "the guest boots" vm_boot || exit 1
check "file system" vm_run 'mkfs.ext4 -q /dev/vdb && echo "/dev/vdb /data ext4 defaults 1 2" >>/etc/fstab && mount /data && sync' || exit 1
check "enable" track_enable vdb || exit 1
check "enable the root too" vm_run 'aipsnap enable /dev/vda' || exit 1

# a cut must not have taken the fstab away: writes would go to another disk
boot() { vm_boot && vm_run 'mountpoint -q /data'; }

# either DEV's lineage goes on and nothing is missed, or it is refused
either() { # NAME DEV
	if [ "$(track_status "$2" lineage)" = "${track_lineage[$2]}" ]; then
		track_check "$1: resumed, nothing missed" "$2"
	else
		track_broken "$1: a new lineage" "$2"
	fi
}

for ((n = 1; n <= rounds; n++)); do
	root=$(track_status vda lineage)
	track_dirt $((AIP_SEED + n)) /data vdb
	vm_run 'setsid /run/dirt '$((AIP_SEED + n + 50))' /data /dev/vdb >/dev/null 2>&1 </dev/null & :'
	t=$(moment 5)
	sleep "$t"
	vm_cut
	check "round $n: boot after a power cut $t s into writing" boot || exit 1
	vm_run 'aipsnap status' >&2
	track_broken "round $n: a new lineage after the cut" vdb not-sealed
	[ "$(track_status vda lineage)" != "$root" ] && ok "round $n: the root has one too" || fail "round $n: the root has one too"

	check "round $n: a new point" track_point vdb
	track_dirt $((AIP_SEED + n + 100)) /data vdb
	vm_run 'setsid shutdown -r now </dev/null >/dev/null 2>&1 & :'
	t=$(moment 6)
	sleep "$t"
	vm_cut
	check "round $n: boot after a power cut $t s into a shutdown" boot || exit 1
	either "round $n: cut while shutting down" vdb

	check "round $n: a new point" track_point vdb
	track_dirt $((AIP_SEED + n + 150)) /data vdb
	check "round $n: clean shutdown" vm_shutdown || exit 1
	vm_start
	t=$(moment 8)
	sleep "$t"
	vm_cut
	check "round $n: boot after a power cut $t s into a boot" boot || exit 1
	track_dirt $((AIP_SEED + n + 200)) /data vdb
	either "round $n: cut while booting" vdb
	[ $n = "$rounds" ] || check "round $n: a new point" track_point vdb
done
check "shutdown" vm_shutdown
tap_done
