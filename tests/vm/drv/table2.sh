#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# table2.sh SEED: second boot: damage, then resume.  Damaged copies are tried on a snapshot of
# the disk (dm-snapshot), so that each starts from what was sealed.
. /drv/guest.sh
load_module
dev=/dev/vda
read -r ida id2 idb </drv/state
mkdir -p /m
bad() { # NAME WHY-OF-SLOT-0|refused WHY COMMAND-ON-DISK
	local out disk=/dev/mapper/try
	dmsetup create try --table "0 $(blockdev --getsz /dev/vdb) snapshot /dev/vdb $cow N 8"
	eval "$4"
	sync
	if [ "$2" = refused ]; then
		if mount -o ro,noload $disk /m; then
			refuses "$1" "why $3" drv-client load /m/table
		else
			fail "$1: mount"
		fi
	else
		mount -o ro,noload $disk /m
		out=$(drv-client load /m/table 2>&1) || fail "$1: loads" "$out"
		is "$1" "$(drv-client status 0 | sed 's/.* why \([0-9]*\) .*/\1/')" "$3"
	fi
	drv-client unload 2>/dev/null
	umount /m
	dmsetup remove try
	dd if=/dev/zero of=$cow bs=4k count=1 conv=notrunc status=none
}
truncate -s 16M /tmp/cow
cow=$(losetup -f --show /tmp/cow)
# first block of the table on the disk, in blocks of 4096 (mke2fs may have made blocks of 1024)
bs=$(sed -n 's/.*blocks of \([0-9]*\) bytes.*/\1/p' /drv/frag)
t0=$(awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 + 0 }' /drv/frag)
at=$((t0 * bs))
byte() { printf '\377' | dd of=$disk bs=1 seek=$((at + $1)) conv=notrunc status=none; }
bad "nothing is wrong: clean" clean 0 true
bad "a flipped byte in header copy 0" differ 3 'byte 41'
bad "a flipped byte in header copy 1" differ 3 'byte $((65 * 4096 + 41))'
bad "a flipped byte in a slot" differ 3 'byte $((1 * 4096 + 300))'
bad "both headers damaged" refused 32 'byte 41; byte $((65 * 4096 + 41))'
bad "unknown version" refused 33 'byte 8; byte $((65 * 4096 + 8))'
bad "a damaged map" damaged 4 'byte $((130 * 4096 + 12)); for i in $(seq 131 300); do byte $((i * 4096 + 12)); done'
bad "zeroes" refused 32 'dd if=/dev/zero of=$disk bs=1 seek=$at count=0 status=none; dd if=/dev/zero of=$disk bs=$bs seek=$t0 count=$((130 * 4096 / bs)) conv=notrunc status=none'
is "the disk itself is as it was" "$(mount -o ro /dev/vdb /m && drv-client load /m/table | sed 's/.*copies/copies/')" "copies 3 devices 2"
is "clean" "$(drv-client status 0 | sed 's/.* why \([0-9]*\) .*/\1/')" 0
refuses "another device of another size" "" sh -c 'drv-client start 0 /dev/vdb U1 fp1 | grep resumed'
drv-client stop 0
drv-client unload && drv-client load /m/table >/dev/null
is "after that the lineage is over" "$(drv-client status 0 | sed 's/.* why \([0-9]*\) .*/\1/')" 2
has "the table's own disk is resumed" "$(drv-client start 1 /dev/vdb UB fpb 2>&1)" resumed
has "and knows its id" "$(drv-client changes 1 "$idb" | wc -l)" ""
the_end
