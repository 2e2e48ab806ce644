#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# abuse.sh SEED [SECONDS]: random calls, devices that go away, a device of 16 TiB. vda 32M,
# vdb 48M, the last disk before the lab's own is of 16T (sparse).
. /drv/guest.sh
huge=/dev/vdc
[ "$(blockdev --getsize64 $huge)" -gt $((1 << 40)) ] || huge=/dev/vdd
load_module
mkdir -p /m
mkfs.ext4 -q /dev/vdb && mount /dev/vdb /m
dd if=/dev/zero of=/m/zero bs=1M count=2 status=none
drv-client format /m/table 2 >/dev/null || fail "format"

# unprivileged
chmod 666 /dev/aipsnap-control
refuses "no call without CAP_SYS_ADMIN" "errno 1" setpriv --reuid 65534 --regid 65534 --clear-groups drv-client info
chmod 600 /dev/aipsnap-control

# 16 TiB
read -r s id < <(drv-client enable $huge) && ok "16 TiB: enable" || fail "16 TiB: enable"
dd if=/dev/urandom of=$huge bs=1M seek=16777200 count=1 oflag=direct conv=notrunc status=none
is "16 TiB: the chunks near its end" "$(drv-client changes "$s" "$id" | head -1)" $((16777200 * 16))
drv-client switch "$s" >/dev/null 2>&1
dd if=/dev/urandom of=$huge bs=1M seek=8000000 count=1 oflag=direct conv=notrunc status=none
blkdiscard -o $((1 << 40)) -l $((1 << 39)) $huge 2>/dev/null && has "a discard of 512 GiB" "$(drv-client gens "$s" | tail -1)" "changed 8388624"
holds "16 TiB: seal" drv-client seal "$s" U F
drv-client disable "$s"

# a device goes away under tracking: loop, then dm
truncate -s 8M /tmp/f
loop=$(losetup -f --show /tmp/f)
read -r s id < <(drv-client enable "$loop" unsaved)
losetup -d "$loop"
drv-client status "$s" >/dev/null; drv-client changes "$s" "$id" >/dev/null 2>&1
holds "detached loop: disable" drv-client disable "$s"
dmsetup create gone --table "0 65536 linear /dev/vda 0"
read -r s id < <(drv-client enable /dev/mapper/gone unsaved)
dd if=/dev/zero of=/dev/mapper/gone bs=64k count=9 oflag=direct conv=notrunc status=none
holds "a tracked dm device can be removed" dmsetup remove gone
is "its slot says so" "$(state "$s")" 6
holds "and can be given back" drv-client disable "$s"
# hot-unplug with writes under way
read -r s id < <(drv-client enable /dev/vda unsaved)
fio --name=w --filename=/dev/vda --rw=randwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=16 --time_based --runtime=20 --size=32M --output=/dev/null 2>/dev/null &
sleep 1
echo 1 >"$(readlink -f /sys/block/vda/device/..)/remove"
wait
is "the disk is unplugged" "$(ls -d /sys/block/vda 2>/dev/null)" ""
holds "an unplugged disk: disable" drv-client disable "$s"

# random calls, to devices that are tracked and written to, one with a snapshot
sync
for f in saved unsaved store; do
	truncate -s 16M /tmp/$f
	declare "$f=$(losetup -f --show /tmp/$f)"
done
number() { cat "/sys/class/block/${1#/dev/}/dev"; }
fuzz() { # NAME ARG...
	local name=$1
	shift
	if drv-fuzz "$@" >/tmp/fuzz 2>&1; then ok "$name"; else fail "$name" "drv-fuzz $*: $?"; fi
	sed 's/^/# /' /tmp/fuzz
}
read -r a ida < <(drv-client enable "$saved")
read -r b idb < <(drv-client enable "$unsaved" unsaved)
holds "a snapshot" drv-client switch "$b:dev=$store" "$a"
info=$(drv-client info)
has "before the random calls: a table" "$info" " flags 3 "
has "before the random calls: two devices, a snapshot" "$info" " devices 2 snapshots 1 "
devices=("$(number "$saved"):$a" "$(number "$unsaved"):$b" "$(number "$store")")
# nobody, to whom the open control device was left: nothing is done, and nothing told
fuzz "random calls without CAP_SYS_ADMIN: all EPERM" -u "$seed" 4 "${devices[@]}"
is "and nothing came of them" "$(drv-client info)" "$info"
(
	while [ ! -e /tmp/enough ]; do
		dd if=/dev/urandom of="$saved" bs=4k count=3 seek=$((RANDOM % 4000)) oflag=direct conv=notrunc status=none
		dd if=/dev/urandom of="$unsaved" bs=4k count=3 seek=$((RANDOM % 4000)) conv=notrunc status=none
		sleep 0.$((RANDOM % 5))
	done
) 2>/dev/null &
fuzz "random calls: each kind succeeds at times" "$seed" "${2:-30}" "${devices[@]}"
touch /tmp/enough
wait
i=0
while [ $i -lt 64 ]; do drv-client remove $i >/dev/null 2>&1; drv-client disable $i >/dev/null 2>&1; i=$((i + 1)); done
drv-client unload >/dev/null 2>&1
umount /m || fail "nothing holds the file system"
holds "unload" rmmod aipsnap
the_end
