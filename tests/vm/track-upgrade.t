#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: lineages go on over an upgrade of the kernel (6.1 to 6.12, the driver rebuilt for it), back
# proves: again, and over an upgrade of the driver itself: the table is read, nothing is missed
# needs:  the VM lab, see tests/vm/README.md
# timeout: 1200
# order:  9
# tier: full
set -u
. "$(dirname "$0")/track.sh"
TRACK_VAIN=40
new=${TRACK_KERNEL:-trixie}
track_image || exit 1
ko=$("$vm_here/kbuild" --quick "$new" "$vm_top/dkms" "$AIP_TMP/ko-new") || { fail "the driver builds for $new"; exit 1; }
newdir=$("$vm_here/kernel" "$new") && release=$(cat "$newdir/release") || exit 1
# what modprobe needs there: the driver and what it depends on
mkdir -p "$AIP_TMP/m/lib/modules/$release/updates"
cp "$newdir/modules/$release"/modules.{order,builtin,builtin.modinfo} "$AIP_TMP/m/lib/modules/$release/" 2>/dev/null
(cd "$newdir/modules/$release" && find . -name 'libcrc32c.ko*' -o -name 'crc32c*.ko*' | cpio -pdm --quiet "$AIP_TMP/m/lib/modules/$release/")
cp "$ko" "$AIP_TMP/m/lib/modules/$release/updates/"
depmod -b "$AIP_TMP/m" "$release"
tar -C "$AIP_TMP/m" -czf "$AIP_TMP/modules.tgz" lib

vm_new "$track_img" && track_disk vdb 256M && track_disk vdc 384M || exit 1
old=$vm_kernel
check "the guest boots" vm_boot || exit 1
was=$(vm_run 'uname -r')
check "file systems" vm_run '
	set -e
	mkfs.ext4 -q /dev/vdb
	mkfs.xfs -q /dev/vdc
	mkdir -p /data2
	echo "/dev/vdb /data ext4 defaults 1 2" >>/etc/fstab
	echo "/dev/vdc /data2 xfs defaults 1 2" >>/etc/fstab
	mount /data && mount /data2' || exit 1
check "the other kernel's modules" vm_put "$AIP_TMP/modules.tgz" /root/modules.tgz
check "are installed" vm_run 'tar -C / --keep-directory-symlink -xzf /root/modules.tgz && rm /root/modules.tgz && sync' || exit 1
check "enable" track_enable vdb vdc || exit 1
check "enable the root too" vm_run 'aipsnap enable /dev/vda' || exit 1
root_lineage=$(track_status vda lineage)

went_on() { # NAME
	vm_run 'aipsnap status' >&2
	track_resumed "$1: ext4 resumed" vdb
	track_resumed "$1: XFS resumed" vdc
	is "$1: the root resumed" "$(track_status vda lineage)" "$root_lineage"
	track_dirt $((AIP_SEED + 50)) /data vdb
	track_dirt $((AIP_SEED + 51)) /data2 vdc
	track_check "$1: ext4, nothing missed" vdb
	track_check "$1: XFS, nothing missed" vdc
}
track_dirt "$AIP_SEED" /data vdb
track_dirt $((AIP_SEED + 1)) /data2 vdc
check "shutdown of $was" vm_shutdown || exit 1
vm_kernel=$newdir
check "boot of $release" vm_boot || exit 1
is "another kernel" "$(vm_run 'uname -r')" "$release"
went_on "a new kernel"
check "a new point" track_point vdb
check "shutdown of $release" vm_shutdown || exit 1
vm_kernel=$old
check "boot of $was" vm_boot || exit 1
went_on "the old kernel again"

# another build of the driver, as an update of the package leaves it: on disk, loaded with the next boot
cp -a "$vm_top/dkms" "$AIP_TMP/src" && sed -i 's/\(MODULE_VERSION(\).*/\1"99-test");/' "$AIP_TMP/src/main.c"
next=$("$vm_here/kbuild" --quick "$(default_kernel)" "$AIP_TMP/src" "$AIP_TMP/ko-next") || { fail "the next driver builds"; exit 1; }
[ "$(modinfo -F version "$next")" = 99-test ] || fail "the next driver has another version" "$(modinfo "$next")"
check "the next driver" vm_put "$next" "/lib/modules/$was/updates/aipsnap.ko" && vm_run "depmod $was && sync"
check "reboot" vm_reboot || exit 1
is "the next driver runs" "$(vm_run 'cat /sys/module/aipsnap/version')" 99-test
went_on "a new driver"
check "shutdown" vm_shutdown
tap_done
