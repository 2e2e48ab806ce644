#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# chain.sh SEED: bios that are chained to others: pieces of a large write, and a discard of 4,096 bios of which the
# first one is over last, so that its end is the end of all of them, one by the other.
# vda any.
. /drv/guest.sh
modprobe null_blk nr_devices=0
modprobe -a dm-mod dm-delay 2>/dev/null
mount -t configfs none /sys/kernel/config 2>/dev/null
c=/sys/kernel/config/nullb/nullb0
mkdir $c || fail "null_blk"
for a in size=256 blocksize=4096 queue_mode=2 irqmode=0 memory_backed=1 discard=1 power=1; do
	echo "${a#*=}" >$c/"${a%=*}" || fail "null_blk: $a"
done
null=/dev/nullb0
sectors=$(blockdev --getsz $null)
load_module

# --- a discard
dmsetup create slow --table "0 128 delay $null 0 0 $null 0 4000
128 $((sectors - 128)) linear $null 128" || fail "dm-delay"
node=dm-$(dmsetup info -c --noheadings -o minor slow)
echo 65536 >"/sys/block/$node/queue/discard_max_bytes" || fail "discards in pieces of 64 KiB"
read -r slot id < <(drv-client enable /dev/mapper/slow unsaved)
holds "a discard of $((sectors / 128)) bios of which the first is over last" timeout 120 blkdiscard /dev/mapper/slow
# zeroes, in pages, are a chain of writes
holds "zeroes as a chain of writes" timeout 120 blkdiscard -z -o 0 -l $((8 << 20)) /dev/mapper/slow
reported=$(drv-client changes "$slot" "$id" | awk 'END { print NR * 65536 }')
is "all of it is reported" "$reported" "$((sectors * 512))"
is "every bio is over" "$(drv-client status "$slot" | sed 's/.* in_flight \([0-9]*\).*/\1/')" 0
drv-client disable "$slot"
dmsetup remove slow || fail "nothing holds the volume"

# --- an error of one of them is the whole's
dmsetup create broken --table "0 128 error
128 $((sectors - 128)) linear $null 128" || fail "dm-error"
read -r slot id < <(drv-client enable /dev/mapper/broken unsaved)
refuses "a write whose first piece fails fails" "" dd if=/dev/zero of=/dev/mapper/broken bs=8M count=1 oflag=direct conv=notrunc
holds "one beside it does not" dd if=/dev/zero of=/dev/mapper/broken bs=8M seek=1 count=1 oflag=direct conv=notrunc
drv-client disable "$slot"
dmsetup remove broken || fail "nothing holds the volume"

# --- writes in pieces
echo 64 >/sys/block/"${null##*/}"/queue/max_sectors_kb || fail "pieces of 64 KiB"
read -r slot id < <(drv-client enable $null unsaved)
holds "writes of 8 MiB in pieces of 64 KiB" dd if=/dev/zero of=$null bs=8M count=4 oflag=direct conv=notrunc
reported=$(drv-client changes "$slot" "$id" | awk 'END { print NR * 65536 }')
is "they are reported" "$reported" $((32 << 20))
is "every piece is over" "$(drv-client status "$slot" | sed 's/.* in_flight \([0-9]*\).*/\1/')" 0
drv-client disable "$slot"
echo 0 >$c/power
rmdir $c
holds "unload" rmmod aipsnap
the_end
