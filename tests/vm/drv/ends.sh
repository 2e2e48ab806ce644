#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ends.sh SEED: what is under way when something ends: snapshots whose storage is sealed, a write that is
# held while its device is disabled, a start that is not finished, a stop that cannot write DIRTY; writes
# from memory that was the driver's, and writes whose end is polled for.
# vda 48M (raw), vdb 64M (the table's file system, on dm so that it can be slow), vdc 48M.
. /drv/guest.sh
mkdir -p /m
modprobe dm-delay; modprobe dm-flakey
modprobe null_blk nr_devices=0 2>/dev/null
tabsz=$(blockdev --getsz /dev/vdb)
tab() { dmsetup suspend --nolockfs tab; dmsetup load tab --table "0 $tabsz $1"; dmsetup resume tab; }
dmsetup create tab --table "0 $tabsz linear /dev/vdb 0"
mkfs.ext4 -q -b 4096 /dev/mapper/tab && mount /dev/mapper/tab /m || fail "the table's file system"
load_module
holds "format" drv-client format /m/table 2
table_at=$(($(filefrag -v /m/table | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 + 0 }') * 4096))
table_state() { # SLOT: both copies on disk; 0 free, 1 DIRTY, 2 CLEAN
	drop /dev/mapper/tab
	for copy in 0 1; do od -An -tu4 -j $((table_at + (copy * 65 + 1 + $1) * 4096)) -N 4 /dev/mapper/tab; done | xargs
}

# --- the device that holds another's difference storage is sealed
printf 'label: gpt\nstart=2048,size=60000\n' | sfdisk -q /dev/vda
read -r a ida < <(drv-client enable /dev/vda)
read -r c idc < <(drv-client enable /dev/vdc unsaved)
dd if=/dev/urandom of=/dev/vdc bs=1M count=8 oflag=direct conv=notrunc status=none
read -r _ n < <(drv-client switch "$c:dev=/dev/vda1" 2>/dev/null) && ok "stored: a snapshot" || fail "stored: a snapshot"
holds "stored: a write is copied" dd if=/dev/urandom of=/dev/vdc bs=64k count=8 oflag=direct conv=notrunc
holds "stored: seal of what holds the storage" drv-client seal "$a" U1 fp1
has "stored: the snapshot has ended and says why" "$(drv-client snapshot "$n")" "flags 1 why 131"
image /dev/vda /tmp/sealed
holds "stored: the origin is written on" dd if=/dev/urandom of=/dev/vdc bs=64k count=64 oflag=direct conv=notrunc
image /dev/vda /tmp/after
holds "stored: and nothing is copied to what is sealed" cmp /tmp/sealed /tmp/after
is "stored: the table still says CLEAN" "$(table_state "$a")" "2 2"
drv-client remove "$n"
drv-client disable "$a"; drv-client disable "$c"
wipefs -qa /dev/vda /dev/vdc

# --- storage that comes to a device which is sealed: the seal is broken first
printf 'label: gpt\nstart=2048,size=60000\n' | sfdisk -q /dev/vda
read -r a ida < <(drv-client enable /dev/vda)
read -r c idc < <(drv-client enable /dev/vdc unsaved)
holds "below: seal" drv-client seal "$a" U1 fp1
is "below: CLEAN" "$(table_state "$a")" "2 2"
read -r _ n < <(drv-client switch "$c:dev=/dev/vda1" 2>/dev/null) && ok "below: a snapshot" || fail "below: a snapshot"
is "below: DIRTY, before anything is copied there" "$(table_state "$a") $(state "$a")" "1 1 3"
drv-client remove "$n"
drv-client disable "$a"; drv-client disable "$c"
wipefs -qa /dev/vda /dev/vdc

# --- the driver of a device that is gone
truncate -s 24M /tmp/f
l=$(losetup -f --show /tmp/f)
read -r a ida < <(drv-client enable "$l" unsaved)
losetup -d "$l"
rmmod loop 2>/dev/null && fail "gone: its driver stays as long as we hold the disk"
has "gone: said" "$(drv-client status "$a")" "state 6 "
drv-client disable "$a"
holds "gone: its driver can be unloaded then" rmmod loop
modprobe loop
rm -f /tmp/f

# --- a write is held while its device is disabled; the table takes its time
read -r a ida < <(drv-client enable /dev/vda)
for i in 1 2 3 4 5 6 7 8; do
	[ $i = 1 ] || read -r a ida < <(drv-client enable /dev/vda)
	drv-client seal "$a" U1 fp1 || fail "disable $i: seal"
	is "disable $i: CLEAN" "$(table_state "$a")" "2 2"
	tab "delay /dev/vdb 0 0 /dev/vdb 0 400"
	drv-client disable "$a" & sleep 0.$((RANDOM % 6 + 1))
	dd if=/dev/urandom of=/dev/vda bs=4k count=1 seek=5 oflag=direct conv=notrunc status=none
	is "disable $i: the held write passes" $? 0
	wait
	tab "linear /dev/vdb 0"
	is "disable $i: the slot is free on disk" "$(table_state "$a")" "0 0"
done
refuses "disable: nobody is there any more" "errno 19" drv-client status "$a"

# --- a start is begun and never finished
for i in 1 2 3; do
	read -r a ida < <(drv-client enable /dev/vda)
	drv-client seal "$a" U1 fp1; drv-client stop "$a"; drv-client unload
	drv-client load /m/table >/dev/null
	drv-client begin "$a" /dev/vda >/dev/null || fail "start: begin"
	holds "start: disabled before its end, $i" drv-client disable "$a"
done
is "start: the slot is free on disk" "$(table_state "$a")" "0 0"

# --- a device is not let go while the table says CLEAN and DIRTY cannot be written
read -r a ida < <(drv-client enable /dev/vda)
holds "stop: seal" drv-client seal "$a" U1 fp1
is "stop: CLEAN" "$(table_state "$a")" "2 2"
dd if=/dev/mapper/tab of=/tmp/clean bs=4096 skip=$((table_at / 4096)) count=512 status=none
drv-client stop "$a"; drv-client unload
dd if=/tmp/clean of=/dev/mapper/tab bs=4096 seek=$((table_at / 4096)) count=512 conv=notrunc oflag=direct status=none
drop /dev/mapper/tab
drv-client load /m/table >/dev/null || fail "stop: load"
tab "flakey /dev/vdb 0 0 3600 1 error_writes"
refuses "stop: DIRTY cannot be written" "errno 5" drv-client begin "$a" /dev/vda
refuses "stop: so it is followed on" "errno 5" drv-client stop "$a"
has "stop: and counts" "$(dd if=/dev/urandom of=/dev/vda bs=4k count=1 seek=7 oflag=direct conv=notrunc status=none; drv-client status "$a")" "writes 1 "
refuses "stop: the table is not let go" "errno 16" drv-client unload
is "stop: on disk it is CLEAN still" "$(table_state "$a")" "2 2"
tab "linear /dev/vdb 0"
for ((i = 0; i < 40; i++)); do
	[ "$(table_state "$a")" != "1 1" ] || break
	sleep 0.5
done
is "stop: DIRTY follows by itself when it can be written" "$(table_state "$a")" "1 1"
has "stop: and it is said" "$(dmesg)" "aipsnap: the table can be written again"
is "stop: once it could not, not each time" "$(dmesg | grep -c 'aipsnap: the table cannot be written')" 1
holds "stop: now" drv-client stop "$a"
is "stop: DIRTY" "$(table_state "$a")" "1 1"
drv-client disable "$a"

# --- memory that was ours is another's: what is written from it is counted, tails of huge pages too
mount -t configfs none /sys/kernel/config 2>/dev/null
n=/sys/kernel/config/nullb/pages
mkdir $n && echo 4096 >$n/size && echo 1 >$n/power || fail "pages: a device"
p=/dev/pages
[ -b $p ] || p=/dev/nullb0
read -r b idb < <(drv-client enable $p 14 unsaved)
read -r a ida < <(drv-client enable /dev/vda unsaved)
for i in 1 2 3; do
	read -r _ s < <(drv-client switch "$a:dev=/dev/vdc" 2>/dev/null) || fail "pages: a snapshot"
	fio --name=c --filename=/dev/vda --rw=randwrite --bs=64k --direct=1 --size=40M --randseed=$RANDOM --ioengine=libaio --iodepth=64 --output=/dev/null
	drv-client remove "$s"
done
echo 3 >/proc/sys/vm/drop_caches
awk '$1 == "MemAvailable:" { print int($2 / 2048 * 0.95) - 8 }' /proc/meminfo >/proc/sys/vm/nr_hugepages
mib=$(awk '$1 == "HugePages_Free:" { print $2 * 2 }' /proc/meminfo)
[ "${mib:-0}" != 0 ] || mib=200
written=$(drv-client pages $p "$mib" 14)
is "pages: each of $written is counted" "$(drv-client changes "$b" "$idb" | wc -l)" "$written"
[ ! -e /proc/sys/vm/nr_hugepages ] || echo 0 >/proc/sys/vm/nr_hugepages
drv-client disable "$a"; drv-client disable "$b"
echo 0 >$n/power; rmdir $n

# --- writes whose end is polled for: what is held has nothing to poll yet
n=/sys/kernel/config/nullb/polled
if mkdir $n && [ -e $n/poll_queues ]; then
	echo 48 >$n/size && echo 1 >$n/memory_backed && echo 1 >$n/submit_queues && echo 1 >$n/poll_queues && echo 1 >$n/power || fail "polled: a device"
	p=/dev/polled
	[ -b $p ] || p=/dev/nullb0
	# its memory now: null_blk would allocate while it polls, where one must not sleep
	dd if=/dev/zero of=$p bs=1M count=48 oflag=direct status=none
	read -r a ida < <(drv-client enable $p unsaved)
	image $p /tmp/A
	read -r o n < <(drv-client switch "$a:dev=/dev/vdc" 2>/dev/null) || fail "polled: a snapshot"
	holds "polled: the writes end" timeout -s KILL 100 fio --name=p --filename=$p --rw=randwrite --bs=4k --direct=1 --size=48M --io_size=6M --randseed=$RANDOM \
		--ioengine=io_uring --hipri=1 --iodepth=8 --buffer_compress_percentage=0 --output=/tmp/fio
	has "polled: they were made" "$(cat /tmp/fio)" "issued rwts: total=0,1536,0,0"
	cp "/dev/aipsnap$n" /tmp/S
	holds "polled: the image stands still" cmp /tmp/A /tmp/S
	drv-client remove "$n"
	image $p /tmp/B
	no_miss "polled: nothing is missed" "$a" "$o" /tmp/A /tmp/B
	drv-client disable "$a"
else
	echo "# polled: this kernel's null_blk has no queues to poll"
fi

holds "the table is let go" drv-client unload
holds "its file system is not held any more" umount /m
holds "unload" rmmod aipsnap
the_end
