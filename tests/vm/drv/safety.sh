#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# safety.sh SEED: what must hold when things go wrong at once: a table that cannot be written, a
# write that comes past the hook, a device that hangs, copies of the table that differ.
# vda 32M raw, vdb 64M (the table's file system, on dm so that it can fail).
. /drv/guest.sh
mkdir -p /m
good() { dmsetup suspend --noflush --nolockfs tab; dmsetup load tab --table "0 $tabsz linear /dev/vdb 0"; dmsetup resume tab; }
bad() { dmsetup suspend --noflush --nolockfs tab; dmsetup load tab --table "0 $tabsz flakey /dev/vdb 0 0 3600 1 error_writes"; dmsetup resume tab; }
table_state() { # SLOT COPY: the state on disk, 1 DIRTY, 2 CLEAN
	od -An -tu4 -j $((table_at + ($2 * 65 + 1 + $1) * 4096)) -N 4 /dev/mapper/tab | tr -d ' '
}
modprobe dm-flakey; modprobe null_blk nr_devices=0
tabsz=$(blockdev --getsz /dev/vdb)
dmsetup create tab --table "0 $tabsz linear /dev/vdb 0"
mkfs.ext4 -q -b 4096 /dev/mapper/tab && mount /dev/mapper/tab /m || fail "the table's file system"
load_module
holds "format" drv-client format /m/table 2
table_at=$(($(filefrag -v /m/table | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 + 0 }') * 4096))

# --- a sealed device is resized while the table cannot be written
dmsetup create res --table "0 32768 linear /dev/vda 0"
read -r a ida < <(drv-client enable /dev/mapper/res)
holds "resize: seal" drv-client seal "$a" U1 fp1
drop /dev/mapper/tab
is "resize: the table says CLEAN" "$(table_state "$a" 0) $(table_state "$a" 1)" "2 2"
bad
dmsetup suspend res; dmsetup load res --table "0 40960 linear /dev/vda 0"; dmsetup resume res
is "resize: it stays sealed while DIRTY cannot be written" "$(state "$a")" 5
refuses "resize: nothing is said about its changes" "errno 5" drv-client changes "$a" "$ida"
refuses "resize: a write to it fails" "" dd if=/dev/urandom of=/dev/mapper/res bs=4k count=1 seek=9 oflag=direct conv=notrunc
drop /dev/mapper/tab
is "resize: which is right, the table still says CLEAN" "$(table_state "$a" 0) $(table_state "$a" 1)" "2 2"
good
is "resize: once it can be written it is tracked anew" "$(state "$a")" 3
has "resize: and says why" "$(drv-client status "$a")" " why 11 "
drop /dev/mapper/tab
is "resize: DIRTY is on disk" "$(table_state "$a" 0) $(table_state "$a" 1)" "1 1"
holds "resize: a write passes" dd if=/dev/urandom of=/dev/mapper/res bs=4k count=1 seek=9 oflag=direct conv=notrunc
drv-client disable "$a"
dmsetup remove res || fail "nothing holds the volume"

# --- CLEAN cannot be written: nobody knows what is on disk, and nobody says that it is sealed
read -r a ida < <(drv-client enable /dev/vda)
token=$(drv-client seal-begin "$a" 2>/dev/null)
bad
refuses "commit: CLEAN cannot be written" "errno 5" drv-client seal-commit "$a" "$token" U1 fp1
refuses "commit: a write fails" "" dd if=/dev/urandom of=/dev/vda bs=4k count=1 seek=9 oflag=direct conv=notrunc
refuses "commit: the next seal says so, too" "errno 5 why 0" drv-client seal "$a" U1 fp1
has "commit: its state is not CLEAN" "$(drv-client status "$a")" " flags 0 "
good
is "commit: when DIRTY can be written it is tracked" "$(state "$a")" 3
drop /dev/mapper/tab
is "commit: DIRTY is on disk" "$(table_state "$a" 0) $(table_state "$a" 1)" "1 1"
holds "commit: a write passes" dd if=/dev/urandom of=/dev/vda bs=4k count=1 seek=9 oflag=direct conv=notrunc
holds "commit: seal" drv-client seal "$a" U1 fp1
has "commit: its state is CLEAN" "$(drv-client status "$a")" " flags 1 "
drop /dev/mapper/tab
is "commit: CLEAN is on disk" "$(table_state "$a" 0) $(table_state "$a" 1)" "2 2"
drv-client disable "$a"

# --- DIRTY that could not be written comes by itself; what the driver says, and does, is right before and after
table_is_good() { # waits for it
	local i flags
	for ((i = 0; i < 80; i++)); do
		flags=$(drv-client info | sed 's/.*flags \([0-9]*\).*/\1/')
		[ $((flags & 4)) != 0 ] || break
		sleep 0.5
	done
	drop /dev/mapper/tab
	[ $((flags & 4)) = 0 ]
}
read -r a ida < <(drv-client enable /dev/vda)
holds "again: seal" drv-client seal "$a" U1 fp1
bad
refuses "again: a write fails" "" dd if=/dev/urandom of=/dev/vda bs=4k count=1 seek=9 oflag=direct conv=notrunc
good
holds "again: the table becomes good by itself" table_is_good
is "again: DIRTY is on disk" "$(table_state "$a" 0) $(table_state "$a" 1)" "1 1"
is "again: and it is not said to be sealed" "$(state "$a")" 3
bad
refuses "again: disable fails" "errno 5" drv-client disable "$a"
refuses "again: so does enable" "errno 5" drv-client enable /dev/vdb
good
holds "again: good" table_is_good
is "again: what was not disabled is there" "$(table_state "$a" 0) $(table_state "$a" 1) $(state "$a")" "1 1 3"
is "again: what was not enabled is not" "$(table_state $((a + 1)) 0) $(table_state $((a + 1)) 1)" "0 0"
drv-client disable "$a"

dmsetup create gone --table "0 32768 linear /dev/vda 0"
read -r a ida < <(drv-client enable /dev/mapper/gone)
holds "gone: seal" drv-client seal "$a" U1 fp1
drop /dev/mapper/tab
dd if=/dev/mapper/tab of=/tmp/clean bs=4096 skip=$((table_at / 4096)) count=512 status=none
drv-client stop "$a"; drv-client unload
dd if=/tmp/clean of=/dev/mapper/tab bs=4096 seek=$((table_at / 4096)) count=512 conv=notrunc oflag=direct status=none
drop /dev/mapper/tab
drv-client load /m/table >/dev/null || fail "gone: load"
bad
refuses "gone: DIRTY cannot be written" "errno 5" drv-client begin "$a" /dev/mapper/gone
dmsetup remove gone || fail "gone: nothing holds the volume"
is "gone: its state" "$(state "$a")" 6
refuses "gone: the table says CLEAN of what was written, and is not let go" "errno 5" drv-client unload
good
holds "gone: now it can be written" drv-client unload
drop /dev/mapper/tab
is "gone: DIRTY is on disk" "$(table_state "$a" 0) $(table_state "$a" 1)" "1 1"
drv-client load /m/table >/dev/null
drv-client disable "$a"

# --- who switches ftrace off would switch the hook off: not while it is needed; and where it is off, there is none
ftrace=/proc/sys/kernel/ftrace_enabled
truncate -s 32M /tmp/s
s=$(losetup -f --show /tmp/s)
read -r a ida < <(drv-client enable /dev/vda)
read -r _ n < <(drv-client switch "$a:dev=$s" 2>/dev/null) || fail "ftrace: a snapshot"
image /dev/vda /tmp/A
(echo 0 >$ftrace) 2>/dev/null && fail "ftrace: cannot be switched off below a snapshot" || ok "ftrace: cannot be switched off below a snapshot"
dd if=/dev/urandom of=/dev/vda bs=64k count=4 seek=7 oflag=direct conv=notrunc status=none
dd if="/dev/aipsnap$n" of=/tmp/S bs=1M iflag=direct status=none
holds "ftrace: the image stands still" cmp /tmp/A /tmp/S
drv-client remove "$n"
holds "ftrace: seal" drv-client seal "$a" U1 fp1
(echo 0 >$ftrace) 2>/dev/null && fail "ftrace: nor while something is sealed" || ok "ftrace: nor while something is sealed"
dd if=/dev/urandom of=/dev/vda bs=4k count=1 seek=9 oflag=direct conv=notrunc status=none
is "ftrace: a write is held until it is tracked" "$(state "$a")" 3
(echo 0 >$ftrace) 2>/dev/null || fail "ftrace: switched off, for nothing needs it"
refuses "ftrace off: no seal, and why" "why 97" drv-client seal "$a" U1 fp1
refuses "ftrace off: no snapshot" "errno" drv-client switch "$a:dev=$s"
is "ftrace off: tracked" "$(state "$a")" 3
echo 1 >$ftrace
holds "ftrace on again: seal" drv-client seal "$a" U1 fp1
drv-client disable "$a"
losetup -d "$s"
rm -f /tmp/s /tmp/A /tmp/S

# --- a raw write that is in the account when the generations are switched, and comes to the hook again after that
truncate -s 40M /tmp/s
s=$(losetup -f --show /tmp/s)
dmsetup create top --table "0 $(blockdev --getsz /dev/vda) linear /dev/vda 0"
read -r a ida < <(drv-client enable /dev/mapper/top unsaved)
dmsetup suspend --noflush --nolockfs top
dd if=/dev/urandom of=/dev/mapper/top bs=64k seek=9 count=1 oflag=direct conv=notrunc status=none &
sleep 1
drv-client switch "$a:dev=$s" >/tmp/sw 2>/dev/null &
sleep 3
dmsetup resume top
wait
read -r o n </tmp/sw
cp "/dev/aipsnap$n" /tmp/A
image /dev/mapper/top /tmp/B
if cmp -s /tmp/A /tmp/B; then ok "twice at the hook: the write is in the image"; else no_miss "twice at the hook: nothing is missed" "$a" "$o" /tmp/A /tmp/B; fi
drv-client remove "$n"
drv-client disable "$a"
dmsetup remove top
losetup -d "$s"
rm -f /tmp/s /tmp/A /tmp/B

# --- a write that is past the hook when the device is sealed: blk-throttle has it
dev=/dev/vda
mkdir -p /cg && mount -t cgroup2 none /cg && mkdir /cg/slow || fail "cgroups"
echo +io >/cg/cgroup.subtree_control 2>/dev/null
late_write() {
	echo "$(cat /sys/block/vda/dev) wbps=8192" >/cg/slow/io.max || fail "blk-throttle"
	read -r a ida < <(drv-client enable $dev)
	dd if=/dev/zero of=$dev bs=64k count=8 oflag=direct conv=notrunc status=none
	late() { # WORD: 64 KiB of it, at 128 KiB, 8 s later
		(echo $BASHPID >/cg/slow/cgroup.procs
			yes "$1" | dd of=$dev bs=64k count=1 seek=2 iflag=fullblock oflag=direct conv=notrunc status=none 2>/dev/null; echo $? >/tmp/late) &
		late=$!
		sleep 1
	}
	late one
	holds "late write: seal" drv-client seal "$a" U1 fp1
	is "late write: sealed while blk-throttle has it" "$(state "$a") $(jobs -r | wc -l)" "5 1"
	bad
	wait $late
	is "late write: fails where DIRTY cannot be written" "$(cat /tmp/late)" 1
	is "late write: and nothing of it is on the device" "$(dd if=$dev bs=64k skip=2 count=1 iflag=direct status=none | tr -d '\0' | wc -c)" 0
	is "late write: it stays sealed" "$(state "$a")" 5
	good
	late two
	wait $late
	is "late write: passes where DIRTY can be written" "$(cat /tmp/late) $(dd if=$dev bs=64k skip=2 count=1 iflag=direct status=none | head -c 3)" "0 two"
	is "late write: tracked" "$(state "$a")" 3
	has "late write: and in the account" "$(drv-client changes "$a" "$ida" | tr '\n' ' ')" "2 "
	drop /dev/mapper/tab
	is "late write: DIRTY is on disk" "$(table_state "$a" 0) $(table_state "$a" 1)" "1 1"
	is "late write: nothing is left in flight" "$(drv-client status "$a" | sed 's/.*in_flight \([0-9]*\).*/\1/')" 0
	echo "$(cat /sys/block/vda/dev) wbps=max" >/cg/slow/io.max
	drv-client disable "$a"
}
if [ -e /cg/slow/io.max ]; then
	late_write
else
	case $(uname -r) in
	*-amd64) fail "blk-throttle: Debian's kernels have it" ;;
	*) echo "# late write: this kernel has no blk-throttle" ;;
	esac
fi

# --- a switch while a write hangs below another device that has a snapshot
mount -t configfs none /sys/kernel/config 2>/dev/null
n=/sys/kernel/config/nullb/slow
mkdir $n && echo 64 >$n/size && echo 1 >$n/memory_backed && echo 2 >$n/irqmode && echo 1 >$n/hw_queue_depth && echo 1 >$n/submit_queues &&
	echo 3000000000 >$n/completion_nsec && echo 1 >$n/power || fail "a device that takes 3 s for each command"
slow=/dev/slow
[ -b $slow ] || slow=/dev/nullb0 # its name before 5.19
truncate -s 16M /tmp/s1 /tmp/s2
s1=$(losetup -f --show /tmp/s1); s2=$(losetup -f --show /tmp/s2)
read -r s ids < <(drv-client enable "$slow" unsaved)
read -r a ida < <(drv-client enable $dev unsaved)
drv-client switch "$s:dev=$s1" >/dev/null 2>&1 || fail "a snapshot of the slow one"
# one whose chunk is copied already, so that it is in submit_bio_noacct and not held
dd if=/dev/zero of="$slow" bs=4k count=1 oflag=direct conv=notrunc status=none
for i in 1 2 3 4; do dd if=/dev/zero of="$slow" bs=4k count=1 seek="$i" oflag=direct conv=notrunc status=none & done
sleep 1
before=$(drv-client gens "$a" | wc -l)
t0=$SECONDS
refuses "a hanging write: the switch gives up" "errno 110" drv-client switch "$a:dev=$s2" timeout=1500
is "in its time" "$((SECONDS - t0 < 6))" 1
is "nothing was switched" "$(drv-client gens "$a" | wc -l) $(drv-client status "$a" | sed 's/.*snapshots //')" "$before 0"
holds "a write passes" dd if=/dev/urandom of=$dev bs=4k seek=5 count=1 oflag=direct conv=notrunc
wait
holds "when it hangs no more the switch is made" drv-client switch "$a:dev=$s2" timeout=1500
drv-client remove 1; drv-client remove 0
drv-client disable "$a"; drv-client disable "$s"
losetup -d "$s1"; losetup -d "$s2"

# --- an unsaved device in a slot that the table names
read -r a ida < <(drv-client enable $dev)
holds "slot: seal" drv-client seal "$a" U1 fp1
drv-client stop "$a"; drv-client unload
read -r u idu < <(drv-client enable $dev unsaved)
is "slot: the same one" "$u" "$a"
refuses "slot: the table is refused, and why" "errno 16 why 41" drv-client load /m/table
drv-client disable "$u"
holds "slot: and loaded when it is free" drv-client load /m/table
drv-client disable "$a"

# --- the copies differ while a device of the table is absent
dmsetup create absent --table "0 32768 linear /dev/vda 0"
dmsetup create here --table "0 16384 linear /dev/vda 32768"
read -r a ida < <(drv-client enable /dev/mapper/absent)
read -r b idb < <(drv-client enable /dev/mapper/here)
seal_both() { drv-client seal "$a" UA fpa >/dev/null 2>&1 && drv-client seal "$b" UB fpb >/dev/null 2>&1 || fail "seal both"; drop /dev/mapper/tab; }
seal_both
dd if=/dev/mapper/tab of=/tmp/clean bs=4096 skip=$((table_at / 4096)) count=512 status=none
drv-client stop "$a"; drv-client stop "$b"; drv-client unload || fail "unload"
# back to what was sealed, with one byte of the absent one's slot in copy 1 flipped
dd if=/tmp/clean of=/dev/mapper/tab bs=4096 seek=$((table_at / 4096)) count=512 conv=notrunc oflag=direct status=none
printf '\377' | dd of=/dev/mapper/tab bs=1 seek=$((table_at + (65 + 1 + a) * 4096 + 300)) conv=notrunc status=none
drop /dev/mapper/tab
has "mend: one copy is damaged" "$(drv-client load /m/table)" "copies 1 devices 2"
has "mend: the device that is there gets a new lineage" "$(drv-client start "$b" /dev/mapper/here UB fpb 2>&1)" "new why 3"
drop /dev/mapper/tab
is "mend: the absent one is DIRTY in both copies" "$(table_state "$a" 0) $(table_state "$a" 1)" "1 1"
holds "mend: seal" drv-client seal "$b" UB fpb
drop /dev/mapper/tab
dd if=/dev/mapper/tab of=/tmp/clean bs=4096 skip=$((table_at / 4096)) count=512 status=none
drv-client stop "$b"; drv-client unload
dd if=/tmp/clean of=/dev/mapper/tab bs=4096 seek=$((table_at / 4096)) count=512 conv=notrunc oflag=direct status=none
drop /dev/mapper/tab
has "mend: the copies agree again" "$(drv-client load /m/table)" "copies 3 devices 2"
has "mend: who was there is resumed" "$(drv-client start "$b" /dev/mapper/here UB fpb 2>&1)" resumed
has "mend: who was absent is not" "$(drv-client start "$a" /dev/mapper/absent UA fpa 2>&1)" "new why 2"
drv-client disable "$a"; drv-client disable "$b"; drv-client unload
dmsetup remove absent; dmsetup remove here

holds "the table's file system is not held any more" umount /m
holds "unload" rmmod aipsnap
the_end
