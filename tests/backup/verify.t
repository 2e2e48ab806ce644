#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what verify calls good restores exactly: links between the files of a set, and where an increment has data
# needs: qemu-img, qemu-nbd
. "$AIP_TOP/tests/backup/lib.sh"

# noise or zeroes in one chunk of the source
put() { noise 65536 "$2" | dd of=src bs=64K seek="$1" conv=notrunc status=none iflag=fullblock; }
blank() { dd if=/dev/zero of=src bs=64K seek="$1" count=1 conv=notrunc status=none; }

make_source src 3
"$bak" full -q --as-is src good >&2
cp src v0001
put 3 a
put 4 a
blank 7
"$bak" incremental -q --compare --as-is src good >&2
cp src v0002
put 40 b # where the full backup has nothing
put 41 b
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
tap_done
