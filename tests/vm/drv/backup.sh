#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# backup.sh SEED ROUNDS: backups of all stacks at random moments under load.  vda 64M ext4, vdb 64M and vdc 64M
# raid1 with ext3, vdd 400M LVM with XFS, vde 64M dm-crypt with ext4, vdf 32M without a file
# system, written raw; vdg for sets and stores.
. /drv/guest.sh
PATH=/bin-aip:$PATH
rounds=$2
load_module
mkdir -p /t /backup

declare -A dev=([disk]=/dev/vda [raid]=/dev/md0 [lvm]=/dev/vg/lv [crypt]=/dev/mapper/crypt [raw]=/dev/vdf)
names=(disk raid lvm crypt raw)
{
	mkfs.ext4 -qF /dev/vdg && mount /dev/vdg /backup && mkdir /backup/store
	mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --assume-clean --metadata=1.2 /dev/vdb /dev/vdc
	wipefs -qa /dev/vdd && pvcreate -qff -y /dev/vdd && vgcreate -q vg /dev/vdd && lvcreate -qy -Zn -L 304M -n lv vg && vgmknodes
	echo key | cryptsetup -q --type plain -c aes-xts-plain64 -h sha256 open /dev/vde crypt
	mkfs.ext4 -qF -m 0 /dev/vda && mkfs.ext3 -qF /dev/md0 && mkfs.xfs -qf /dev/vg/lv && mkfs.ext4 -qF /dev/mapper/crypt
	for n in disk raid lvm crypt; do mkdir -p "/t/$n" && mount "${dev[$n]}" "/t/$n"; done
} >/tmp/setup 2>&1 || fail "the stacks can be made" "$(cat /tmp/setup)"
for n in "${names[@]}"; do
	holds "$n: enable" aipsnap enable --unsaved "${dev[$n]}"
done

# load: each file system and the raw device written at random places at a modest rate, so that the
# guest has time for its backups, and files that come and go
: >/tmp/load
load() {
	local n
	for n in disk:psync raid:mmap lvm:libaio crypt:psync; do
		printf '[%s]\nfilename=/t/%s/big\nioengine=%s\nsize=16M\nbsrange=512-32k\nblockalign=512\nrate_iops=20\n' "${n%:*}" "${n%:*}" "${n#*:}"
		case $n in lvm:*) printf 'direct=1\niodepth=4\n' ;; disk:*) printf 'fsync=8\n' ;; esac
	done
	printf '[raw]\nfilename=/dev/vdf\nioengine=libaio\ndirect=1\niodepth=8\nsize=32M\nbsrange=512-64k\nrate_iops=30\n'
} >/tmp/load.fio
load
fio --output=/tmp/fio.out --rw=randwrite --randseed="$seed" --time_based --runtime=1000000 --norandommap --buffer_compress_percentage=0 /tmp/load.fio &
fio=$!
while [ -e /tmp/load ]; do
	for n in disk raid lvm crypt; do
		d=/t/$n/d.$((RANDOM % 4))
		if [ -d "$d" ]; then rm -rf "$d"; else mkdir "$d" && head -c $((RANDOM * 20)) /dev/urandom >"$d/a" && ln "$d/a" "$d/b" && mv "$d/a" "$d/c"; fi
	done
	sleep 1
done &

# restored NAME: the newest backup, restored to a file, is the chain; its file system is clean
restored() {
	local n=$1 last
	last=$(aipbackup list --json "/backup/$n" | jq -r '.backups[-1].id')
	rm -f /backup/restored.img
	aipbackup restore -q "/backup/$n" /backup/restored.img >/dev/null || return 1
	qemu-img compare -q -f raw -F qcow2 /backup/restored.img "/backup/$n/$last.qcow2" || { echo "differs from $last.qcow2"; return 1; }
	case $n in
	disk|raid|crypt) e2fsck -fn /backup/restored.img >/tmp/fsck 2>&1 || { cat /tmp/fsck; return 1; } ;;
	esac
}

backup() { # NAME [OPTION]...
	local n=$1
	shift
	aipbackup auto -q --paranoid --store /backup/store --store-size 360M "$@" "${dev[$n]}" "/backup/$n" || return 1
}

kind() { aipbackup list --json "/backup/$1" | jq -r '.backups[-1].kind'; }

increments=0 kills=0
for ((i = 1; i <= rounds; i++)); do
	# the first five rounds are one of each; then by chance
	if [ $i -le 5 ]; then n=${names[i - 1]}; else n=${names[RANDOM % 5]}; fi
	sleep "0.$((RANDOM % 1000 + 1000))"
	case $((RANDOM % 8)) in
	0)	# killed on the way; the next one goes on
		timeout -s KILL "1.$((RANDOM % 1000))" aipbackup auto -q --store /backup/store --store-size 360M "${dev[$n]}" "/backup/$n" >/dev/null 2>&1
		kills=$((kills + 1)) ;;
	1)	# two at one instant
		m=${names[RANDOM % 5]}
		if [ "$m" != "$n" ] && s=$(aipsnap snapshot create --json --store /backup/store --size 400M "${dev[$n]}" "${dev[$m]}"); then
			for k in "$n" "$m"; do
				no=$(jq -r --arg d "$(readlink -f "${dev[$k]}")" '.devices[] | select(.device == $d or .name == $d) | .snapshot' <<<"$s")
				holds "round $i: $k, one of two" aipbackup auto -q --paranoid --snapshot "$no" "${dev[$k]}" "/backup/$k"
			done
			holds "round $i: both snapshots go" aipsnap snapshot remove --all
		fi ;;
	esac
	holds "round $i: $n" backup "$n"
	[ "$(kind "$n")" != incremental ] || increments=$((increments + 1))
	holds "round $i: $n, restored" restored "$n"
	[ $((i % 9)) != 0 ] || holds "round $i: $n, pruned" aipbackup prune -q --keep 2 "/backup/$n"
	[ $((i % 25)) != 0 ] || holds "round $i: $n, verified" aipbackup verify -q "/backup/$n"
	[ $failed = 0 ] || break
done
rm /tmp/load
kill $fio
wait
is "nothing is left of the snapshots" "$(aipsnap snapshot list --json | jq '.snapshots | length')$(ls /backup/store)" 0
for n in "${names[@]}"; do
	[ -d "/backup/$n" ] || continue
	holds "$n: once more, under load no longer" backup "$n"
	[ "$(kind "$n")" != incremental ] || increments=$((increments + 1))
	holds "$n: restored" restored "$n"
done
# the first backup of each device is a full one and no other, whatever was killed
if [ $increments -ge "$rounds" ]; then
	ok "$rounds rounds, $kills killed on the way: only the first backup of a device was full"
else
	fail "only the first backup of a device is full" "$increments increments, $rounds expected"
fi
for n in disk raid lvm crypt; do umount "/t/$n"; done
holds "all can be disabled" aipsnap disable --all
the_end
