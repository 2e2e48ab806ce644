#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# track.sh SEED [few]: every kind of write on every kind of device; vda 32M raw,
# vdb and vdc 48M for stacks, vdd 320M for XFS.
. /drv/guest.sh
few=${2:-}
load_module
A=/tmp/A B=/tmp/B
mkdir -p /m

# one NAME DEV MIB: raw writes
raw() {
	local slot id
	read -r slot id < <(drv-client enable "$2" "${4:-16}" unsaved) || { fail "$1: enable"; return; }
	image "$2" $A
	raw_mix "$2" "$3"
	image "$2" $B
	no_miss "$1" "$slot" "$id" $A $B "${4:-16}"
	rm -f $A $B
	holds "$1: disable" drv-client disable "$slot"
}

# fs NAME DEV MKFS: a file system
fs() {
	local slot id
	$3 "$2" >/dev/null 2>&1 || { fail "$1: mkfs"; return; }
	read -r slot id < <(drv-client enable "$2" unsaved) || { fail "$1: enable"; return; }
	image "$2" $A
	mount "$2" /m || fail "$1: mount"
	fs_mix /m
	umount /m
	image "$2" $B
	no_miss "$1" "$slot" "$id" $A $B
	rm -f $A $B
	holds "$1: disable" drv-client disable "$slot"
}

# discards and zeroes change nothing on an empty disk
dd if=/dev/urandom of=/dev/vda bs=1M count=32 oflag=direct status=none
raw "whole disk" /dev/vda 32
raw "whole disk, chunks of 16 KiB" /dev/vda 32 14
fs "ext4 on a disk" /dev/vda "mkfs.ext4 -qF"
[ -n "$few" ] || raw "chunks of 1 MiB" /dev/vda 32 20
[ -n "$few" ] || fs "ext3 on a disk" /dev/vda "mkfs.ext3 -qF"

# a partition that does not begin on a chunk; disk and partition at once
printf 'label: gpt\nstart=2053,size=50001\nstart=60000,size=30000\n' | sfdisk -q /dev/vdb
read -r s1 i1 < <(drv-client enable /dev/vdb unsaved)
read -r s2 i2 < <(drv-client enable /dev/vdb1 unsaved)
image /dev/vdb /tmp/A0; image /dev/vdb1 $A
raw_mix /dev/vdb1 24
dd if=/dev/urandom of=/dev/vdb bs=512 seek=2050 count=10 oflag=direct conv=notrunc status=none
dd if=/dev/urandom of=/dev/vdb2 bs=4k count=5 oflag=direct conv=notrunc status=none
image /dev/vdb /tmp/B0; image /dev/vdb1 $B
no_miss "partition" "$s2" "$i2" $A $B
no_miss "the disk around it" "$s1" "$i1" /tmp/A0 /tmp/B0
drv-client disable "$s1"; drv-client disable "$s2"

# raid0 redirects bios in place: below it on tracked partitions, and above
if mdadm --create /dev/md0 --run --level=0 --raid-devices=2 --chunk=64 /dev/vdb1 /dev/vdc >/dev/null 2>&1; then
	read -r s1 i1 < <(drv-client enable /dev/vdb1 unsaved)
	read -r s2 i2 < <(drv-client enable /dev/vdc unsaved)
	image /dev/vdb1 /tmp/A0; image /dev/vdc /tmp/A1
	raw "raid0" /dev/md0 40
	image /dev/vdb1 /tmp/B0; image /dev/vdc /tmp/B1
	no_miss "partition below raid0" "$s1" "$i1" /tmp/A0 /tmp/B0
	no_miss "disk below raid0" "$s2" "$i2" /tmp/A1 /tmp/B1
	drv-client disable "$s1"; drv-client disable "$s2"
	mdadm --stop /dev/md0 >/dev/null 2>&1 || fail "raid0 stops: nothing of ours holds it"
	rm -f /tmp/A0 /tmp/A1 /tmp/B0 /tmp/B1
else
	fail "raid0 can be made"
fi

if [ -z "$few" ]; then
	# the halves have to be equal, or what is read depends on which of them is asked
	for d in /dev/vdb2 /dev/vda; do dd if=/dev/zero of="$d" bs=1M oflag=direct status=none 2>/dev/null; done
	mdadm --create /dev/md1 --run --level=1 --raid-devices=2 --assume-clean --metadata=1.2 /dev/vdb2 /dev/vda >/dev/null 2>&1 || fail "raid1 can be made"
	read -r s1 i1 < <(drv-client enable /dev/vdb2 unsaved)
	read -r s2 i2 < <(drv-client enable /dev/vda unsaved)
	image /dev/vdb2 /tmp/A0; image /dev/vda /tmp/A1
	raw "raid1" /dev/md1 13
	mdadm --stop /dev/md1 >/dev/null 2>&1 || fail "raid1 stops: nothing of ours holds it"
	image /dev/vdb2 /tmp/B0; image /dev/vda /tmp/B1
	no_miss "partition below raid1" "$s1" "$i1" /tmp/A0 /tmp/B0
	no_miss "disk below raid1" "$s2" "$i2" /tmp/A1 /tmp/B1
	drv-client disable "$s1"; drv-client disable "$s2"
	rm -f /tmp/A0 /tmp/A1 /tmp/B0 /tmp/B1
	fs "XFS" /dev/vdd "mkfs.xfs -qf"
fi
wipefs -qa /dev/vdc /dev/vda
pvcreate -qff -y /dev/vdc >/dev/null && vgcreate -q vg /dev/vdc >/dev/null && lvcreate -qy -L 32M -n lv vg >/dev/null || fail "LVM"
read -r s1 i1 < <(drv-client enable /dev/vdc unsaved)
image /dev/vdc /tmp/A0
fs "ext4 on LVM" /dev/vg/lv "mkfs.ext4 -qF"
image /dev/vdc /tmp/B0
no_miss "the disk below LVM" "$s1" "$i1" /tmp/A0 /tmp/B0
drv-client disable "$s1"
if [ -z "$few" ]; then
	read -r s1 i1 < <(drv-client enable /dev/vg/lv unsaved)
	image /dev/vg/lv /tmp/A0
	echo key | cryptsetup -q --type plain -c aes-xts-plain64 -h sha256 open /dev/vg/lv crypt || fail "dm-crypt"
	raw "dm-crypt" /dev/mapper/crypt 32
	cryptsetup close crypt || fail "dm-crypt ends: nothing of ours holds it"
	image /dev/vg/lv /tmp/B0
	no_miss "the volume below dm-crypt" "$s1" "$i1" /tmp/A0 /tmp/B0
	holds "a tracked volume can be deactivated" vgchange -an vg
	is "and its slot says so" "$(state "$s1")" 6
	drv-client disable "$s1"
	truncate -s 24M /tmp/loopfile
	loop=$(losetup -f --show /tmp/loopfile)
	raw "loop" "$loop" 24
	read -r s1 i1 < <(drv-client enable "$loop" unsaved)
	losetup -d "$loop"
	truncate -s 20M /tmp/loopfile2
	losetup "$loop" /tmp/loopfile2 2>/dev/null
	refuses "another file behind the same loop device ends the lineage" "errno 2" drv-client changes "$s1" "$i1"
	drv-client disable "$s1"
fi
modprobe null_blk nr_devices=0 2>/dev/null
mkdir /sys/kernel/config 2>/dev/null; mount -t configfs configfs /sys/kernel/config 2>/dev/null
if mkdir /sys/kernel/config/nullb/z 2>/dev/null; then
	echo 64 >/sys/kernel/config/nullb/z/size
	echo 1 >/sys/kernel/config/nullb/z/memory_backed
	echo 4 >/sys/kernel/config/nullb/z/zone_size
	echo 1 >/sys/kernel/config/nullb/z/zoned
	echo 1 >/sys/kernel/config/nullb/z/power
	z=/dev/z # from 6.1 on; before, a number
	[ -e $z ] || z=$(ls /dev/nullb* | head -1)
	refuses "a zoned device is refused" "why 64" drv-client enable "$z" unsaved
fi
# zram's name was rw_page until 6.4
modprobe zram num_devices=1 2>/dev/null && echo 16M >/sys/block/zram0/disksize &&
	case $(uname -r) in 5.*|6.[0-3].*) refuses "zram is refused" "why 65" drv-client enable /dev/zram0 unsaved ;; esac
is "nothing is left behind" "$(drv-client info | sed 's/.*devices \([0-9]*\).*/\1/')" 0
holds "unload" rmmod aipsnap
the_end
