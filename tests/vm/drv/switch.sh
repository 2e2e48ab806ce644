#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# switch.sh SEED ROUNDS: generations are switched while raw O_DIRECT writers run.  In every other round the last writes
# are held up below the tracked device while it is switched, and there are no later ones: what was marked in the
# old generation and lands after the image was taken is missed where the switch has not waited for it, however
# slow the machine is.  In the others the writers go on through the switch.
. /drv/guest.sh
rounds=${2:-6}
load_module
size=$(blockdev --getsz /dev/vda)
dmsetup create low --table "0 $size linear /dev/vda 0" && dmsetup create top --table "0 $size linear /dev/mapper/low 0" || fail "dm-linear"
dev=/dev/mapper/top
read -r slot id < <(drv-client enable $dev unsaved)
id=$(drv-client switch "$slot" 2>/dev/null)
changed() { drv-client changes "$slot" "$id" | wc -l; }
in_flight() { drv-client status "$slot" | sed 's/.*in_flight \([0-9]*\).*/\1/'; }
for i in $(seq "$rounds"); do
	fio --name=w --filename=$dev --rw=randwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=32 --norandommap \
		--time_based --runtime=600 --randseed=$((seed + i)) --output=/dev/null &
	fio=$!
	for _ in $(seq 600); do [ "$(changed)" -ge 40 ] && break; sleep 0.1; done
	rm -f /tmp/id
	if [ $((i % 2)) = 1 ]; then
		dmsetup suspend --noflush --nolockfs low
		for _ in $(seq 300); do [ "$(in_flight)" -ge 32 ] && break; sleep 0.1; done
		kill $fio
		echo "# $(in_flight) writes are held up"
		{ drv-client switch "$slot" >/tmp/id.new 2>/dev/null && mv /tmp/id.new /tmp/id; } &
		switch=$!
		for _ in $(seq 30); do [ -e /tmp/id ] && break; sleep 0.1; done
		# it did not wait: they land after the image
		[ ! -e /tmp/id ] || dd if=/dev/vda of=/tmp/A bs=1M iflag=direct status=none
		dmsetup resume low
		if [ ! -e /tmp/id ]; then
			wait $switch
			dd if=/dev/vda of=/tmp/A bs=1M iflag=direct status=none
		fi
		id=$(cat /tmp/id)
		dd if=/dev/urandom of=$dev bs=64k seek=$((RANDOM % 500)) count=5 oflag=direct conv=notrunc status=none
	else
		id=$(drv-client switch "$slot" 2>/dev/null)
		dd if=/dev/vda of=/tmp/A bs=1M iflag=direct status=none
		kill $fio
	fi
	wait $fio 2>/dev/null
	image $dev /tmp/B
	no_miss "switch $i under load" "$slot" "$id" /tmp/A /tmp/B
done
is "every write is over" "$(in_flight)" 0
holds "disable" drv-client disable "$slot"
dmsetup remove top && dmsetup remove low || fail "nothing holds the devices"
holds "unload" rmmod aipsnap
the_end
