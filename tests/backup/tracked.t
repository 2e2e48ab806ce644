#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: increments by tracking, with an aipsnap that says what the test says: --paranoid takes good ones and refuses bad ones with and without a map of ext; a left snapshot is forgotten only when it is gone
# needs: python3, mke2fs, debugfs
. "$AIP_TOP/tests/backup/lib.sh"

# "aipsnap": each snapshot is number 3 and a generation further; what changed since is the
# difference of the image to `before`, or what stands in the file `lie`
mkdir bin
export PATH=$PWD/bin:$PATH FAKE=$PWD
cat >bin/aipsnap <<'EOF_AIPSNAP'
#!/bin/bash
cd "$FAKE" || exit 1
echo "$*" >>calls
entry() { printf '{"snapshot": 3, "node": "%s/src", "size": %s, "chunk": 65536, "lineage": "%032x", "opened": "%032x"}' "$FAKE" "$(stat -c %s src)" 7 "$(cat generation)"; }
case "$1 ${2:-}" in
"snapshot list")
	[ ! -e list-fails ] || { echo "aipsnap: the list was eaten." >&2; exit "$(cat list-fails)"; }
	[ ! -e list-says ] || exec cat list-says
	echo "{\"snapshots\": [$([ ! -e there ] || entry)]}"
	;;
"snapshot create")
	echo $(($(cat generation 2>/dev/null || echo 0) + 1)) >generation
	touch there
	echo "{\"devices\": [$(entry)]}"
	;;
"snapshot remove") rm there ;;
"changes "*)
	exec python3 - <<'EOF_PYTHON'
import os, struct, sys
new, old, c = open("src", "rb").read(), open("before", "rb").read(), 65536
n = -(-len(new) // c)
changed = [i for i in range(n) if new[i * c:(i + 1) * c] != old[i * c:(i + 1) * c]]
if os.path.exists("lie"):
    changed = []
bits = bytearray((n + 7) // 8)
for i in changed:
    bits[i // 8] |= 1 << i % 8
head = struct.pack("<8sIIQQQQ16s", b"AIPCHNG1", 16, 0, len(new), n, len(changed), 0, bytes(15) + b"\7")
sys.stdout.buffer.write(head + bits)
EOF_PYTHON
	;;
*) exit 2 ;;
esac
EOF_AIPSNAP
chmod +x bin/aipsnap

# an ext4 file system whose unused blocks are not zero
truncate -s 48M src
mkdir tree
noise 3000000 kept >tree/kept
mke2fs -q -t ext4 -d tree src
noise 20000000 deleted >big
debugfs -w -R "write big gone" src 2>/dev/null
debugfs -w -R "rm gone" src 2>/dev/null
more() { # TAG: one more file
	cp --sparse=always src before
	noise 200000 "$1" >"file-$1"
	debugfs -w -R "write file-$1 $1" src 2>/dev/null
}
# A set of its own, with one full backup of what src is now
full() { # SET [OPTION]...
	"$bak" full -q "${@:2}" src "$1" >&2 || fail "full backup into $1"
}
taken() { # WHAT SET [OPTION]...: an increment that is good
	holds "$1" "$bak" incremental -q --paranoid "${@:3}" src "$2"
	rm -f out
	"$bak" restore -q "$2" out >&2
	debugfs -R "dump $file got" out 2>/dev/null
	same "$1: restores" got "file-$file"
	is "$1: no snapshot stays" "$(ls there 2>&1)" "ls: cannot access 'there': No such file or directory"
}
refused() { # WHAT SET: an increment that is not what the image is
	"$bak" incremental -q --paranoid "${@:3}" src "$2" >out.txt 2>&1
	is "$1 is refused" $? 4
	has "$1: it says so" "$(cat out.txt)" "differs from"
}

full set
[ "$(jq .bytes.unused set/0001.json)" -gt 10000000 ] && ok "unused blocks are left out" || fail "unused blocks are left out"
full alls --all
cp -a alls lies
file=one
more one
cp src one
holds "the map of ext: an increment" "$bak" incremental -q --paranoid src set
file=two
more two
taken "--all" set --all
is "what changed is known" "$(jq -r .kind set/0003.json)" incremental
cp -a set lie2
# missed changes, with the map: in what the full backup has, and in what it has not
cp src good
touch lie
debugfs -w -R "write file-one again" src 2>/dev/null
refused "a missed change" lie2
rm lie

# a recorded error: no map can be had, the full backup below skipped all the same
cp good src
file=three
more three
debugfs -w -R "set_super_value state 2" src 2>/dev/null
has "an error is recorded" "$(dumpe2fs -h src 2>/dev/null)" "clean with errors"
taken "no map" set
cp --sparse=always src before
holds "prune" "$bak" prune -q --keep 1 set
debugfs -w -R "set_super_value mtime 1" src 2>/dev/null
taken "no map, on a merged full backup" set
# without a map, what a layer records must be right; and all, where the full backup read all
cp -a set lie3
cp src good
touch lie
block=$(dumpe2fs -h src 2>/dev/null | sed -n 's/^Block size: *//p')
at=$(($(debugfs -R "blocks three" src 2>/dev/null | cut -d ' ' -f 1) * block))
noise 512 flip | dd of=src bs=1 seek=$at conv=notrunc status=none
refused "no map: a missed change" lie3
cp good src
rm lie
"$bak" full -q --all src nomap >&2
hole=
for ((at = 65536 * 16; at < 48 << 20; at += 65536)); do
	cmp -s -n 65536 -i $at:0 src /dev/zero && hole=$at && break
done
[ -n "$hole" ] && ok "there is a hole" || fail "there is a hole"
touch lie
noise 512 hole | dd of=src bs=1 seek="$hole" conv=notrunc status=none
refused "no map, all was read: data where there was none" nomap
rm lie
cp good src

# what an interrupted run left
pending() { # STATE-OF-THE-SNAPSHOT
	printf '3 %032x\n' "$(cat generation)" >set/.pending
	: >calls
	rm -f there list-fails list-says
	[ "$1" = gone ] || touch there
}
run() { "$bak" incremental -q src set >out.txt 2>&1; }
cp src before
pending left
run
is "a left snapshot: the run works" $? 0
is "and it is removed first" "$(sed -n 2p calls)" "snapshot remove 3"
pending gone
run
is "a snapshot that is gone: the run works" $? 0
is "and nothing is removed first" "$(sed -n 2p calls | cut -c 1-15)" "snapshot create"
for say in 1 127 '{"snapshots": [{"snapshot": 3}]}' '{}' 'nonsense'; do
	pending left
	if [ "${#say}" -lt 4 ]; then echo "$say" >list-fails; else echo "$say" >list-says; fi
	run
	is "the list says '$say': the run fails" $? 1
	has "and says so ('$say')" "$(cat out.txt)" "cannot learn whether snapshot 3, left by an interrupted run, is still there"
	is "and the note stays ('$say')" "$(cat set/.pending)" "$(printf '3 %032x' "$(cat generation)")"
	is "and no snapshot is made ('$say')" "$(cat calls)" "snapshot list --json"
done
rm -f list-says
echo 0 >list-fails && rm list-fails
run
is "the list works again: so does the run" $? 0
hasnt "and the snapshot is gone" "$(ls)" "there"
# as it is: without driver, or without aipsnap, no snapshot can be left
pending left
echo 3 >list-fails
holds "no driver" "$bak" full -q --as-is src set
is "and the note goes" "$(find set -name .pending)" ""
pending left
rm bin/aipsnap
holds "no aipsnap" "$bak" full -q --as-is src set
is "and the note goes, too" "$(find set -name .pending)" ""
tap_done
