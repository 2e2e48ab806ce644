#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what verify calls good restores exactly: links between the files of a set, and where an increment has data
# needs: qemu-img, qemu-nbd
. "$AIP_TOP/tests/backup/lib.sh"

# noise or zeroes in one chunk of the source
put() { noise 65536 "$2" | dd of=src bs=64K seek="$1" conv=notrunc status=none iflag=fullblock; }
blank() { dd if=/dev/zero of=src bs=64K seek="$1" count=1 conv=notrunc status=none; }

make_source src 3
truncate -s $((3 * 1048576 - 512)) src # the last chunk is short
put 47 v # in full at first
truncate -s $((3 * 1048576 - 512)) src
"$bak" full -q --as-is src good >&2
cp src v0001
put 3 a
put 4 a
blank 7
"$bak" incremental -q --compare --as-is src good >&2
cp src v0002
put 40 b # where the full backup has nothing
put 41 b
dd if=/dev/zero of=src bs=64K seek=47 count=1 conv=notrunc status=none
truncate -s $((3 * 1048576 - 512)) src
"$bak" incremental -q --compare --as-is src good >&2
cp src v0003
put 9 c
"$bak" incremental -q --compare --as-is src good >&2
cp src v0004
again() { rm -rf set && cp -a good set; }
again
holds "sound" "$bak" verify set

# found NAME PART [ID]: verify says damaged and why, and restore of the latest gives no wrong byte
found() {
	"$bak" verify -q set >out.txt 2>&1
	is "$1: verify" $? 4
	has "$1: and says why" "$(cat out.txt)" "$2"
	rm -f out
	"$bak" restore -q --id "${3:-0004}" set out >>log 2>&1
	is "$1: restore" $? 4
	again
}

# the manifest's parent
sed -i 's/"parent": "0003"/"parent": "0002"/' set/0004.json
found "another parent in a manifest" "0004.json is damaged"
sed -i 's/"parent": "0002"/"parent": "0001"/' set/0003.json
found "another parent in the middle" "0003.json is damaged" 0003

# where an increment has data: its entries in the only L2 table
be64() { echo $((0x$(od -An -tx1 -j "$2" -N 8 "$1" | tr -d ' \n'))); } # FILE OFFSET
entry() { echo $((($(be64 "$1" "$(be64 "$1" 40)") & ((1 << 56) - 1)) + 8 * $2)); } # FILE CHUNK
flip() { # FILE OFFSET MASK
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059
	printf "\\$(printf %03o $((byte ^ $3)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
unseen() { holds "$1: qemu-img check sees nothing" qemu-img check -q "set/$2"; }
f=set/0003.qcow2
flip $f $(($(entry $f 20) + 7)) 1 # bit 0: reads as zeroes
unseen "an entry too many" 0003.qcow2
found "an entry too many" "0003.qcow2 holds what was not backed up at byte 1310720"
flip $f $(($(entry $f 47) + 7)) 1
unseen "zeroes that are lost" 0003.qcow2
found "zeroes that are lost" "0003.qcow2 does not hold what was backed up at byte 3080192"

# the backing file in the header of a qcow2 file
qemu-img rebase -u -f qcow2 -F qcow2 -b 0001.qcow2 set/0003.qcow2
unseen "another backing file" 0003.qcow2
found "another backing file" "the backing file of 0003.qcow2 is 0001.qcow2"
qemu-img rebase -u -f qcow2 -F raw -b 0002.qcow2 set/0003.qcow2
found "another format of it" "the backing file of 0003.qcow2 is 0002.qcow2 (raw)"
qemu-img rebase -u -f qcow2 -b '' set/0003.qcow2
found "no backing file" "the backing file of 0003.qcow2 is none"
qemu-img rebase -u -f qcow2 -F qcow2 -b 0003.qcow2 set/0001.qcow2
"$bak" verify -q set >out.txt 2>&1 # qemu itself goes round such a chain for ever
is "a full backup with a backing file: verify" $? 4
has "and says why" "$(cat out.txt)" "the backing file of 0001.qcow2 is 0003.qcow2"
again
tap_done
