#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm-driver.sh: what the driver costs, in guest instructions (QEMU -icount: the
# figures repeat to the last digit).
#
#   [PEER=DIR] tests/bench/vm-driver.sh [KERNEL]
#
# PEER: another driver beside it. DIR holds its modules for KERNEL (*.ko, loaded in the order of their names), the
# programs they need, and of these what it can, called in the guest as /peer/…:
#
#   device DEV        before there is a file system: print the device to use instead
#   track DEV         track the mounted DEV
#   snap DEV STORE    a snapshot of the mounted DEV; STORE is a disk for its storage
#
# tests/bench/peers/dm-snapshot is one, with the kernel's own modules.
#
# Workload: ext4 on null_blk, 4 KiB random direct I/O, iodepth 16, 60 MiB over 200 MiB; with the
# file out of the page cache, and for the first touch also with it there, as the peers were measured.
# Limits (exit 1 when one is passed): tracking +120 instructions a write, first touch included, +300 for raw writers; a read
# +10 above a tracepoint's listener that does nothing; snapshot: 50 % of bare at the first touch (file in
# the page cache), 97 % after it; after its removal tracking only.  Second passes are compared with a
# second bare pass.
set -u
. "$(dirname "$0")/guest.bash"
"$top/tests/vm/kbuild" --quick "$kernel" "$top/tests/bench/empty" "$AIP_TMP/empty" >/dev/null && cp "$AIP_TMP/empty/empty.ko" "$AIP_TMP/drv/" || exit 1
share=() peer=()
if [ -n "${PEER:-}" ]; then
	[ -d "$PEER" ] || { echo "vm-driver.sh: PEER=$PEER is not a folder" >&2; exit 1; }
	share=(--share "peer=$(cd "$PEER" && pwd):ro") peer=(peer-bare peer-track peer-snap)
fi
for what in bare empty track snap raw-bare raw-track bare-cached snap-cached devices "${peer[@]}"; do
	"$top/tests/vm/run" --kernel "$kernel" --icount --mem 2048 --timeout 900 --share "ko=$drv_ko:ro" --share "drv=$AIP_TMP/drv" "${share[@]}" \
		"$top/tests/vm/drv/bench.sh" 1 "$what" || exit 1
done | grep -E '^(bare|empty|track|snap|raw|devices|peer|not ok)' | awk '
	/^not ok/ { print > "/dev/stderr"; next }
	{ iops[$1, $2] = $3; submit[$1, $2] = $4 }
	function cost(a, b, k) { return submit[a, k] - submit[b, k] }
	function row(name, what, base, k) { printf "%-42s %10d %7.1f%% %+14.0f\n", name, iops[what, k], 100 * iops[what, k] / iops[base, k], cost(what, base, k) }
	function bare(name, what, k) { printf "%-42s %10d\n", name, iops[what, k] }
	END {
		w = iops["bare", "write"]; r = iops["bare", "read"]; w2 = iops["bare-again", "write"]; wc = iops["bare-cached", "write"]
		printf "%-42s %10s %8s %14s\n", "what", "IOPS", "of bare", "instructions"
		bare("write, bare", "bare", "write")
		bare("write, bare, second pass", "bare-again", "write")
		row("write, empty listener", "empty", "bare", "write")
		row("write, tracking", "track", "bare", "write")
		row("write, tracking, second pass", "track-again", "bare-again", "write")
		bare("read, bare", "bare", "read")
		row("read, empty listener", "empty", "bare", "read")
		row("read, tracking", "track", "bare", "read")
		row("write, snapshot, first touch", "snap-first", "bare", "write")
		row("write, snapshot, again", "snap-second", "bare-again", "write")
		row("write, snapshot removed", "snap-removed", "bare-again", "write")
		bare("raw write, bare", "raw-bare", "write")
		row("raw write, tracking", "raw-track", "raw-bare", "write")
		bare("write, file cached, bare", "bare-cached", "write")
		row("write, file cached, snapshot, first touch", "snap-cached-first", "bare-cached", "write")
		if (("peer-bare", "write") in iops)
			bare("write, file cached, peer not started", "peer-bare", "write")
		if (("peer-track", "write") in iops) {
			row("write, file cached, peer tracking", "peer-track", "peer-bare", "write")
			row("write, file cached, the same, second pass", "peer-track-again", "peer-bare-again", "write")
		}
		if (("peer-snap", "write") in iops) {
			row("write, file cached, peer snapshot", "peer-snap", "peer-bare", "write")
			row("write, file cached, the same, second pass", "peer-snap-again", "peer-bare-again", "write")
		}
		printf "%-42s %10s %8s %14.0f\n%-42s %10s %8s %14.0f\n", "64 KiB read from the disk", "", "", submit["devices", "read"],
			"64 KiB written to the storage", "", "", submit["devices", "write"]
		bad = !w || !r || !wc || cost("track", "bare", "write") > 120 || cost("track-again", "bare-again", "write") > 120 || cost("track", "empty", "read") > 10 || !iops["raw-bare", "write"] || cost("raw-track", "raw-bare", "write") > 300 || iops["snap-cached-first", "write"] < wc * 0.5 || iops["snap-second", "write"] < w2 * 0.97 || cost("snap-removed", "bare-again", "write") > 120
		exit bad
	}'
