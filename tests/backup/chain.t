#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: each backup of a chain restores to exactly what its source was, before and after pruning
# needs: qemu-img, qemu-nbd
# timeout: 300
. "$AIP_TOP/tests/backup/lib.sh"
rounds=${AIP_ROUNDS:-5}

make_source src 24
# a size that is no multiple of the chunk: the last chunk is short
truncate -s $((24 * 1048576 - 512)) src
cp --sparse=always src v0001
holds "full backup" "$bak" full --as-is --paranoid src set
for ((i = 2; i <= rounds + 1; i++)); do
	id=$(printf %04d "$i")
	change src 6 "$id"
	cp --sparse=always src "v$id"
	holds "increment $id" "$bak" incremental --compare --as-is --paranoid src set
done

check_all() { # WHEN FIRST
	local j id
	for ((j = $2; j <= rounds + 1; j++)); do
		id=$(printf %04d "$j")
		rm -f out
		"$bak" restore -q --id "$id" set out >/dev/null && cmp out "v$id" >&2 && ok "$1: $id restores exactly" ||
			fail "$1: $id restores exactly"
		where=$("$bak" list --json set | jq -r ".backups[] | select(.id == \"$id\") | .where")
		holds "$1: qemu-img reads $id too" qemu-img compare -q -f qcow2 -F raw "set/$where" "v$id"
		holds "$1: qemu-img check $id" qemu-img check -q "set/$where"
	done
	holds "$1: verify" "$bak" verify set
}
check_all "as made" 1

holds "prune to three" "$bak" prune --keep 3 set
is "three are left" "$("$bak" list --json set | jq '.backups | length')" 3
check_all "pruned to three" $((rounds - 1))
is "nothing else is left in the folder" "$(find set -name '*.qcow2' | wc -l)" 3
change src 4 more
cp --sparse=always src "v$(printf %04d $((rounds + 2)))"
holds "an increment on top of a pruned chain" "$bak" incremental --compare --as-is --paranoid src set
rounds=$((rounds + 1))
check_all "and one more" $((rounds - 2))
holds "prune to one" "$bak" prune --keep 1 set
check_all "pruned to one" $((rounds + 1))
is "one full backup is left" "$("$bak" list --json set | jq -r '.backups[].kind')" full

# auto says why
truncate -s 25M src
has "auto says why it is full" "$("$bak" auto --as-is --compare src set)" "full of src (the device was resized"
"$bak" incremental --as-is src set >out.txt 2>&1
is "incremental without tracking is refused with its own code" $? 3
has "and says what to do" "$(cat out.txt)" "incremental --compare"
tap_done
