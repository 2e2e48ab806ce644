#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-stall.sh SEED FS GIB: the longest time that a writer of 4 KiB (O_DIRECT) waits while a snapshot
# of its file system on null_blk is made and removed, and while that is only frozen and thawed.
. /drv/guest.sh
fs=$2 gib=$3
modprobe null_blk nr_devices=1 queue_mode=2 irqmode=0 memory_backed=1 gb="$gib" || fail "null_blk"
modprobe brd rd_nr=1 rd_size=262144
dev=/dev/nullb0
case $fs in
ext4) mkfs.ext4 -qF -E lazy_itable_init=0,lazy_journal_init=0 $dev ;;
xfs) mkfs.xfs -qfK -l size=64m $dev ;;
esac || fail "mkfs"
mkdir -p /m
mount $dev /m
dd if=/dev/zero of=/m/f bs=1M count=64 status=none
sync
echo 3 >/proc/sys/vm/drop_caches
load_module
read -r slot id < <(drv-client enable $dev unsaved)
during() { # WHAT COMMAND...
	local what=$1
	shift
	sleep 1
	drv-client stall /m/f 1500 >/tmp/stall &
	sleep 0.5
	"$@" >/tmp/action 2>&1 || fail "$what" "$(cat /tmp/action)"
	wait
	echo "stall $fs $gib $what $(cat /tmp/stall)"
}
during nothing true
during freeze drv-client freeze /m
during freeze-again drv-client freeze /m
during switch drv-client switch "$slot" freeze=$dev
during snapshot drv-client switch "$slot:dev=/dev/ram0" freeze=$dev
during remove drv-client remove 0
during snapshot-again drv-client switch "$slot:dev=/dev/ram0" freeze=$dev
during remove-again drv-client remove 0
the_end
