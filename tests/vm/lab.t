#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the kernel lab passes on a status, output and files, and takes a warning,
# proves: a panic, a hang and a lost guest for the failures they are
# needs:  qemu mmdebstrap busybox, see tools/deps/vm
# timeout: 600
# order:  5
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
. "$here/../lib/tap.sh"
run() { "$here/run" "$@"; }
export AIP_B=$AIP_TMP
ko=$("$here/kbuild" --strict "$(default_kernel)" "$here/data/labtest" "$AIP_TMP/ko") || { fail "the test module builds"; exit 1; }
ok "the test module builds without a warning"
ko=$(dirname "$ko")

cat >"$AIP_TMP/pass.sh" <<-'E'
	set -e
	echo "arguments: $*"
	insmod /ko/labtest.ko
	[ "$(stat -c %s /ko/labtest.ko)" -gt 0 ]
	[ "$(blockdev --getsize64 /dev/vda)" = 10485760 ]
	modprobe -a dm-flakey raid1 null_blk xfs
	for i in 1 2 3 4; do echo "$i" >>/lab/out/lines; done
	exit 7
E
cat >"$AIP_TMP/what.sh" <<-'E'
	insmod /ko/labtest.ko what="$1"
E
cat >"$AIP_TMP/lost.sh" <<-'E'
	echo b >/proc/sysrq-trigger
	sleep 60
E
# two guests at a time
(
	out=$(run --share ko="$ko:ro" --disk 10M --out "$AIP_TMP/out" "$AIP_TMP/pass.sh" a 'b c')
	echo "$? $out" >"$AIP_TMP/pass"
) &
(
	run --share ko="$ko:ro" --timeout 20 "$AIP_TMP/what.sh" hang
	echo $? >"$AIP_TMP/hang"
) &
wait
is "a script's status and output come back" "$(cat "$AIP_TMP/pass")" "7 arguments: a b c"
is "what it leaves in /lab/out is there" "$(wc -l <"$AIP_TMP/out/lines")" 4
is "a guest that hangs is a failure" "$(cat "$AIP_TMP/hang")" 124
for what in warn bug; do
	(
		run --share ko="$ko:ro" "$AIP_TMP/what.sh" $what
		echo $? >"$AIP_TMP/$what"
	) &
done
wait
is "a warning of the kernel is a failure" "$(cat "$AIP_TMP/warn")" 120
is "an oops is a failure" "$(cat "$AIP_TMP/bug")" 121
run "$AIP_TMP/lost.sh"
is "a guest that goes without a verdict is a failure" $? 121
# both places taken: a third guest waits and starts nothing
(
	exec 7>>"${TMPDIR:-/tmp}/aip-vm.0.lock" 9>>"${TMPDIR:-/tmp}/aip-vm.1.lock"
	flock 7 && flock 9 && timeout 2 "$here/run" "$AIP_TMP/lost.sh"
	echo $? >"$AIP_TMP/third"
)
is "no third guest beside two" "$(cat "$AIP_TMP/third")" 124
tap_done
