#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# backup.sh: aipbackup's copy loop beside `qemu-img convert` for the same data, page
# cache dropped before each run, data durable at the end of each.  Medians of CPU
# (user and system, children included) and of wall time of five runs, one of each in turn.
# Goal: no slower than qemu-img.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${AIP_B:-$top/build}
make -s -C "$top" B="$B" "$B/aipbackup" || exit 1
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/aip-bench.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mib=${1:-1024}
openssl enc -aes-128-ctr -nosalt -K 1 -iv 1 </dev/zero 2>/dev/null | head -c "${mib}M" >source
sync

drop() { sync; echo 1 >/proc/sys/vm/drop_caches 2>/dev/null || :; }
timed() { # FILE COMMAND: appends "cpu wall"
	drop
	TIMEFORMAT='%U %S %R'
	{ time bash -c "$2" >/dev/null 2>&1; } 2>&1 | awk '{ print $1 + $2, $3 }' >>"$1"
}
for _ in 1 2 3 4 5; do
	rm -rf set copy.qcow2
	timed ours "'$B/aipbackup' full -q --as-is source set"
	timed theirs "qemu-img convert -t writeback -f raw -O qcow2 source copy.qcow2 && sync copy.qcow2"
done
median() { sort -n -k"$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'; }
printf 'full backup of %s MiB: aipbackup %s s CPU, %s s wall; qemu-img convert %s s CPU, %s s wall\n' "$mib" \
	"$(median ours 1)" "$(median ours 2)" "$(median theirs 1)" "$(median theirs 2)"
