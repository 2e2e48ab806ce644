#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a root on XFS (its table on XFS, too) goes through reboots by real rc.sysinit and halt in its
# proves: lineage, without a missed chunk, though every mount writes its log
# needs:  the VM lab, see tests/vm/README.md
# timeout: 1200
# order:  9
# tier:   full
set -u
. "$(dirname "$0")/track.sh"
TRACK_VAIN=300 # the log is marked at each start
track_image || exit 1
# the same system, moved to XFS by itself
vm_new "$track_img" && vm_disk 3G || exit 1
xfs=$vm_dir/disk1.img
check "the guest boots" vm_boot || exit 1
VM_RUN_LIMIT=600 check "its system is copied to XFS" vm_run '
	set -e
	mkfs.xfs -q /dev/vdb
	mkdir -p /mnt && mount /dev/vdb /mnt
	cp -ax /. /mnt/
	sed -i "s|^/dev/vda.*|/dev/vda / xfs defaults 1 1|" /mnt/etc/fstab
	umount /mnt' || exit 1
vm_stop
vm_new "$xfs" || exit 1
check "it boots from XFS" vm_boot aip.rootfs=xfs || exit 1
is "the root is XFS" "$(vm_run 'stat -f -c %T /')" xfs
check "enable the root" track_root || exit 1
# not trimmed: XFS discards all that is free each time, and what was written to the root is not known here
for n in 1 2; do
	vm_run 'mkdir -p /work' && track_dirt $((AIP_SEED + n)) /work vda trimmed
	check "reboot $n" vm_reboot aip.rootfs=xfs || exit 1
	vm_run 'aipsnap status' >&2
	track_resumed "reboot $n: resumed" vda
	track_dirt $((AIP_SEED + n + 10)) /work vda trimmed
	track_check "reboot $n: nothing missed" vda
done
vm_run 'setsid /run/dirt 1 /work /dev/vda >/dev/null 2>&1 </dev/null & sleep 1'
vm_cut
check "boot after a power cut" vm_boot aip.rootfs=xfs || exit 1
track_broken "after a power cut: a new lineage" vda not-sealed
check "shutdown" vm_shutdown
tap_done
