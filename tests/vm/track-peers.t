#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the cases in which other drivers lose blocks silently over a reboot: no sync before umount, remount,ro
# proves: instead of umount, e2fsck at boot, mounted without the driver, a power cut, blkdiscard -z; and what the
# proves: boot loader writes
# needs:  the VM lab, see tests/vm/README.md
# timeout: 1200
# order:  9
# tier:   full
set -u
. "$(dirname "$0")/track.sh"
track_image || exit 1
vm_new "$track_img" && vm_rootlog "$track_logs/vda" && track_disk vdb 192M && track_disk vdc 64M || exit 1
check "the guest boots" vm_boot || exit 1
check "file system" vm_run 'mkfs.ext4 -q /dev/vdb && echo "/dev/vdb /data ext4 defaults 1 2" >>/etc/fstab && mount /data && mkdir /dirt &&
	dd if=/dev/urandom of=/dev/vdc bs=1M count=64 status=none && mkfs.ext4 -q -E nodiscard /dev/vdc' || exit 1
check "enable" track_enable vdb vdc && check "and the root" track_root || exit 1

# no discards: what a file system frees all at once hides what else is reported
track_dirt "$AIP_SEED" /data vdb trimmed
track_dirt $((AIP_SEED + 1)) /dirt vda trimmed
check "reboot, no sync anywhere" vm_reboot || exit 1
track_resumed "no sync before umount: resumed" vdb
track_check "no sync before umount: nothing missed" vdb
track_resumed "the root is remounted read-only, never unmounted: resumed" vda
track_check "the root is remounted read-only: nothing missed" vda

check "a new point" track_point vdb
track_dirt $((AIP_SEED + 2)) /data vdb trimmed
check "remount,ro instead of umount" vm_run 'mount -o remount,ro /data' && vm_reboot || exit 1
track_resumed "remount,ro instead of umount: resumed" vdb
track_check "remount,ro instead of umount: nothing missed" vdb

check "a new point" track_point vdb
check "damage" vm_run 'touch /data/victim && umount /data && debugfs -w -R "clri victim" /dev/vdb 2>&1 && debugfs -w -R "ssv state 2" /dev/vdb 2>&1' && vm_reboot || exit 1
check "e2fsck at boot: it did repair" vm_run '! test -e /data/victim'
track_resumed "e2fsck at boot: resumed" vdb
track_check "e2fsck at boot: nothing missed" vdb

check "a new point" track_point vdc
check "blkdiscard -z, and without, while tracked" vm_run '
	blkdiscard -z -o 20971520 -l 1048576 /dev/vdc && blkdiscard -z -o 33554944 -l 65536 /dev/vdc && blkdiscard -o 41943040 -l 2097152 /dev/vdc'
track_check "blkdiscard: nothing missed" vdc
check "reboot" vm_reboot || exit 1
track_check "blkdiscard, and a reboot: nothing missed" vdc

# GRUB writes its environment where it lies, between the seal and the start
at=$(vm_run 'mkdir -p /boot/grub && head -c 1024 /dev/zero >/boot/grub/grubenv && sync /boot/grub/grubenv && filefrag -b512 -v /boot/grub/grubenv' |
	awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 + 0 }')
check "a new point" track_point vda
check "shutdown" vm_shutdown || exit 1
check "the boot loader writes" qemu-io -f qcow2 -c "write -P 0x41 $((at * 512)) 1k" "$vm_dir/root.qcow2" && check "boot" vm_boot || exit 1
is "the boot loader did write" "$(vm_run 'head -c 4 /boot/grub/grubenv')" AAAA
track_resumed "the boot loader's environment: resumed" vda
track_check "the boot loader's environment: nothing missed" vda

check "a new point" track_point vdb
check "boot without the driver" vm_reboot aip=off || exit 1
vm_run 'cp /bin/bash /data/unseen; rm -f /.aipsnap_dirty'
check "and with it" vm_reboot || exit 1
track_broken "mounted without the driver: a new lineage" vdb fingerprint

check "a new point" track_point vdb
vm_run 'cp /bin/bash /data/cut'
vm_cut
check "boot after a power cut" vm_boot || exit 1
track_broken "power cut: a new lineage" vdb not-sealed
check "shutdown" vm_shutdown
tap_done
