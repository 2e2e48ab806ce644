# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# guest.bash: what the benchmarks in guests begin with: the module for the kernel named first
# (default bookworm) in $drv_ko, the scripts of tests/vm/drv in $AIP_TMP/drv, removed at the end.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export AIP_TOP=$top AIP_B=${AIP_B:-$top/build}
AIP_TMP=$(mktemp -d "${TMPDIR:-/tmp}/aip-bench.XXXXXX") || exit 1
export AIP_TMP
trap 'rm -rf "$AIP_TMP"' EXIT
kernel=${1:-bookworm}
. "$top/tests/vm/drv.sh"
drv_build "$kernel"
