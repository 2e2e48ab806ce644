#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: on a fresh machine the lab makes all it needs from the registry: the guests'
# proves: root, three kernels, and each one's own compiler, with which the driver
# proves: builds without a warning of W=1 or sparse
# needs:  mmdebstrap, see tools/deps/vm
# timeout: 900
# order:  1
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
export AIP_B=$AIP_TMP
holds "the guests' root" "$here/base"
for k in bookworm bullseye trixie; do
	holds "$k: kernel and initramfs" "$here/kernel" $k
	holds "$k: builds the driver, without a warning" "$here/kbuild" --strict $k "$here/../../dkms" "$AIP_TMP/$k"
	has "$k: sparse looked at it" "$(cat "$AIP_TMP/$k/.log")" "CHECK "
done
tap_done
