#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# snap.sh SEED: copy-on-write snapshots; vda 48M, vdb 48M, vdc 64M (storage).
. /drv/guest.sh
load_module
mkdir -p /m /s
mkfs.ext4 -q /dev/vda && mount /dev/vda /m
read -r a ida < <(drv-client enable /dev/vda unsaved)
fs_mix /m
read -r o1 n < <(drv-client switch "$a:dev=/dev/vdc" freeze=/dev/vda 2>/dev/null)
holds "the image can be read" cp /dev/aipsnap"$n" /tmp/A
refuses "one snapshot a device" "errno 16" drv-client switch "$a:dev=/dev/vdc"
refuses "the image cannot be written" "" dd if=/dev/zero of=/dev/aipsnap"$n" bs=4k count=1 conv=notrunc
refuses "nor be tracked" "why 68" drv-client enable /dev/aipsnap"$n" unsaved
(for i in 1 2; do fs_mix /m; done) &
for i in 1 2 3; do md5sum </dev/aipsnap"$n"; echo 3 >/proc/sys/vm/drop_caches; done >/tmp/sums
wait
drop /dev/aipsnap"$n"
cp /dev/aipsnap"$n" /tmp/A2
holds "the image stands still while the origin is written" cmp /tmp/A /tmp/A2
is "also while it is being read in parallel" "$(sort -u /tmp/sums | wc -l)" 1
mount -o ro,noload /dev/aipsnap"$n" /s && umount /s && ok "the image can be mounted" || fail "the image can be mounted"
holds "it is a good file system" e2fsck -fn /dev/aipsnap"$n"
exec 9</dev/aipsnap"$n"
refuses "an open image cannot be removed" "errno 16" drv-client remove "$n"
exec 9<&-
holds "remove" drv-client remove "$n"
# full + incremental = the next snapshot
read -r o2 n < <(drv-client switch "$a:dev=/dev/vdc" freeze=/dev/vda 2>/dev/null)
cp /dev/aipsnap"$n" /tmp/B
if drv-client changes "$a" "$o1" "$o2" | drv-client compare /tmp/A /tmp/B 16; then ok "no chunk between the snapshots is missed"; else fail "no chunk between the snapshots is missed"; fi
drv-client remove "$n"

# storage in a file on the origin: reads as zeroes, is marked as it comes and goes
fallocate -l 12M /m/store
sync
read -r o3 n < <(drv-client switch "$a:file=/m/store" freeze=/dev/vda 2>/dev/null) && ok "storage on the origin" || fail "storage on the origin"
cp /dev/aipsnap"$n" /tmp/C
head -c 3M /dev/urandom >/m/x
sync -f /m
drop /dev/aipsnap"$n"
holds "the image stands still" cmp /dev/aipsnap"$n" /tmp/C
if drv-client changes "$a" "$o2" "$o3" | drv-client compare /tmp/B /tmp/C 16; then ok "the blocks of the storage are marked as it comes"; else fail "the blocks of the storage are marked as it comes"; fi
drv-client remove "$n"
rm /m/store
read -r o4 n < <(drv-client switch "$a:dev=/dev/vdc" freeze=/dev/vda 2>/dev/null)
cp /dev/aipsnap"$n" /tmp/D
if drv-client changes "$a" "$o3" "$o4" | drv-client compare /tmp/C /tmp/D 16; then ok "and as it goes"; else fail "and as it goes"; fi
drv-client remove "$n"

# two devices at one instant: an order-preserving writer is never seen out of order
umount /m
dd if=/dev/zero of=/dev/vda bs=1M count=4 oflag=direct status=none
dd if=/dev/zero of=/dev/vdb bs=1M count=4 oflag=direct status=none
read -r b idb < <(drv-client enable /dev/vdb unsaved)
refuses "two snapshots in the same room are refused" "errno 16 why 68" drv-client switch "$a:dev=/dev/vdc" "$b:dev=/dev/vdc"
printf 'label: gpt\nstart=2048,size=60000\nstart=64000,size=60000\n' | sfdisk -q /dev/vdc
(i=0; while [ ! -e /tmp/stop ]; do i=$((i + 1)); printf '%015d\n' $i >/tmp/blk; truncate -s 512 /tmp/blk
	dd if=/tmp/blk of=/dev/vda bs=512 seek=9 conv=notrunc oflag=direct status=none
	dd if=/tmp/blk of=/dev/vdb bs=512 seek=77 conv=notrunc oflag=direct status=none; done) &
bad=0
for i in 1 2 3 4 5 6; do
	drv-client switch "$a:dev=/dev/vdc1" "$b:dev=/dev/vdc2" >/tmp/two 2>/dev/null || { fail "two devices"; break; }
	n1=$(awk 'NR == 1 { print $2 }' /tmp/two); n2=$(awk 'NR == 2 { print $2 }' /tmp/two)
	x=$(dd if=/dev/aipsnap"$n1" bs=512 skip=9 count=1 status=none | head -c 15)
	y=$(dd if=/dev/aipsnap"$n2" bs=512 skip=77 count=1 status=none | head -c 15)
	x=$((10#${x:-0})) y=$((10#${y:-0}))
	[ $((x - y)) = 0 ] || [ $((x - y)) = 1 ] || { bad=1; echo "# first $x second $y"; }
	drv-client remove "$n1"; drv-client remove "$n2"
done
touch /tmp/stop
wait
is "two devices at one instant, in order" "$bad" 0

# storage full: the snapshot ends, the origin and the tracking go on
printf 'label: gpt\nstart=2048,size=4096\n' | sfdisk -q --wipe always /dev/vdc
read -r o5 n < <(drv-client switch "$a:dev=/dev/vdc1" 2>/dev/null)
image /dev/vda /tmp/A
holds "the origin is written on when the storage is full" dd if=/dev/urandom of=/dev/vda bs=1M count=20 oflag=direct conv=notrunc
has "the snapshot has ended and says why" "$(drv-client snapshot "$n")" "flags 1 why 128"
refuses "reads fail" "" dd if=/dev/aipsnap"$n" of=/dev/null bs=1M
image /dev/vda /tmp/B
no_miss "tracking went on" "$a" "$o5" /tmp/A /tmp/B
holds "remove the ended one" drv-client remove "$n"
# an error of the storage
wipefs -qa /dev/vdc
dmsetup create bad --table "0 65536 linear /dev/vdc 0"
read -r o6 n < <(drv-client switch "$a:dev=/dev/mapper/bad" 2>/dev/null)
dmsetup suspend bad; dmsetup load bad --table "0 65536 error"; dmsetup resume bad
holds "the origin is written on when the storage fails" dd if=/dev/urandom of=/dev/vda bs=1M count=3 oflag=direct conv=notrunc
has "and the snapshot says so" "$(drv-client snapshot "$n")" "flags 1 why 129"
drv-client remove "$n"
dmsetup remove bad || fail "nothing holds the storage"
refuses "unload while tracking is refused" "in use" rmmod aipsnap
drv-client disable "$a"; drv-client disable "$b"
holds "unload" rmmod aipsnap
the_end
