#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cuts.sh SEED first|second: one disk, vda, with the table on its first partition and a tracked one beside it, for a
# log of its writes: a boot that is sealed at its end, twice. What was written after a seal is among it.
. /drv/guest.sh
dev=/dev/vda2
mkdir -p /m /d
dirt() { # raw and through a file system
	local i
	mount $dev /d || fail "mount"
	for i in 1 2 3 4 5 6; do
		dd if=/dev/urandom of=/d/f$((RANDOM % 8)) bs=4k count=$((RANDOM % 30 + 1)) seek=$((RANDOM % 100)) conv=notrunc status=none
		[ $((RANDOM % 2)) = 0 ] || sync -f /d
	done
	umount /d || fail "umount"
	for i in 1 2 3; do dd if=/dev/urandom of=$dev bs=4k count=1 seek=$((4096 + RANDOM % 2000)) oflag=direct conv=notrunc status=none; done
}
load_module
case $2 in
first)
	printf 'label: gpt\nstart=2048,size=20480\nstart=22528,size=49152\n' | sfdisk -q /dev/vda
	mkfs.ext4 -q -b 4096 /dev/vda1 && mount /dev/vda1 /m || fail "the table's file system"
	mkfs.ext4 -q -b 4096 $dev || fail "the tracked one"
	holds "format" drv-client format /m/table 2
	filefrag -b4096 -v /m/table | tr -d ':.' | awk -v first=$((2048 / 8)) '$1 ~ /^[0-9]+$/ { print $2, $4 + first, $6 }' >/lab/out/extents
	read -r a ida < <(drv-client enable $dev)
	mount -o remount,ro /m
	;;
second)
	mount -o ro /dev/vda1 /m || fail "the table's file system"
	has "the table" "$(drv-client load /m/table)" "copies 3 devices 1"
	a=0
	has "resumed" "$(drv-client start 0 $dev U1 fp1 2>&1)" resumed
	;;
esac
for i in 1 2; do
	dirt
	[ "$i" = 1 ] || drv-client switch "$a" >/dev/null 2>&1
	holds "seal $i" drv-client seal "$a" U1 fp1
	# held until the table says DIRTY: of these none may come to the disk before
	[ "$i" = 2 ] || for n in 1 2 3 4; do
		dd if=/dev/urandom of=$dev bs=4k count=1 seek=$((4096 + RANDOM % 2000)) oflag=direct conv=notrunc status=none &
	done
	wait
	is "after seal $i" "$(state "$a")" $((i == 2 ? 5 : 3))
done
the_end
