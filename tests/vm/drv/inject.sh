#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# inject.sh SEED [DENSE]: on a kernel with fault injection: every allocation, and every read and write of the table, that a call
# makes fails in turn; then memory that fails at random below writers, switches and copy-on-write.
# vda 32M, vdb 48M (table), vdc 48M (storage).
. /drv/guest.sh
debug=/sys/kernel/debug
[ -d $debug/failslab ] || { fail "this kernel has fault injection"; exit 1; }
faults() { # PROBABILITY TASK-FILTER IGNORE-GFP-WAIT
	local d
	echo 0 >$debug/fail_page_alloc/min-order
	# what it depends on first: half of this would let all allocations of all tasks fail
	for d in failslab fail_page_alloc; do
		echo 0 >$debug/$d/probability
		echo -1 >$debug/$d/times
		echo 0 >$debug/$d/verbose
		echo "$3" >$debug/$d/ignore-gfp-wait
		echo "$2" >$debug/$d/task-filter
	done
	for d in failslab fail_page_alloc; do echo "$1" >$debug/$d/probability; done
}
faults 0 Y N
echo 0 >$debug/fail_make_request/verbose 2>/dev/null
load_module
mkdir -p /m
mkfs.ext4 -q /dev/vdb && mount /dev/vdb /m
fallocate -l 8M /m/store
sync

# nth NAME UNDO CALL...: fails the first, the second, … until the call gets through without; UNDO takes back one that
# worked.  Of many, the later ones are tried less densely.
dense=${2:-16}
here() { # devices, snapshots, flags: no other process, this is called often
	local -a w
	read -ra w < <(drv-client info)
	echo "${w[*]:0:4} ${w[*]:12:4}"
}
nth() {
	local name=$1 undo=$2 n=1 tried=0 worked=0 rc before after
	shift 2
	before=$(here)
	while :; do
		out=$(FAIL_NTH=$n drv-client "$@" 2>/tmp/err)
		rc=$?
		case $(</tmp/err) in *injected*) ;; *) break ;; esac
		tried=$((tried + 1))
		if [ $rc = 0 ]; then
			worked=$((worked + 1))
			[ "$undo" = : ] || eval "$undo" >/tmp/undo 2>&1 || { fail "$name: fault $n: taken back" "$(cat /tmp/undo)"; return; }
		fi
		after=$(here)
		[ "$before" = "$after" ] || { fail "$name: fault $n: nothing is left behind" "$before / $after"; return; }
		n=$((n + 1 + n / dense))
		[ $n -lt 5000 ] || { fail "$name: no end"; return; }
	done
	if [ $rc = 0 ]; then ok "$name: $tried faults of $((n - 1)), $worked of them did no harm"; else fail "$name: works when nothing fails" "$(cat /tmp/err)"; fi
}
first() { printf '%s' "$out" | awk 'NR == 1 { print $1 }'; }
second() { printf '%s' "$out" | awk 'NR == 1 { print $2 }'; }

drv-client format /m/table 2 >/dev/null || fail "format"
drv-client unload
nth "load the table" 'drv-client unload' load /m/table
nth "enable, not saved" 'drv-client disable $(first)' enable /dev/vda unsaved
drv-client disable "$(first)"
nth "enable" 'drv-client disable $(first)' enable /dev/vda
drv-client disable "$(first)"
drv-client unload && drv-client load /m/table >/dev/null && is "no fault left a device in the table" "$(drv-client info | sed 's/.*devices \([0-9]*\).*/\1/')" 0 || fail "the table is loaded again"
out=$(drv-client enable /dev/vda) || fail "enable"
a=$(first) id=$(second)
nth "a switch" : switch "$a"
nth "a snapshot on a device" 'drv-client remove $(second)' switch "$a:dev=/dev/vdc"
drv-client remove "$(second)"
nth "a snapshot in a file" 'drv-client remove $(second)' switch "$a:file=/m/store"
n=$(second)
nth "what there is of it" : snapshot "$n"
nth "changes" : changes "$a" "$id"
nth "generations" : gens "$a"
nth "a mark" : mark "$a" 128 4096
drv-client remove "$n"
nth "seal, its beginning" "drv-client abort $a" seal-begin "$a"
drv-client abort "$a"
# each with a token of its own
for what in "memory" "writes of the table"; do
	[ "$what" = memory ] || echo 1 >/sys/block/vdb/make-it-fail
	i=0 sealed=0
	while :; do
		i=$((i + 1))
		t=$(drv-client seal-begin "$a" 2>/dev/null) || { fail "seal: $what: fault $i: it can be begun again"; break; }
		FAIL_NTH=$i drv-client seal-commit "$a" "$t" U1 fp1 >/dev/null 2>/tmp/err
		rc=$?
		[ $rc != 0 ] || sealed=$((sealed + 1))
		# whatever it said: a write makes the table dirty first, or gets an error
		dd if=/dev/urandom of=/dev/vda bs=4k seek=$i count=1 oflag=direct conv=notrunc status=none || fail "seal: $what: fault $i: a write after it"
		is3=$(state "$a")
		[ "$is3" = 3 ] || fail "seal: $what: fault $i: tracking goes on after a write" "state $is3"
		grep -q '^injected' /tmp/err || break
		[ $i -lt 600 ] || { fail "seal: $what: no end"; break; }
	done
	if [ $rc = 0 ]; then ok "seal: $what: $((i - 1)) faults, sealed after $((sealed - 1)) of them"; else fail "seal: $what: works when nothing fails" "$(cat /tmp/err)"; fi
	echo 0 >/sys/block/vdb/make-it-fail
done
# the next boot's calls
drv-client seal "$a" U1 fp1 || fail "seal"
drv-client unload 2>/dev/null || { drv-client stop "$a"; drv-client unload; }
drv-client load /m/table >/dev/null || fail "load"
nth "start, its beginning" "drv-client stop $a" begin "$a" /dev/vda
i=0
while :; do
	drv-client stop "$a" 2>/dev/null
	i=$((i + 1))
	t=$(drv-client begin "$a" /dev/vda 2>/dev/null) || { fail "start: fault $i: it can be begun again"; break; }
	FAIL_NTH=$i drv-client commit "$a" "$t" U1 fp1 >/dev/null 2>/tmp/err
	rc=$?
	grep -q '^injected' /tmp/err || break
	[ $i -lt 600 ] || break
done
is "start: $((i - 1)) faults, and it works when nothing fails" $rc 0
i=0
while :; do
	i=$((i + 1))
	FAIL_NTH=$i drv-client disable "$a" >/dev/null 2>/tmp/err
	rc=$?
	grep -q '^injected' /tmp/err || break
	[ $rc != 0 ] || drv-client enable /dev/vda >/dev/null || { fail "disable: fault $i"; break; }
done
is "disable: $((i - 1)) faults, and it works when nothing fails" $rc 0

# ---- memory that fails at random, where nobody can wait for it ---------------------------------
read -r a id < <(drv-client enable /dev/vda 14 unsaved)
image /dev/vda /tmp/A
faults 40 N Y
raw_mix /dev/vda 32
id2=$(drv-client switch "$a" 2>/dev/null) || id2=$id
raw_mix /dev/vda 32
faults 0 Y N
image /dev/vda /tmp/B
no_miss "no memory for marks and counts" "$a" "$id" /tmp/A /tmp/B 14
read -r o n < <(drv-client switch "$a:dev=/dev/vdc" 2>/dev/null)
image /dev/vda /tmp/A
faults 30 N Y
raw_mix /dev/vda 32
for i in 1 2; do dd if=/dev/aipsnap"$n" of=/tmp/S bs=1M iflag=direct status=none; done
faults 0 Y N
case $(drv-client snapshot "$n") in
*'why 0 '*) dd if=/dev/aipsnap"$n" of=/tmp/S bs=1M iflag=direct status=none
	holds "no memory below copy-on-write: the image stands still" cmp /tmp/A /tmp/S ;;
*) ok "no memory below copy-on-write: the snapshot has ended ($(drv-client snapshot "$n"))" ;;
esac
image /dev/vda /tmp/B
no_miss "and tracking went on" "$a" "$o" /tmp/A /tmp/B 14
drv-client remove "$n"
drv-client disable "$a"
drv-client unload
umount /m || fail "nothing holds the file system"
holds "unload" rmmod aipsnap
the_end
