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
# first touch included; snapshot: 50 % of bare at the first touch, 97 % after it; after its
# removal tracking only.  Second passes are compared with a second bare pass.
set -u
. "$(dirname "$0")/guest.bash"
for what in bare track snap; do
	"$top/tests/vm/run" --kernel "$kernel" --icount --mem 2048 --timeout 900 --share "ko=$drv_ko:ro" --share "drv=$AIP_TMP/drv" \
		"$top/tests/vm/drv/bench.sh" 1 "$what" || exit 1
done | grep -E '^(bare|track|snap)' | awk '
	{ iops[$1, $2] = $3; submit[$1, $2] = $4 }
	function cost(a, b, k) { return submit[a, k] - submit[b, k] }
	END {
		w = iops["bare", "write"]; r = iops["bare", "read"]
		printf "%-28s %10s %8s %14s\n", "what", "IOPS", "of bare", "instructions"
		w2 = iops["bare-again", "write"]
		printf "%-28s %10d\n%-28s %10d\n", "write, bare", w, "write, bare, second pass", w2
		printf "%-28s %10d %7.1f%% %+14.0f\n", "write, tracking", iops["track", "write"], 100 * iops["track", "write"] / w, cost("track", "bare", "write")
		printf "%-28s %10d %7.1f%% %+14.0f\n", "write, tracking, second pass", iops["track-again", "write"], 100 * iops["track-again", "write"] / w2, cost("track-again", "bare-again", "write")
		printf "%-28s %10d\n", "read, bare", r
		printf "%-28s %10d %7.1f%% %+14.0f\n", "read, tracking", iops["track", "read"], 100 * iops["track", "read"] / r, cost("track", "bare", "read")
		printf "%-28s %10d %7.1f%%\n", "write, snapshot, first touch", iops["snap-first", "write"], 100 * iops["snap-first", "write"] / w
		printf "%-28s %10d %7.1f%%\n", "write, snapshot, again", iops["snap-second", "write"], 100 * iops["snap-second", "write"] / w2
		printf "%-28s %10d %7.1f%% %+14.0f\n", "write, snapshot removed", iops["snap-removed", "write"], 100 * iops["snap-removed", "write"] / w2, cost("snap-removed", "bare-again", "write")
		bad = !w || !r || cost("track", "bare", "write") > 120 || cost("track", "bare", "read") > 10 || iops["snap-first", "write"] < w * 0.5 || iops["snap-second", "write"] < w2 * 0.97 || cost("snap-removed", "bare-again", "write") > 120
		exit bad
	}'
