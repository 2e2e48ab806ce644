#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench.sh SEED WHAT: 4 KiB random direct writes on ext4 on null_blk; with -icount a
# nanosecond is an instruction.  Prints "WHAT write IOPS SUBMIT" and "WHAT read IOPS SUBMIT",
# SUBMIT being the mean instructions of a submission, in which the device completes: fio's
# IOPS come from milliseconds, too coarse for what a filter costs.
#
# WHAT: bare | empty (a tracepoint's listener that does nothing) | track | snap, all with the file
# out of the page cache; raw-bare | raw-track, the device itself, without a file system; bare-cached | snap-cached, with it there; devices: what reading and
# writing a chunk takes on the disks alone; peer-bare | peer-track | peer-snap, another driver in /peer (see
# tests/bench/vm-driver.sh), with the file in the page cache.
. /drv/guest.sh
what=$2
modprobe null_blk nr_devices=1 queue_mode=2 irqmode=0 memory_backed=1 gb=1 || fail "null_blk"
dev=/dev/nullb0
# storage of a snapshot: another ram disk
store=/dev/ram0
run() { # NAME RW [FILE [BLOCK]]
	# what mkfs, mount and enable left to be done in the background is not measured
	sleep 2
	fio --name=w --filename="${3:-/m/f}" --rw="$2" --bs="${4:-4k}" --direct=1 --ioengine=libaio --iodepth=16 --size=200M --io_size=60M \
		--norandommap --randseed=1 --output-format=json --output=/tmp/fio.json
	jq -r --arg w "$1" --arg k "${2#rand}" '.jobs[0][$k] | "\($w) \($k) \(.iops | floor) \(.slat_ns.mean)"' /tmp/fio.json
}
if [ "$what" = devices ]; then
	modprobe brd rd_nr=1 rd_size=262144
	dd if=/dev/zero of=$dev bs=1M count=200 oflag=direct status=none
	dd if=/dev/zero of=$store bs=1M count=200 oflag=direct status=none
	run devices randread $dev 64k
	run devices randwrite $store 64k
	the_end
fi
case $what in
raw-*)
	dd if=/dev/zero of=$dev bs=1M count=200 oflag=direct status=none
	[ "$what" = raw-bare ] || { load_module; read -r slot id < <(drv-client enable $dev unsaved); }
	run "$what" randwrite $dev
	the_end
	;;
peer-*)
	for ko in /peer/*.ko; do
		[ ! -e "$ko" ] || insmod "$ko" || fail "$ko"
	done
	modprobe dm-mod
	[ ! -x /peer/device ] || [ "$what" = peer-bare ] || dev=$(/peer/device $dev) || fail "the peer's device"
	;;
esac
mkfs.ext4 -qF -E lazy_itable_init=0,lazy_journal_init=0 $dev
mkdir -p /m
mount $dev /m
dd if=/dev/zero of=/m/f bs=1M count=200 status=none
sync
case $what in
*-cached|peer-*) ;;
# dropping 200 MiB of page cache is not what is measured
*) echo 3 >/proc/sys/vm/drop_caches ;;
esac
case $what in
empty) insmod /drv/empty.ko || fail "empty" ;;
track|snap*) load_module; read -r slot id < <(drv-client enable $dev unsaved) ;;
esac
case $what in
snap*)
	modprobe brd rd_nr=1 rd_size=262144
	drv-client switch "$slot:dev=$store" freeze=$dev 2>&1 | sed 's/^/# /'
	run "$what-first" randwrite
	if [ "$what" = snap ]; then
		run snap-second randwrite
		drv-client remove 0
		run snap-removed randwrite
	fi
	;;
bare-cached) run "$what" randwrite ;;
peer-bare)
	run peer-bare randwrite
	run peer-bare-again randwrite
	;;
peer-track)
	[ ! -x /peer/track ] || { /peer/track "$dev" || fail "the peer tracks"; run peer-track randwrite; run peer-track-again randwrite; }
	;;
peer-snap)
	modprobe brd rd_nr=1 rd_size=262144
	[ ! -x /peer/snap ] || { /peer/snap "$dev" $store || fail "the peer's snapshot"; run peer-snap randwrite; run peer-snap-again randwrite; }
	;;
*)
	run "$what" randwrite
	run "$what-again" randwrite
	run "$what" randread
	;;
esac
the_end
