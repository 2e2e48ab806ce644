#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: restore refuses wrong targets before it touches them; ext's unused blocks are left out only where that is provable
# needs: mke2fs, debugfs, blkid
. "$AIP_TOP/tests/backup/lib.sh"

make_source src 4
"$bak" full -q --as-is src set >&2
echo precious >there
"$bak" restore -q set there >out.txt 2>&1
is "an existing file is refused with its own code" $? 5
is "and stays as it was" "$(cat there)" precious
holds "--force overwrites it" "$bak" restore -q --force set there
same "with the backup" there src
"$bak" restore -q set / >out.txt 2>&1
is "a folder is refused" $? 5
"$bak" restore -q --id 0042 set new >out.txt 2>&1
is "an unknown backup is an error" $? 1
is "and makes no file" "$(ls new 2>&1)" "ls: cannot access 'new': No such file or directory"
holds "dry run" "$bak" restore --dry-run set new
is "makes no file either" "$(ls new 2>&1)" "ls: cannot access 'new': No such file or directory"

# ext4: what is not used is not read
truncate -s 48M fs
mkdir tree
noise 3000000 kept >tree/kept
mke2fs -q -t ext4 -d tree fs
noise 20000000 deleted >big
debugfs -w -R "write big gone" fs 2>/dev/null
debugfs -w -R "rm gone" fs 2>/dev/null
holds "full of an ext4 image" "$bak" full --as-is --paranoid --json fs fset
unused=$(jq .bytes.unused fset/0001.json)
read=$(jq .bytes.read fset/0001.json)
[ "$unused" -gt 20000000 ] && ok "unused blocks are left out ($unused bytes)" || fail "unused blocks are left out" "$unused"
[ "$read" -lt 20000000 ] && ok "and not read ($read bytes)" || fail "and not read" "$read"
rm -f out
"$bak" restore -q fset out >&2
holds "the restored file system is sound" e2fsck -fn out
debugfs -R "dump kept got" out 2>/dev/null
same "and has its files" got tree/kept
holds "--all reads everything" "$bak" full --all --as-is --paranoid fs fset2
rm -f out
"$bak" restore -q fset2 out >&2
cmp out fs >&2 && ok "--all: byte for byte" || fail "--all: byte for byte"
# a journal that is not empty: the bitmaps prove nothing
debugfs -w -R "feature needs_recovery" fs 2>/dev/null
"$bak" full -q --as-is fs fset3 >&2
is "a journal that is not empty: all is read" "$(jq .bytes.unused fset3/0001.json)" 0
tap_done
