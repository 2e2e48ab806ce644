#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm-driver.sh: what the driver costs, in guest instructions (QEMU -icount: the
# figures repeat to the last digit).
#
#   tests/bench/vm-driver.sh [KERNEL]
#
# Workload: ext4 on null_blk, 4 KiB random direct I/O, iodepth 16, 60 MiB over 200 MiB.
# Limits (exit 1 when one is passed): tracking +120 instructions a write, +10 a read,
# first touch included; snapshot: 50 % of bare at the first touch, 97 % after it.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
export AIP_TOP=$top AIP_B=${AIP_B:-$top/build}
AIP_TMP=$(mktemp -d) || exit 1
export AIP_TMP
trap 'rm -rf "$AIP_TMP"' EXIT
kernel=${1:-bookworm}
. "$top/tests/vm/drv.sh"
drv_build "$kernel"
for what in bare track snap; do
	"$top/tests/vm/run" --kernel "$kernel" --icount --mem 2048 --timeout 900 --share "ko=$drv_ko:ro" --share "drv=$AIP_TMP/drv" \
		"$top/tests/vm/drv/bench.sh" 1 "$what" || exit 1
done | grep -E '^(bare|track|snap)' | awk '
	{ iops[$1, $2] = $3 }
	function cost(a, b) { return 1e9 / a - 1e9 / b }
	END {
		w = iops["bare", "write"]; r = iops["bare", "read"]
		printf "%-28s %10s %8s %14s\n", "what", "IOPS", "of bare", "instructions"
		printf "%-28s %10d\n", "write, bare", w
		printf "%-28s %10d %7.1f%% %+14.0f\n", "write, tracking", iops["track", "write"], 100 * iops["track", "write"] / w, cost(iops["track", "write"], w)
		printf "%-28s %10d %7.1f%% %+14.0f\n", "write, tracking, second pass", iops["track-again", "write"], 100 * iops["track-again", "write"] / iops["bare-again", "write"], cost(iops["track-again", "write"], iops["bare-again", "write"])
		printf "%-28s %10d\n", "read, bare", r
		printf "%-28s %10d %7.1f%% %+14.0f\n", "read, tracking", iops["track", "read"], 100 * iops["track", "read"] / r, cost(iops["track", "read"], r)
		printf "%-28s %10d %7.1f%%\n", "write, snapshot, first touch", iops["snap-first", "write"], 100 * iops["snap-first", "write"] / w
		printf "%-28s %10d %7.1f%%\n", "write, snapshot, again", iops["snap-second", "write"], 100 * iops["snap-second", "write"] / w
		printf "%-28s %10d %7.1f%%\n", "write, snapshot removed", iops["snap-removed", "write"], 100 * iops["snap-removed", "write"] / w
		bad = !w || !r || cost(iops["track", "write"], w) > 120 || cost(iops["track", "read"], r) > 10 || iops["snap-first", "write"] < w * 0.5 || iops["snap-second", "write"] < w * 0.97
		exit bad
	}'
