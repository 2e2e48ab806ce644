#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: tracking goes through clean reboots by real rc.sysinit and halt, five times in
# proves: a row, on ext4, XFS on LVM and the root, without a missed chunk, what
# proves: fsck repairs at boot included
# needs:  the VM lab, see tests/vm/README.md
# timeout: 900
# order:  7
set -u
. "$(dirname "$0")/track.sh"
cycles=${TRACK_CYCLES:-5}
# each start marks an XFS's log (2 MiB here): a read-only mount may have cleared of it
TRACK_VAIN=40
track_image || exit 1
vm_new "$track_img" && track_disk vdb 256M && track_disk vdc 512M || exit 1
check "the guest boots" vm_boot || exit 1
check "file systems" vm_run '
	set -e
	mkfs.ext4 -q /dev/vdb
	mkfs.xfs -q /dev/vdc
	mkdir -p /data2
	echo "/dev/vdb /data ext4 defaults 1 2" >>/etc/fstab
	echo "/dev/vdc /data2 xfs defaults 1 2" >>/etc/fstab
	mount /data && mount /data2' || exit 1
check "enable" track_enable vdb vdc || exit 1
check "enable the root too" vm_run 'aipsnap enable /dev/vda' || exit 1
root_lineage=$(track_status vda lineage)
for ((n = 1; n <= cycles; n++)); do
	track_dirt $((AIP_SEED + n)) /data vdb
	track_dirt $((AIP_SEED + n + 100)) /data2 vdc
	# something for the fsck of the next boot: a tracked repair
	[ $((n % 2)) = 0 ] || check "cycle $n: damage for fsck" vm_run '
		umount /data && debugfs -w -R "clri big" /dev/vdb 2>&1 && debugfs -w -R "ssv state 2" /dev/vdb 2>&1 && mount /data'
	check "reboot $n" vm_reboot || exit 1
	vm_run 'aipsnap status' >&2
	track_resumed "cycle $n: ext4 resumed" vdb
	track_resumed "cycle $n: XFS resumed" vdc
	is "cycle $n: the root resumed" "$(track_status vda lineage)" "$root_lineage"
	[ $((n % 2)) = 0 ] || check "cycle $n: fsck did repair at boot" vm_run '! test -e /data/big'
	track_dirt $((AIP_SEED + n + 200)) /data vdb
	track_check "cycle $n: ext4, nothing missed" vdb
	track_check "cycle $n: XFS, nothing missed" vdc
	# every other time from a new point on
	[ $((n % 2)) = 0 ] && { check "cycle $n: new points" track_point vdb; track_point vdc; }
done
check "shutdown" vm_shutdown
tap_done
