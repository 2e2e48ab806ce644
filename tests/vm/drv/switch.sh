#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# switch.sh SEED ROUNDS: generations are switched while raw O_DIRECT writers run on a device
# whose writes take a second to land (dm-delay below): longer than it takes to read the image, so that
# a write that was marked in the old generation and lands after it is seen as missed.
. /drv/guest.sh
rounds=${2:-6}
load_module
size=$(blockdev --getsz /dev/vda)
modprobe dm-delay
dmsetup create slow --table "0 $size delay /dev/vda 0 0 /dev/vda 0 1000" || fail "dm-delay"
dev=/dev/mapper/slow
read -r slot id < <(drv-client enable $dev unsaved)
id=$(drv-client switch "$slot" 2>/dev/null)
# the writers end soon after the switch: what is missed must not be written again and so marked after all
for i in $(seq "$rounds"); do
	fio --name=w --filename=$dev --rw=randwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=32 --numjobs=2 --norandommap \
		--time_based --runtime=600 --randseed=$((seed + i)) --output=/dev/null &
	fio=$!
	# under way, however slow the machine is
	for _ in $(seq 600); do [ "$(drv-client changes "$slot" "$id" | wc -l)" -ge 40 ] && break; sleep 0.1; done
	sleep 0.$((RANDOM % 9))
	id=$(drv-client switch "$slot" 2>/dev/null)
	dd if=/dev/vda of=/tmp/A bs=1M iflag=direct status=none
	# what is under way now, and a little more
	for _ in $(seq 600); do [ "$(drv-client changes "$slot" "$id" | wc -l)" -ge 20 ] && break; sleep 0.02; done
	kill $fio
	wait $fio 2>/dev/null
	image $dev /tmp/B
	no_miss "switch $i under load" "$slot" "$id" /tmp/A /tmp/B
done
is "every write is over" "$(drv-client status "$slot" | sed 's/.*in_flight \([0-9]*\).*/\1/')" 0
holds "disable" drv-client disable "$slot"
holds "unload" rmmod aipsnap
the_end
