#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: devices that have other names after a reboot, that come late (hot-plug and the udev
# proves: rule) and that go away and come back while they are tracked: resumed where that is
# proves: proved, a new lineage else, nothing missed
# needs:  the VM lab, see tests/vm/README.md
# timeout: 1200
# order:  9
# tier: full
set -u
. "$(dirname "$0")/track.sh"
TRACK_VAIN=40 VM_HOTPLUG=1
track_image || exit 1
vm_new "$track_img" && track_disk vdb 192M && track_disk vdc 384M || exit 1
check "the guest boots" vm_boot || exit 1
check "file systems" vm_run '
	set -e
	mkfs.ext4 -q -U 11111111-2222-3333-4444-555555555555 /dev/vdb
	mkfs.xfs -q -m uuid=66666666-7777-8888-9999-aaaaaaaaaaaa /dev/vdc
	mkdir -p /data2
	echo "UUID=11111111-2222-3333-4444-555555555555 /data ext4 noauto 0 0" >>/etc/fstab
	echo "UUID=66666666-7777-8888-9999-aaaaaaaaaaaa /data2 xfs noauto 0 0" >>/etc/fstab
	mount /data && mount /data2' || exit 1
check "enable" track_enable vdb vdc || exit 1

work() { # EXT4-DEV XFS-DEV
	check "mount" vm_run 'mount /data; mount /data2; mountpoint -q /data && mountpoint -q /data2'
	track_dirt $((AIP_SEED + vm_boots)) /data "$1"
	track_dirt $((AIP_SEED + vm_boots + 70)) /data2 "$2"
}
late() { # UUID: waits for its device and the rule; prints its name
	vm_run 'for i in $(seq 600); do udevadm settle; d=$(blkid -c /dev/null -U '"$1"') && break; sleep 0.2; done; udevadm settle; echo ${d#/dev/}'
}

# ---- other names ---------------------------------------------------------------------------
work vdb vdc
check "shutdown" vm_shutdown && vm_exchange vdb vdc && check "boot, the two disks in other places" vm_boot || exit 1
track_rename vdb=vdc vdc=vdb
is "ext4 is vdc now" "$(late 11111111-2222-3333-4444-555555555555)" vdc
vm_run 'aipsnap status' >&2
track_resumed "other names: ext4 resumed" vdc
track_resumed "other names: XFS resumed" vdb
work vdc vdb
track_check "other names: ext4, nothing missed" vdc
track_check "other names: XFS, nothing missed" vdb

# ---- not there at boot, plugged in later ------------------------------------------------------
check "shutdown" vm_shutdown && vm_detach vdb && check "boot without the ext4 disk" vm_boot || exit 1
track_resumed "one is missing: XFS resumed" vdb
is "one is missing: it is waited for" "$(vm_run 'aipsnap status --json' | jq -r '.devices[] | select(.name == "/dev/vdc") | .state')" waiting
check "it is plugged in" vm_plug vdb || exit 1
d=$(late 11111111-2222-3333-4444-555555555555)
[ "$d" = vdc ] || track_rename "vdc=$d"
vm_run 'aipsnap status' >&2
track_resumed "plugged in late: resumed by the udev rule" "$d"
is "plugged in late: before its first mount" "$(vm_run 'mountpoint -q /data || echo no')" no
work "$d" vdb
track_check "plugged in late: nothing missed" "$d"
track_check "XFS, nothing missed" vdb

# ---- gone while tracked, and back -----------------------------------------------------------
check "unmounted" vm_run 'umount /data'
check "unplugged while it is tracked" vm_unplug vdb || exit 1
is "gone: status says so" "$(vm_run 'aipsnap status --json' | jq -r '.devices[] | select(.name == "/dev/'"$d"'") | .state')" failed
check "gone: the others go on" track_point vdb
check "plugged in again" vm_plug vdb || exit 1
now=$(late 11111111-2222-3333-4444-555555555555)
[ "$now" = "$d" ] || track_rename "$d=$now"
vm_run 'aipsnap status' >&2
track_broken "back, and was not sealed: a new lineage" "$now"
check "a new point" track_point "$now"
work "$now" vdb
track_check "tracked again: nothing missed" "$now"
track_check "XFS all the time: nothing missed" vdb

# ---- sealed by hand, gone, and back ---------------------------------------------------------
check "sealed by hand" vm_run 'umount /data && aipsnap clear_dirtyflag; aipsnap status --json | jq -e ".devices[] | select(.name == \"/dev/'"$now"'\").state == \"sealed\""'
check "unplugged while it is sealed" vm_unplug vdb || exit 1
vm_run 'aipsnap status' >&2
check "plugged in again" vm_plug vdb || exit 1
d=$(late 11111111-2222-3333-4444-555555555555)
[ "$now" = "$d" ] || track_rename "$now=$d"
vm_run 'aipsnap status' >&2
if [ "$(track_status "$d" lineage)" = "${track_lineage[$d]}" ]; then
	work "$d" vdb
	track_check "sealed and back: resumed, nothing missed" "$d"
else
	track_broken "sealed and back: a new lineage" "$d"
	check "a new point" track_point "$d"
	work "$d" vdb
	track_check "sealed and back: nothing missed since" "$d"
fi
check "shutdown" vm_shutdown
tap_done
