#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-table.sh SEED first|second: start and seal of a device of 1 TiB with 32 generations, each of which changed
# something in every 2 GiB, by the real aipsnap.  vda 512M (/), vdb 1T (sparse).
# Prints "table WHAT ms MS bytes BYTES-WRITTEN-TO-THE-TABLE".
. /drv/guest.sh
. /data/snap-root
written() { drv-client info | sed 's/.* written \([0-9]*\) .*/\1/'; }
timed() { # WHAT COMMAND...
	local what=$1 t0 t1 w0
	shift
	w0=$(written)
	t0=$(date +%s%N)
	"$@" >/tmp/out 2>&1 || fail "$what" "$(cat /tmp/out)"
	t1=$(date +%s%N)
	echo "table $what ms $(((t1 - t0) / 1000000)) bytes $(($(written) - ${w0:-0}))"
}
load_module
if [ "${2:-}" = second ]; then
	root_up ro || fail "root"
	timed start aip start --tracking
	grep -q resumed /tmp/out || fail "resumed" "$(cat /tmp/out)"
	the_end
fi
mkfs.ext4 -q -b 4096 /dev/vda
root_up rw || fail "root"
mkfs.xfs -qfK /dev/vdb || fail "mkfs"
aip enable --table 100M /dev/vdb >/dev/null || fail "enable"
touch_all() { # a write in each leaf (2 GiB), one chunk further each time
	fio --name=w --filename=/dev/vdb --rw=write:$(((2 << 30) - 4096)) --bs=4k --offset=$(((1 << 30) + $1 * 65536)) --io_size=2M --size=1022G \
		--direct=1 --ioengine=libaio --iodepth=16 --output=/dev/null || fail "fio"
}
one() { dd if=/dev/urandom of=/dev/vdb bs=4k seek=$(((5 << 30) / 4096)) count=1 oflag=direct conv=notrunc status=none; }
touch_all 0
for i in $(seq 31); do
	aip generation new /dev/vdb >/dev/null || fail "generation $i"
	touch_all "$i"
done
echo "table memory bytes $(drv-client status 0 | sed 's/.* memory \([0-9]*\) .*/\1/') generations $(drv-client gens 0 | wc -l) changed $(drv-client gens 0 | awk '{ n += $3 } END { print n }')"
timed seal-all aip clear_dirtyflag
one
timed seal-one aip clear_dirtyflag
one
timed seal-same aip clear_dirtyflag
umount /r/proc /r/sys /r/dev 2>/dev/null
mount -o remount,ro /r || fail "read-only"
the_end
