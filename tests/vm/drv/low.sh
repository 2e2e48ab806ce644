#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# low.sh SEED SECONDS: little memory (192 MiB) and a storm of buffered, mapped and direct writers on two processors,
# with a snapshot whose storage lies on the origin itself; then many snapshots at once.
# vda 160M (origin), vdb 128M (storage, image to compare).
. /drv/guest.sh
seconds=${2:-30}
load_module
mkdir -p /m
mkfs.ext4 -q -F /dev/vda && mount /dev/vda /m
read -r a ida < <(drv-client enable /dev/vda unsaved)
dd if=/dev/urandom of=/m/old bs=1M count=20 status=none
fallocate -l 48M /m/store
sync
read -r o n < <(drv-client switch "$a:file=/m/store" freeze=/dev/vda 2>/dev/null) && ok "a snapshot, its storage on the origin" || fail "a snapshot"
dd if=/dev/aipsnap"$n" bs=1M iflag=direct status=none | md5sum >/tmp/sum
fio --output=/tmp/fio --directory=/m --size=16M --time_based --runtime="$seconds" --norandommap --randseed="$seed" --fallocate=none \
	--name=buffered --rw=randwrite --bs=64k --ioengine=psync --fsync=50 \
	--name=mapped --rw=randwrite --bs=4k --ioengine=mmap --size=8M \
	--name=direct --rw=randwrite --bs=16k --direct=1 --ioengine=libaio --iodepth=8 >/tmp/fio.err 2>&1 &
fio=$!
for _ in $(seq 600); do [ -e /m/buffered.0.0 ] && [ -e /m/mapped.0.0 ] && [ -e /m/direct.0.0 ] && break; sleep 0.1; done
sleep 2
# memory becomes scarce: a file in memory takes all but what a machine needs to live
free=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
mkdir -p /hog && mount -t tmpfs -o size=100% tmpfs /hog
[ "$free" -le 24 ] || dd if=/dev/zero of=/hog/x bs=1M count=$((free - 20)) status=none
echo "# $free MiB were available, now $(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo); $(drv-client changes "$a" "$o" | wc -l) chunks written by now"
bad=0
for i in $(seq 40); do
	kill -0 $fio 2>/dev/null || break
	sleep 1
	case $((i % 5)) in
	4) dd if=/dev/aipsnap"$n" bs=1M iflag=direct status=none 2>/dev/null | md5sum | cmp -s - /tmp/sum || { bad=$i; break; } ;;
	esac
done
wait $fio
is "the writers end" "$? $(head -c 300 /tmp/fio.err)" "0 "
case $(drv-client snapshot "$n") in
*'why 0 '*)
	is "the image stood still all the time" "$bad" 0
	dd if=/dev/aipsnap"$n" bs=1M iflag=direct status=none | md5sum >/tmp/sum2
	holds "and still does" cmp /tmp/sum /tmp/sum2 ;;
*) fail "the snapshot lives" "$(drv-client snapshot "$n")" ;;
esac
echo "# $(drv-client snapshot "$n")"
grep -E 'oom|allocation failure' <(dmesg) | head -3 | sed 's/^/# /'
holds "remove" drv-client remove "$n"
rm -f /hog/x
umount /hog
umount /m || fail "the origin can be unmounted"
holds "the origin is a good file system" e2fsck -fn /dev/vda
holds "disable" drv-client disable "$a"
holds "unload" rmmod aipsnap
the_end
