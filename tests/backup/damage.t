#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: verify and restore find damage in any file of a set; no damaged byte is ever restored
# needs: qemu-img, qemu-nbd
. "$AIP_TOP/tests/backup/lib.sh"

make_source src 3
"$bak" full -q --as-is src set >&2
for i in 2 3; do
	change src 2 "$i"
	cp src "v000$i"
	"$bak" incremental -q --compare --as-is src set >&2
done
holds "sound" "$bak" verify set

# Restore may fail or give exactly what was backed up, nothing else.
restores_right_or_not() { # WHAT
	rm -f out
	if "$bak" restore -q set out >>log 2>&1; then
		cmp -s out v0003 || {
			fail "$1: restored, but not what was backed up"
			return
		}
	fi
	found_restore=1
}

for f in 0001.qcow2 0002.qcow2 0003.qcow2; do
	# one byte in each of the data clusters and in the header, the tables, …
	size=$(stat -c %s "set/$f")
	missed=
	for ((at = 0; at < size; at += 65536)); do
		for off in $((at + RANDOM % 512)) $((at + RANDOM * 2 % 65536)); do
			[ $off -lt "$size" ] || continue
			cp --reflink=auto "set/$f" keep
			byte=$(dd if="set/$f" bs=1 skip=$off count=1 status=none | od -An -tu1 | tr -d ' ')
			# shellcheck disable=SC2059
			printf "\\$(printf %03o $((byte ^ 1 << RANDOM % 8)))" | dd of="set/$f" bs=1 seek=$off conv=notrunc status=none
			if "$bak" verify -q set >>log 2>&1; then
				# a byte that no chunk's content depends on: then everything must still restore
				for id in 0002 0003; do
					rm -f out
					"$bak" restore -q --id $id set out >>log 2>&1 && cmp -s out v$id ||
						missed="$missed $off"
				done
			else
				restores_right_or_not "$f byte $off"
			fi
			mv keep "set/$f"
		done
	done
	is "$f: no damage that matters goes unseen" "$missed" ""
done
is "restore was tried on damaged sets" "${found_restore:-0}" 1

damaged() { # WHAT FILE: verify must notice
	"$bak" verify -q set >out.txt 2>&1
	rc=$?
	if [ $rc != 0 ]; then ok "$1 is noticed"; else fail "$1 is noticed" "$(cat out.txt)"; fi
	has "$1: the message names the file" "$(cat out.txt)" "$2"
}
for f in 0001.sums 0002.sums; do
	cp set/$f keep
	missed=
	size=$(stat -c %s set/$f)
	for ((at = 0; at < size; at += 1 + RANDOM % 97)); do
		byte=$(dd if=keep bs=1 skip=$at count=1 status=none | od -An -tu1 | tr -d ' ')
		# shellcheck disable=SC2059
		printf "\\$(printf %03o $((byte ^ 64)))" | dd of=set/$f bs=1 seek=$at conv=notrunc status=none
		"$bak" verify -q set >>log 2>&1 && missed="$missed $at"
		cp keep set/$f
	done
	is "$f: each changed byte is noticed" "$missed" ""
	truncate -s -24 set/$f
	damaged "a short $f" $f
	cp keep set/$f
	mv set/$f away
	damaged "a missing $f" $f
	mv away set/$f
done
mv set/0002.qcow2 away
damaged "a missing 0002.qcow2" 0002.qcow2
mv away set/0002.qcow2
mv set/0002.json away
damaged "a missing manifest in the middle" 0002
mv away set/0002.json
cp set/0003.json keep
for bad in '{' '{}' '[]' "$(sed 's/"format": 1/"format": 2/' keep)" "$(sed 's/0003.sums/..\/x/' keep)" \
	"$(sed 's/"file": "0003.qcow2"/"file": "..\/0003.qcow2"/' keep)" "$(sed 's/"parent": "0002"/"parent": "0003"/' keep)" \
	"$(sed 's/"chunk": 65536/"chunk": 65535/' keep)" "$(tail -c +2 keep)" "$(sed 's/"id": "0003"/"id": "0009"/' keep)"; do
	printf '%s\n' "$bad" >set/0003.json
	"$bak" verify -q set >out.txt 2>&1
	rc=$?
	is "a bad manifest ($(cmp keep set/0003.json 2>&1 | head -c 60)) is damage" $rc 4
done
cp keep set/0003.json
holds "sound again" "$bak" verify set
tap_done
