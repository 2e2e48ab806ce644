#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm-stall.sh: how long a writer waits while a snapshot is made and removed, against a bare
# FIFREEZE+FITHAW of the same file system, in guest time (QEMU -icount: an instruction is a
# nanosecond).
#
#   tests/bench/vm-stall.sh [KERNEL]
#
# Limit (exit 1 when it is passed): 1 ms more than the bare freeze, for a device of 1 GiB and one of 16 TiB.
set -u
. "$(dirname "$0")/guest.bash"
for what in "ext4 1" "xfs 1" "xfs 16384"; do
	read -r fs gib <<<"$what"
	"$top/tests/vm/run" --kernel "$kernel" --icount --mem 2048 --timeout 900 --share "ko=$drv_ko:ro" --share "drv=$AIP_TMP/drv" \
		"$top/tests/vm/drv/bench-stall.sh" 1 "$fs" "$gib" || exit 1
done | awk '
	/^not ok|^#/ { print; bad = 1 }
	/^stall/ { us[$2 " " $3, $4] = $5; if (!($2 " " $3 in seen)) { seen[$2 " " $3] = 1; order[++n] = $2 " " $3 } }
	function least(k, a) { return us[k, a] < us[k, a "-again"] ? us[k, a] : us[k, a "-again"] }
	END {
		printf "%-12s %12s %12s %12s %12s %12s\n", "FS GiB", "nothing", "freeze+thaw", "switch", "snapshot", "remove"
		for (i = 1; i <= n; i++) {
			k = order[i]
			printf "%-12s %9d us %9d us %9d us %9d us %9d us\n", k, us[k, "nothing"], least(k, "freeze"), us[k, "switch"], least(k, "snapshot"), least(k, "remove")
			if (!least(k, "snapshot") || least(k, "snapshot") > least(k, "freeze") + 1000) bad = 1
		}
		exit bad || n != 3
	}'
