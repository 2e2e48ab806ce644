#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# many.sh SEED: 64 devices, the most there can be: all enabled, switched at one instant, in a snapshot together,
# sealed, resumed. vda 272M (cut into 64), vdb 64M (table), vdc 272M (storage).
. /drv/guest.sh
load_module
modprobe dm-mod
mkdir -p /m
mkfs.ext4 -q /dev/vdb && mount /dev/vdb /m
holds "format" drv-client format /m/table 8
for i in $(seq 0 64); do
	dmsetup create "d$i" --table "0 8192 linear /dev/vda $((i * 8192))" || fail "device $i"
	dmsetup create "s$i" --table "0 8192 linear /dev/vdc $((i * 8192))"
done
ids=() bad=0
for i in $(seq 0 63); do
	read -r slot id < <(drv-client enable "/dev/mapper/d$i") || bad=$i
	ids[slot]=$id
	devs[slot]=/dev/mapper/d$i stores[slot]=/dev/mapper/s$i
done
is "64 devices are enabled" "$bad ${#ids[@]}" "0 64"
refuses "the 65th is refused" "errno" drv-client enable /dev/mapper/d64
for i in $(seq 0 63); do dd if=/dev/urandom of="${devs[i]}" bs=4k seek=$((RANDOM % 1000)) count=9 oflag=direct conv=notrunc status=none; done
wrong=''
for i in $(seq 0 63); do [ "$(drv-client changes "$i" "${ids[i]}" | wc -l)" -ge 1 ] || wrong+=" $i"; done
is "each has its changes" "$wrong" ''
members=()
for i in $(seq 0 63); do members+=("$i:dev=${stores[i]}"); done
image /dev/vda /tmp/A
holds "a snapshot of all 64 at one instant" sh -c 'drv-client switch "$@" >/tmp/all' - "${members[@]}"
is "64 images" "$(awk '{ print $2 }' /tmp/all | sort -u | wc -l)" 64
refuses "no 65th snapshot" "" drv-client switch "0:dev=${stores[0]}"
for i in $(seq 0 63); do dd if=/dev/urandom of="${devs[i]}" bs=64k seek=$((RANDOM % 60)) count=3 oflag=direct conv=notrunc status=none; done
wrong=''
for i in $(seq 0 63); do
	n=$(awk -v n=$((i + 1)) 'NR == n { print $2 }' /tmp/all)
	at=${devs[i]#/dev/mapper/d}
	cmp -s -n $((8192 * 512)) "/dev/aipsnap$n" <(dd if=/tmp/A bs=1M skip=$((at * 4)) count=4 status=none) || wrong+=" $i"
done
is "each image holds what was there" "$wrong" ''
for i in $(seq 0 63); do drv-client remove "$i" || fail "remove $i"; done
for i in $(seq 0 63); do drv-client seal "$i" "U$i" "f$i" >/tmp/seal 2>&1 || fail "seal $i" "$(cat /tmp/seal)"; done
is "all are sealed" "$(for i in $(seq 0 63); do state "$i"; done | sort -u)" 5
# let go and taken up
mount -o remount,ro /m
table_at=$(filefrag -b4096 -v /m/table | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 + 0 }')
blocks=$(($(stat -c %s /m/table) / 4096))
drop /dev/vdb
dd if=/dev/vdb of=/tmp/clean bs=4096 skip="$table_at" count=$blocks iflag=direct status=none
for i in $(seq 0 63); do drv-client stop "$i" 2>/dev/null; done
holds "the table is let go" drv-client unload
# as after a shutdown: what is on disk is what was sealed
cp /tmp/clean /tmp/put && dd if=/tmp/put of=/dev/vdb bs=4096 seek="$table_at" conv=notrunc oflag=direct status=none
has "and loaded" "$(drv-client load /m/table)" "copies 3 devices 64"
resumed=0 wrong=''
for i in $(seq 0 63); do
	case $(drv-client start "$i" "${devs[i]}" "U$i" "f$i" 2>&1) in *resumed*) resumed=$((resumed + 1)) ;; esac
	[ "$(drv-client changes "$i" "${ids[i]}" | wc -l)" -ge 1 ] || wrong+=" $i"
done
is "all 64 are resumed" "$resumed" 64
is "each has its changes still" "$wrong" ''
for i in $(seq 0 63); do drv-client stop "$i" 2>/dev/null; done
holds "the table is let go again" drv-client unload
drv-client load /m/table >/dev/null || fail "and loaded again"
resumed=0
for i in $(seq 0 63); do case $(drv-client start "$i" "${devs[i]}" "U$i" "f$i" 2>&1) in *resumed*) resumed=$((resumed + 1)) ;; esac; done
is "stopped by hand: none of them is resumed" "$resumed" 0
for i in $(seq 0 63); do drv-client disable "$i" || fail "disable $i"; done
drv-client unload
umount /m || fail "nothing holds the file system"
dmsetup remove_all
holds "unload" rmmod aipsnap
the_end
