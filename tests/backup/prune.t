#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: prune changes nothing when what it would merge is damaged
# needs: qemu-img, qemu-nbd, strace
. "$AIP_TOP/tests/backup/lib.sh"

put() { noise 65536 "$2" | dd of=src bs=64K seek="$1" conv=notrunc status=none iflag=fullblock; } # CHUNK TAG
make_source src 3
"$bak" full -q --as-is src good >&2
cp src v0001
for i in 2 3 4; do
	put 3 "$i"
	put $((i + 2)) "$i"
	put $((40 + i)) "$i" # where the full backup has nothing
	"$bak" incremental -q --compare --as-is src good >&2
	cp src "v000$i"
done
again() { rm -rf set && cp -a good set; }
restores() { # SET ID
	rm -f out
	"$bak" restore -q --id "$2" "$1" out >>log 2>&1 && cmp out "v$2" >>log 2>&1
}

# flip FILE OFFSET: one bit
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059
	printf "\\$(printf %03o $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# where FILE CHUNK: the offset of a chunk's data in a qcow2 file
where() {
	qemu-img map --output=json "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"$1\"},\"backing\":null}" |
		jq --argjson at $(($2 * 65536)) '.[] | select(.data and .start <= $at and .start + .length > $at) | .offset + $at - .start'
}

# nothing is changed, 0001 restores as before
refuses() { # WHAT CODE
	(cd set && md5sum [0-9]*) >before
	"$bak" prune -q --keep 2 set >out.txt 2>&1
	is "$1: prune refuses" $? "$2"
	(cd set && md5sum [0-9]*) >after
	same "$1: no file has changed" after before
	holds "$1: the oldest backup restores" restores set 0001
	again
}
again
flip set/0002.sums 100
refuses "a damaged checksum file" 4
flip set/0002.qcow2 "$(where set/0002.qcow2 42)" # its last chunk
refuses "a damaged chunk" 4
flip set/0002.qcow2 3
refuses "a damaged header" 1
tap_done
