#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: real rc.sysinit and halt, patched at the two places, start and stop a
# proves: guest: start runs before any fsck and before any sector is written,
# proves: clear_dirtyflag when nothing is writable, and nothing is written after it
# needs:  the VM lab, see tests/vm/README.md
# timeout: 600
# order:  6
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patched.sh"

rpm=$("$vm_here/initscripts-rpm" "$AIP_TMP/rpm") || { fail "initscripts can be built"; exit 1; }
img=$(traced_image "$rpm") || { fail "the guest's disk can be made"; exit 1; }
vm_new "$img" && vm_disk 128M && vm_disk 400M || exit 1

check "first boot" vm_boot || exit 1
check "a file system and a logical volume for the next boots" vm_run '
	set -e
	mkfs.ext4 -q /dev/vdb
	vgcreate -q vg /dev/vdc >/dev/null && lvcreate -q -y -n lv -l 100%FREE vg >/dev/null
	mkfs.xfs -q /dev/vg/lv
	mkdir -p /data2
	echo "/dev/vdb /data ext4 defaults 1 2" >>/etc/fstab
	echo "/dev/vg/lv /data2 xfs defaults 1 2" >>/etc/fstab
	mount /data && mount /data2
	cp -a /bin/busybox /data; cp -a /bin/busybox /data2' || exit 1
check "shutdown -r, and up again" vm_reboot || exit 1
check "everything is mounted by rc.sysinit" vm_run '
	mountpoint -q /data && mountpoint -q /data2 && cmp /bin/busybox /data2/busybox && date >/data/f && date >/data2/f'
check "shutdown -h" vm_shutdown || exit 1

# trace: boot N, then lines "start …", "fsck …", "clear_dirtyflag …"
value() { # WORD: of the line on stdin
	tr ' ' '\n' | sed -n "s/^$1=//p"
}
nth() { # BOOT VERB: that boot's line
	vm_trace | awk -v b="$1" -v v="$2" '$1 == "boot" { n = $2 } n == b && $1 == v'
}
for b in 1 2; do
	start=$(nth $b start) clear=$(nth $b clear_dirtyflag)
	check "boot $b: start and clear_dirtyflag ran once each" [ "$(printf '%s\n' "$start" "$clear" | grep -c .)" = 2 ] || continue
	check "boot $b: start, then fsck, then clear_dirtyflag" [ "$(vm_trace |
		awk -v b=$b '$1 == "boot" { n = $2; next } n == b { print $1 }' | uniq | tr '\n' ' ')" = "start fsck clear_dirtyflag " ]
	check "boot $b: at start / is read-only and nothing else is mounted" [ "$(value rw <<<"$start")/$(value mounted <<<"$start")" = // ]
	check "boot $b: at start udevd runs and the device mapper is there" [ "$(value udevd <<<"$start")$(value dm <<<"$start")" = yesyes ]
	[ $b = 1 ] || check "boot $b: at start the logical volume is there" [ "$(value lvm <<<"$start")" = vg-lv, ]
	check "boot $b: not one sector was written before start" [ "$(value vda <<<"$start") $(value vdb <<<"$start") $(value vdc <<<"$start")" = "0 0 0" ]
	check "boot $b: at clear_dirtyflag nothing can be written" [ -z "$(value rw <<<"$clear")" ]
	check "boot $b: at clear_dirtyflag only init, rc and halt are left" [ -z "$(value users <<<"$clear" | tr ',' '\n' |
		grep -vxE 'init|rc|halt|reboot|S01halt|S01reboot|trace|aipsnap|' | head -1)" ]
	cp "$vm_dir/qmp.$b" "$vm_dir/qmp"
	for d in vda vdb vdc; do
		read -r bytes _ < <(vm_blockstats $d)
		check "boot $b: nothing was written to $d after clear_dirtyflag" [ "$(value $d <<<"$clear")" = "$bytes" ]
	done
	[ $b = 2 ] || check "boot $b: (the counters do count)" [ "$(value vda <<<"$clear")" -gt 0 ]
done
tap_done
