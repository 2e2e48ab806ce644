#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: the fingerprint of an image changes with each real tool that changes the image, and with
#         nothing else; what a tool changes without a trace is known; whole disks are read
#         partition by partition; damaged images crash nothing
# needs: mke2fs, e2fsck, debugfs, tune2fs, resize2fs, mkfs.xfs, xfs_repair, xfs_db, sfdisk, jq
set -u
. tests/lib/tap.sh
make -s B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
snap=$AIP_B/aipsnap
cd "$AIP_TMP" || exit 1
fp() { "$snap" fingerprint "$1" --json | jq -r '[.provable, .digest] | map(tostring) | join(" ")'; }
now=
start() { now=$(fp "$1"); }
# noticed NAME IMAGE TOOL...: the tool changes the image, and the fingerprint
noticed() {
	local name=$1 image=$2 before=$now
	shift 2
	cp --sparse=always "$image" before
	"$@" >out 2>&1 || { fail "$name: $1 itself failed" "$(tail -n 3 out)"; return; }
	cmp -s "$image" before && { fail "$name: the tool changed nothing, no test"; return; }
	now=$(fp "$image")
	if [ "$now" != "$before" ]; then ok "$name"; else fail "$name" "$now before and after"; fi
}
# unchanged NAME IMAGE TOOL...: neither
unchanged() {
	local name=$1 image=$2 before=$now
	shift 2
	cp --sparse=always "$image" before
	"$@" >out 2>&1
	cmp -s "$image" before || { fail "$name: the tool changed the image, no test"; return; }
	is "$name" "$(fp "$image")" "$before"
}
dbg() { debugfs -w -R "$2" "$1" 2>out.err && ! grep -v '^debugfs 1' out.err; }
fsck() { e2fsck "$@"; [ $? -le 2 ]; }

mkdir tree
head -c 200000 /dev/urandom >tree/a
head -c 50000 /dev/urandom >tree/b
mkdir tree/dir
for t in ext2 'ext3 -I 128 -b 2048' ext4 'ext4 -O ^metadata_csum,uninit_bg,meta_bg,^resize_inode -b 1024' \
	'ext4 -b 4096 -O bigalloc,inline_data'; do
	n=${t// /_} f=image
	rm -f $f
	truncate -s 64M $f
	# shellcheck disable=SC2086
	mke2fs -q -F -t $t -d tree $f 2>out || { fail "$n: mke2fs" "$(cat out)"; continue; }
	start $f
	has "$n: provable" "$now" "true "
	unchanged "$n: read" $f dd if=$f of=/dev/null bs=1M
	unchanged "$n: e2fsck -n" $f e2fsck -fn $f
	unchanged "$n: debugfs without -w" $f debugfs -R 'stat /a' $f
	noticed "$n: debugfs write" $f dbg $f "write tree/b copy"
	noticed "$n: debugfs mkdir" $f dbg $f "mkdir new"
	noticed "$n: debugfs rm" $f dbg $f "rm /b"
	noticed "$n: debugfs set_inode_field" $f dbg $f "set_inode_field /a mtime 20200101"
	noticed "$n: debugfs clri" $f dbg $f "clri /dir"
	noticed "$n: e2fsck repairs" $f fsck -fy $f
	noticed "$n: tune2fs -c" $f tune2fs -c 33 $f
	noticed "$n: tune2fs -L" $f tune2fs -L label $f
	noticed "$n: resize2fs" $f resize2fs -f $f 40M
	uuid=$(blkid -p -o value -s UUID $f)
	sleep 1
	# shellcheck disable=SC2086
	noticed "$n: mke2fs with the same UUID" $f mke2fs -q -F -t $t -U "$uuid" -d tree $f
	# the one thing that leaves no trace: debugfs writes a block of a file, past everything
	start $f
	block=$(debugfs -R 'bmap /a 1' $f 2>/dev/null)
	[ "${t#*inline}" != "$t" ] || { dd if=/dev/urandom of=$f bs=512 seek=$((block * $(dumpe2fs -h $f 2>/dev/null | sed -n 's/^Block size: *//p') / 512)) count=1 conv=notrunc status=none
		is "$n: a raw write to a block of a file cannot be noticed" "$(fp $f)" "$now"; }
done
"$snap" fingerprint image >out
has "text names the type" "$(cat out)" "type    ext4"

# a superblock that something else did not overwrite: nobody knows which of them counts
both() { # NAME TEXT: of the image
	is "$1: cannot be proved" "$(fp image | cut -d ' ' -f 1)" false
	has "$1: why" "$("$snap" fingerprint image)" "both ext4 and $2 are on it, one of them stale"
}
fresh() { rm -f image; truncate -s 64M image; mke2fs -q -F -t ext4 image; }
fresh
printf '2048,40000,83\n43008,+,83\n' | sfdisk -q --wipe never --wipe-partitions never --no-reread image >out 2>&1
both "a partition table over ext4" "a partition table"
fresh; printf 'LUKS\272\276' | dd of=image conv=notrunc status=none
both "LUKS over ext4" "an encrypted volume (LUKS)"
fresh; printf LABELONE | dd of=image bs=512 seek=1 conv=notrunc status=none
both "LVM over ext4" "a physical volume (LVM)"
fresh; printf '\374\116\053\251' | dd of=image bs=4096 seek=1 conv=notrunc status=none
both "md over ext4" "a member of an md array"
truncate -s 320M x && mkfs.xfs -q x
fresh; dd if=x of=image bs=512 count=1 conv=notrunc status=none; rm x
both "XFS beside ext4" "an XFS"
# boot code in the first sector is neither
fresh; { head -c 440 /dev/urandom; head -c 70 /dev/zero; printf '\125\252'; } | dd of=image conv=notrunc status=none
is "ext4 with boot code: provable" "$(fp image | cut -d ' ' -f 1)" true
# in a partition: marked as a whole
rm -f disk; truncate -s 80M disk
printf 'label: dos\n2048,+,83\n' | sfdisk -q disk
fresh; printf 'LUKS\272\276' | dd of=image conv=notrunc status=none
dd if=image of=disk bs=1M seek=1 conv=notrunc,sparse status=none
has "LUKS over ext4 in a partition: counts as changed" "$("$snap" fingerprint disk)" "1 partitions, 0 proved"

proto() {
	printf '/dev/null\n0 0\nd--755 0 0\na ---644 0 0 %s\nb ---644 0 0 %s\n$\n' "$PWD/tree/a" "$PWD/tree/b"
}
proto >prototype
for opts in '' '-m crc=0 -d agcount=7' '-m finobt=0 -i sparse=0 -b size=1024' '-s size=4096 -l size=64m,su=32k'; do
	f=image n="xfs $opts"
	rm -f $f
	truncate -s 512M $f
	# shellcheck disable=SC2086
	mkfs.xfs -q -p prototype $opts $f 2>out || { fail "$n: mkfs" "$(cat out)"; continue; }
	start $f
	has "$n: provable" "$now" "true "
	unchanged "$n: xfs_repair -n" $f xfs_repair -n $f
	xfs_repair $f >/dev/null 2>&1
	start $f
	ino=$(xfs_db -r -c 'ls /' $f 2>/dev/null | awk '$(NF - 1) == "a" || $4 == "a" { print $2; exit }')
	: "${ino:=131}"
	field=core.nlinkv2
	noticed "$n: xfs_db writes an inode" $f xfs_db -x -c "inode $ino" -c "write $field 7" $f
	noticed "$n: xfs_repair of an inode only" $f xfs_repair $f
	noticed "$n: xfs_admin -L" $f xfs_admin -L label $f
	noticed "$n: xfs_admin -U" $f xfs_admin -U generate $f
	[ "${opts#*crc=0}" != "$opts" ] || noticed "$n: xfs_repair -L" $f xfs_repair -L $f
	uuid=$(blkid -p -o value -s UUID $f)
	# shellcheck disable=SC2086
	noticed "$n: mkfs.xfs with the same UUID" $f mkfs.xfs -q -f -p prototype $opts -m uuid="$uuid" $f
done

# ---- whole disks ---------------------------------------------------------------------
disk() { # LABEL: the second partition is ext4, the fourth XFS, the last unknown
	rm -f disk
	truncate -s 700M disk
	case $1 in
	gpt) printf 'label: gpt\n2048,1M\n4096,40M\n,64M\n,400M\n,100M\n' ;;
	dos) printf 'label: dos\n2048,1M\n4096,40M\n,600M,E\n-\n,16M\n,400M\n,100M\n' ;;
	esac | sfdisk -q disk >out 2>&1 || fail "sfdisk $1" "$(cat out)"
}
part() { sfdisk -J disk | jq -r ".partitiontable.partitions[$1] | \"\(.start) \(.size)\""; }
into() { # NUMBER IMAGE
	local start size
	read -r start size < <(part "$1")
	dd if="$2" of=disk bs=512 seek="$start" count="$size" conv=notrunc,sparse status=none
}
truncate -s 40M p1 && mke2fs -q -F -t ext4 -d tree p1
truncate -s 400M p3 && mkfs.xfs -q -f p3
for label in gpt dos; do
	disk $label
	case $label in
	gpt) e=1 x=3 last=4 ;;
	dos) e=1 x=5 last=6 ;;
	esac
	[ "$(part $x)" != "null null" ] || { fail "$label: partitions"; continue; }
	into $e p1
	into $x p3
	start disk
	has "$label: provable" "$now" "true "
	"$snap" fingerprint disk --json >out
	# every byte of the partition that nobody can prove is marked; the ext4 one is not at all
	read -r s n < <(part $last)
	holds "$label: an unknown partition is marked as a whole" jq -e --argjson s $((s * 512)) --argjson n $((n * 512)) \
		'[.marks[] | select(.[0] <= $s and .[0] + .[1] >= $s + $n)] | length == 1' out
	read -r s n < <(part $e)
	holds "$label: nothing of the ext4 partition is marked" jq -e --argjson s $((s * 512)) --argjson n $((n * 512)) \
		'[.marks[] | select(.[0] < $s + $n and .[0] + .[1] > $s)] | length == 0' out
	tune2fs -L other p1 >/dev/null
	noticed "$label: a change in the ext4 partition" disk into $e p1
	xfs_admin -U generate p3 >/dev/null
	noticed "$label: a change in the XFS partition" disk into $x p3
	noticed "$label: the small first partition" disk dd if=/dev/urandom of=disk bs=512 seek=2100 count=1 conv=notrunc
	noticed "$label: what lies before it" disk dd if=/dev/urandom of=disk bs=512 seek=70 count=1 conv=notrunc
	noticed "$label: boot code" disk dd if=/dev/urandom of=disk bs=1 seek=100 count=16 conv=notrunc
	noticed "$label: a partition's type" disk sfdisk -q --part-type disk 1 "$([ $label = gpt ] && echo S || echo 82)"
	noticed "$label: the last partition is deleted" disk sfdisk -q --delete disk "$(sfdisk -J disk | jq -r ".partitiontable.partitions[$last].node" | sed s/^disk//)"
done

# ---- neither --------------------------------------------------------------------------
truncate -s 64M none
has "unknown content: not provable" "$("$snap" fingerprint none)" "none: no ext2/3/4"
truncate -s 3M small
start small
has "small unknown content: all of it" "$now" "true "
noticed "one byte of it" small dd if=/dev/urandom of=small bs=1 seek=3000000 count=1 conv=notrunc
"$snap" fingerprint /nonexistent 2>out
is "no such device: status" $? 1
has "no such device: says which" "$(cat out)" /nonexistent

# ---- damage ----------------------------------------------------------------------------
san=$AIP_B/san
mkdir -p "$san" && flock "$san" make -s -C "$AIP_TOP" B="$san" SAN=address,undefined "$san/test-aipsnap" >&2 || fail "the damaging program builds"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
truncate -s 30M e && mke2fs -q -F -t ext4 -d tree e
truncate -s 300M x && mkfs.xfs -q -f -p prototype x
disk gpt
for f in e x disk; do
	holds "$f: 400 damages" "$san/test-aipsnap" $f "$AIP_SEED" 400
done
exit $tap_failed
