#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# low.sh SEED SECONDS: little memory (192 MiB) and a storm of buffered, synced and direct writers on two processors,
# with a snapshot whose storage lies on the origin itself; then many snapshots at once.
# vda 160M (origin), vdb 128M (storage, image to compare).
. /drv/guest.sh
seconds=${2:-30}
load_module
mkdir -p /m
mkfs.ext4 -q -F /dev/vda && mount /dev/vda /m
read -r a ida < <(drv-client enable /dev/vda unsaved)
dd if=/dev/urandom of=/m/old bs=1M count=20 status=none
fallocate -l 80M /m/store
sync
read -r o n < <(drv-client switch "$a:file=/m/store" freeze=/dev/vda 2>/dev/null) && ok "a snapshot, its storage on the origin" || fail "a snapshot"
dd if=/dev/aipsnap"$n" bs=1M iflag=direct status=none | md5sum >/tmp/sum
# fio maps more than such a machine has
writer() { # FILE DD-OPTION...: until the time is over
	local f=/m/$1 end=$((SECONDS + seconds)) bad=0
	shift
	while [ $SECONDS -lt $end ]; do
		dd if=/dev/urandom of="$f" bs=16k count=$((1 + RANDOM % 40)) seek=$((RANDOM % 400)) "$@" status=none || bad=1
	done
	return $bad
}
writer one conv=notrunc & w1=$!
writer two conv=notrunc,fsync & w2=$!
writer three conv=notrunc oflag=direct & w3=$!
sleep 2
# memory becomes scarce: a file in memory takes all but what a machine needs to live
free=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
mkdir -p /hog && mount -t tmpfs -o size=100% tmpfs /hog
[ "$free" -le 24 ] || dd if=/dev/zero of=/hog/x bs=1M count=$((free - 20)) status=none
echo "# $free MiB were available, now $(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo); $(drv-client changes "$a" "$o" | wc -l) chunks written by now"
bad=0
for i in $(seq 40); do
	kill -0 $w1 2>/dev/null || break
	sleep 1
	case $((i % 5)) in
	4) dd if=/dev/aipsnap"$n" bs=1M iflag=direct status=none 2>/dev/null | md5sum | cmp -s - /tmp/sum || { bad=$i; break; } ;;
	esac
done
bad2=0
for w in $w1 $w2 $w3; do wait "$w" || bad2=1; done
is "the writers end, and none of their writes failed" $bad2 0
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
