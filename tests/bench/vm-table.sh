#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm-table.sh: what `aipsnap start --tracking` and `aipsnap clear_dirtyflag` take for a device of 1 TiB (sparse,
# XFS) with 32 generations, each with changes in all of its 512 bitmap leaves, and how much memory that is.
#
#   tests/bench/vm-table.sh [KERNEL]
#
# Limits (exit 1): a seal writes at most 1.02 x the leaves that changed since they were last written, plus
# the headers (2 copies of header and slot for DIRTY and for CLEAN); memory 2 MiB for each TiB and generation (+2 %).
set -u
. "$(dirname "$0")/guest.bash"
make -s -C "$top" B="$AIP_B" "$AIP_B/aipsnap" >&2 || exit 1
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipsnap" "$AIP_TMP/bin/"
truncate -s 512M "$AIP_TMP/root"
qemu-img create -q -f qcow2 "$AIP_TMP/big.qcow2" 1T
for boot in first second; do
	"$top/tests/vm/run" --kernel "$kernel" --mem 1024 --timeout 900 --share "ko=$drv_ko:ro" --share "drv=$AIP_TMP/drv" --share "aip=$AIP_TMP/bin" \
		--share "data=$top/tests/vm/data:ro" --disk "$AIP_TMP/root" --disk "$AIP_TMP/big.qcow2" "$top/tests/vm/drv/bench-table.sh" 1 "$boot" || exit 1
done | awk '
	/^not ok|^#/ { print; bad = 1 }
	/^table memory/ { mem = $4; gens = $6; next }
	/^table/ { ms[$2] = $4; bytes[$2] = $6 }
	function line(what, key, limit) {
		printf "%-44s %8.2f s %10d bytes", what, ms[key] / 1000, bytes[key]
		if (limit) printf " (limit %d)", limit
		print ""
		if (!(key in bytes) || (limit && bytes[key] > limit)) bad = 1
	}
	END {
		headers = 2 * 2 * 2 * 4096
		# a generation of 512 leaves has two blocks that say where they are: of the headers
		printf "memory of %d generations: %d bytes, %.2f MiB each\n", gens, mem, mem / gens / 1048576
		line("clear_dirtyflag, all 32 generations changed", "seal-all", 1.02 * 32 * 512 * 4096 + headers)
		line("clear_dirtyflag, one chunk since", "seal-one", 1.02 * 4096 + 2 * 4096 + 2 * headers)
		line("clear_dirtyflag, a chunk known already", "seal-same", 2 * headers)
		line("start --tracking, all resumed", "start", 0)
		exit bad || gens != 32 || mem > 1.02 * gens * 2 * 1048576
	}'
