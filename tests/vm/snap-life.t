#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: the root on LVM, dm-crypt and XFS: tracked, in a snapshot whose storage lies on it, resumed; a nearly full
#         file system; the origin unmounted and mounted while the snapshot lives; another mount namespace;
#         names that change; a start that comes after the root was mounted read-write
# needs: qemu, kernel headers, lvm2, jq
# timeout: 2400
# tier:   full
# order: 40
set -u
. "$AIP_TOP/tests/lib/tap.sh"
vm=$AIP_TOP/tests/vm
kernel=${AIP_KERNEL:-bookworm}
"$vm/kbuild" --quick "$kernel" "$AIP_TOP/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipsnap" "$AIP_TMP/bin/"
guest() { # ROOT BOOT
	"$vm/run" --kernel "$kernel" --timeout 900 --mem 1024 --append rcupdate.rcu_cpu_stall_suppress=1 --out "$AIP_TMP/out-$1" \
		--share "ko=$AIP_TMP/ko" --share "aip=$AIP_TMP/bin" --share "data=$vm/data:ro" --disk "$AIP_TMP/root-$1" --disk 128M --disk 192M \
		"$vm/data/snap-life" "$1" "$2" >"$AIP_TMP/log.$1.$2"
	rc=$?
	grep -E '^(ok|not ok)' "$AIP_TMP/log.$1.$2" || fail "$1: no case was run"
	! grep -q '^not ok' "$AIP_TMP/log.$1.$2" || tap_failed=1
	grep '^#' "$AIP_TMP/log.$1.$2" >&2
	is "$1: the guest ended well" $rc 0
}
for root in ${SNAP_LIFE:-plain lvm crypt xfs}; do
	truncate -s 320M "$AIP_TMP/root-$root"
	guest $root first
	[ $root = plain ] || guest $root again
	[ $root != xfs ] || guest $root late
done
exit $tap_failed
