#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# switch.sh SEED ROUNDS: generations are switched while raw O_DIRECT writers run on a device
# whose writes take 60 ms to land (dm-delay below), so that a write that was marked
# in the old generation and lands after the image was taken is seen as missed.
. /drv/guest.sh
rounds=${2:-6}
load_module
size=$(blockdev --getsz /dev/vda)
modprobe dm-delay
dmsetup create slow --table "0 $size delay /dev/vda 0 0 /dev/vda 0 60" || fail "dm-delay"
dev=/dev/mapper/slow
read -r slot id < <(drv-client enable $dev unsaved)
drv-client switch "$slot" >/dev/null 2>&1
fio --name=w --filename=$dev --rw=randwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=32 --numjobs=2 --norandommap \
	--time_based --runtime=600 --randseed="$seed" --output=/dev/null &
fio=$!
sleep 1
for i in $(seq "$rounds"); do
	sleep 0.$((RANDOM % 9))
	id=$(drv-client switch "$slot" 2>/dev/null)
	dd if=/dev/vda of="/tmp/A$i" bs=1M iflag=direct status=none
	echo "$id" >"/tmp/id$i"
done
kill $fio
wait $fio 2>/dev/null
sync
image $dev /tmp/B
for i in $(seq "$rounds"); do
	no_miss "switch $i under load" "$slot" "$(cat "/tmp/id$i")" "/tmp/A$i" /tmp/B
done
is "every write is over" "$(drv-client status "$slot" | sed 's/.*in_flight \([0-9]*\).*/\1/')" 0
holds "disable" drv-client disable "$slot"
holds "unload" rmmod aipsnap
the_end
