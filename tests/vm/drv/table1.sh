#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# table1.sh SEED: first boot: table, seal, refusals; leaves /drv/state for table2.sh.
. /drv/guest.sh
load_module
dev=/dev/vda
mkdir -p /m
mkfs.ext4 -q /dev/vdb && mount /dev/vdb /m
refuses "a table cannot be loaded from an unformatted file" "why 32" sh -c 'dd if=/dev/zero of=/m/zero bs=1M count=2 status=none && sync && drv-client load /m/zero'
fallocate -l 2M /m/unwritten
refuses "unwritten extents are refused" "why 38" drv-client load /m/unwritten
truncate -s 2M /m/hole
refuses "holes are refused" "why 38" drv-client load /m/hole
refuses "a file system that cannot hold a table" "why 37" sh -c 'dd if=/dev/zero of=/tmp/t bs=1M count=2 status=none; drv-client load /tmp/t'
holds "format" drv-client format /m/table 4
holds "the pinned file cannot be removed" test ! "$(rm /m/table 2>&1)" = ""
refuses "nor written" "" sh -c 'echo x >>/m/table'
refuses "a second table is refused" "errno 16" drv-client load /m/zero
read -r a ida < <(drv-client enable $dev)
read -r b idb < <(drv-client enable /dev/vdb)
refuses "nothing is enabled twice" "errno 17" drv-client enable $dev
image $dev /drv/A1
raw_mix $dev 32
id2=$(drv-client switch "$a" 2>/dev/null)
image $dev /drv/A2
raw_mix $dev 32
holds "seal" drv-client seal "$a" U1 fp1
is "sealed" "$(state "$a")" 5
holds "a write after the seal passes" dd if=/dev/urandom of=$dev bs=4k seek=10 count=1 oflag=direct conv=notrunc
is "and the table was made dirty before" "$(state "$a")" 3
tok=$(drv-client seal-begin "$a" 2>/dev/null)
dd if=/dev/urandom of=$dev bs=4k seek=11 count=1 oflag=direct conv=notrunc status=none
refuses "a write between the steps spoils the seal" "errno 11 why 9" drv-client seal-commit "$a" "$tok" U1 fp1
refuses "a read-write file system cannot be sealed" "why 96" drv-client seal "$b" UB fpb
refuses "no fingerprint, no seal" "errno 22" sh -c 't=$(drv-client seal-begin '"$a"' 2>/dev/null); drv-client seal-commit '"$a"' $t U1 none'
drv-client abort "$a"
# generations beyond the limit, and a consumer with an old id
for i in $(seq 34); do
	drv-client switch "$a" >/dev/null 2>&1
	dd if=/dev/urandom of=$dev bs=4k seek=$((i * 100)) count=1 oflag=direct conv=notrunc status=none
done
is "32 generations at most" "$(drv-client gens "$a" | wc -l)" 32
image $dev /drv/B1
no_miss "the first id, through merges" "$a" "$ida" /drv/A1 /drv/B1
no_miss "a merged id (an alias)" "$a" "$id2" /drv/A2 /drv/B1
refuses "an unknown id is refused" "errno 2" drv-client changes "$a" 00112233445566778899aabbccddeeff
mount -o remount,ro /m
holds "seal the data disk" drv-client seal "$a" U1 fp1
holds "seal the table's own disk" drv-client seal "$b" UB fpb
drop /dev/vdb
# what is on disk now, for the damage tests
echo "$ida $id2 $idb" >/drv/state
filefrag -v /m/table >/drv/frag
the_end
