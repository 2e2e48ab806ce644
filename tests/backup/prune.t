#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: prune changes nothing when what it would merge is damaged
# needs: qemu-img, qemu-nbd, strace, jq
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

# Killed after each step: the first that leaves 0001 pruned, and the last that leaves 0002 an increment.
backing() { qemu-img info -f qcow2 --output=json "$1" | jq -r '."backing-filename"'; }
bad=
for ((n = 1; n < 20; n++)); do
	again
	(strace -qq -o /dev/null -e inject=rename,renameat,renameat2,fsync:signal=KILL:when=$n "$bak" prune -q --keep 3 set >>log 2>&1) 2>>log
	"$bak" verify -q set >>log 2>&1 || bad="$bad $n"
	[ -e set/0001.json ] || break
	grep -q '"pruned": true' set/0001.json && grep -q '"parent": "0001"' set/0002.json || continue
	[ -e early ] || cp -a set early
	rm -rf late && cp -a set late
done
is "killed after each step of $n: verify finds all good" "$bad" ""
is "early: the child of the next is as it was" "$(backing early/0003.qcow2)" 0002.qcow2
is "late: it has its new backing file" "$(backing late/0003.qcow2)" 0001.qcow2

damaged() { # WHEN WHAT FILE CHUNK [OPTION...]: verify finds it
	local what="$1: a damaged chunk $4 of $3, $2"
	rm -rf set && cp -a "$1" set
	flip "set/$3" "$(where "set/$3" "$4")"
	"$bak" verify -q "${@:5}" set >out.txt 2>&1
	is "$what" $? 4
}
for when in early late; do
	holds "$when: verify" "$bak" verify $when
	holds "$when: verify one" "$bak" verify --id 0003 $when
	"$bak" verify --id 0001 $when >out.txt 2>&1
	has "$when: what is pruned is no backup" "$(cat out.txt)" "has no backup 0001"
	for id in 0002 0003 0004; do
		holds "$when: $id restores" restores $when $id
	done
	damaged $when "which all still read" 0001.qcow2 10
	damaged $when "which all still read" 0001.qcow2 10 --id 0003
	damaged $when "which the child holds" 0002.qcow2 3
	damaged $when "its own" 0003.qcow2 5
done
# chunk 3 in the old file: the child has its own, but late the next reads this one
rm -rf set && cp -a early set
flip set/0001.qcow2 "$(where set/0001.qcow2 3)"
holds "early: a chunk that nobody reads any more" "$bak" verify set
for id in 0002 0003 0004; do
	holds "early: and $id restores without it" restores set $id
done
damaged late "which the next reads there" 0001.qcow2 42
holds "late: a chunk that is damaged in the copy only: prune makes it again" "$bak" prune -q --keep 2 set
holds "late: and all is sound then" "$bak" verify set
tap_done
