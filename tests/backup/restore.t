#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: restore refuses wrong targets before it touches them; ext's unused blocks are left out only where that is provable
# needs: mke2fs, debugfs, blkid, mkfs.xfs, sfdisk, losetup, unshare (mount namespace)
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

noise 6000000 "larger than the backup" >there
holds "--force overwrites a larger file" "$bak" restore -q --force set there
cmp there src >&2 && ok "and nothing of it is left" || fail "and nothing of it is left"

# /dev is memory, and a name in it that is not there is a mistake
refused() { # WHAT COMMAND...: with its own code
	local what=$1
	shift
	"$@" >out.txt 2>&1
	is "$what is refused" $? 5
}
typo=/dev/aip-no-such-$$
for force in "" --force; do
	# shellcheck disable=SC2086
	refused "a device that is not there ($force)" "$bak" restore -q $force set "$typo"
	has "and it says so ($force)" "$(cat out.txt)" "there is no device $typo"
	is "and no file is made ($force)" "$(stat -c %F "$typo" 2>/dev/null)" ""
	rm -f "$typo"
done
refused "a dry run, too:" "$bak" restore -q --dry-run set "$typo"
ln -s "$typo" link
refused "a link to such a name" "$bak" restore -q --force set link
is "and no file is made through it" "$(stat -c %F "$typo" 2>/dev/null)" ""
rm -f "$typo" link
refused "a name below a folder of /dev" "$bak" restore -q set "/dev/pts/aip-$$"
# shellcheck disable=SC2016 # for the shell in the namespace
refused "/dev at another place" unshare -m sh -c 'mkdir dev && mount --bind /dev dev && exec "$0" restore -q set dev/"$1"' "$bak" "${typo#/dev/}"
is "and no file is made there" "$(stat -c %F "$typo" 2>/dev/null)" ""
rm -f "$typo"
holds "/dev/shm is for files" "$bak" restore -q set "/dev/shm/aip-$$"
rm -f "/dev/shm/aip-$$"

# the set is no target of itself
cp -a set set2
ln set2/0001.qcow2 hard
ln -s set2/0001.sums soft
ln -s set2 samefolder
for t in set2/0001.qcow2 set2/0001.json set2/new samefolder/new hard soft; do
	refused "target in the set ($t)" "$bak" restore -q --force set2 $t
	has "and it says so ($t)" "$(cat out.txt)" "lies in the set itself"
done
is "and the set is as it was" "$(cd set2 && md5sum ./*)" "$(cd set && md5sum ./*)"
# nor is a target touched for a backup whose data cannot be had
rm set2/0001.qcow2
cp there kept
"$bak" restore -q --force set2 there >out.txt 2>&1
is "a backup without its data is an error" $? 1
cmp there kept >&2 && ok "and the target stays as it was" || fail "and the target stays as it was"

# cron's PATH has no sbin
holds "PATH without sbin" env -i PATH=/usr/bin:/bin "$bak" full -q --as-is src cronset
holds "no PATH" env -i "$bak" full -q --as-is src cronset

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

# the superblock of a former file system proves nothing
exactly() { # WHAT IMAGE SET: all of it is read, and comes back
	holds "$1: full" "$bak" full -q --as-is "$2" "$3"
	is "$1: nothing is left out" "$(jq .bytes.unused "$3/0001.json")" 0
	rm -f out
	"$bak" restore -q "$3" out >&2
	cmp out "$2" >&2 && ok "$1: restored byte for byte" || fail "$1: restored byte for byte"
}
truncate -s 48M disk
mke2fs -q -t ext4 disk
echo 'start=2048, type=83' | sfdisk -q --wipe never disk >&2
noise 8000000 partition | dd of=disk bs=1M seek=30 conv=notrunc status=none
has "an ext superblock below a partition table" "$(blkid -p -o export disk)" TYPE=ext4
exactly "partitioned" disk dset
is "partitioned: what it is of" "$(jq -r .source.fs dset/0001.json)" dos
truncate -s 300M xfs
mkfs.xfs -q -f xfs
truncate -s 48M both
mke2fs -q -t ext4 both
dd if=xfs of=both bs=512 count=1 conv=notrunc status=none
noise 8000000 xfs | dd of=both bs=1M seek=30 conv=notrunc status=none
blkid -p both >&2
is "two superblocks: blkid gives up" $? 8
exactly "two superblocks" both bset
# and a device with it is not blank
if dev=$(losetup -f --show both); then
	trap 'losetup -d "$dev"' EXIT
	sum=$(md5sum <both)
	refused "a target with two superblocks" "$bak" restore -q set "$dev"
	has "and it says why" "$(cat out.txt)" "blkid cannot tell what it holds"
	sync "$dev"
	is "and it stays as it was" "$(md5sum <both)" "$sum"
	holds "--force overwrites it" "$bak" restore -q --force set "$dev"
	cmp -n 4194304 "$dev" src >&2 && ok "with the backup" || fail "with the backup"
	wipefs -qa "$dev"
	holds "a blank target needs no --force" "$bak" restore -q set "$dev"
else
	fail "a loop device can be made"
fi
tap_done
