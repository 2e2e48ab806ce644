#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: in a real rc.sysinit and halt, customised by hand in the ways of administrators and vendors, no insertion is wrong and nine of ten lawful places are found; the oracle runs a sample and agrees
# needs: bash, static busybox, unshare, python3, root or user namespaces; apt-get for the package drbl
# timeout: 600
. "$AIP_TOP/tests/lib/tap.sh"
cd "$AIP_TOP" || exit 1

prove=$AIP_B/anchor-prove
flock "$AIP_B" make -s B="$AIP_B" "$prove" >&2 || { fail "anchor-prove builds"; tap_done; }
new=(unshare --mount --pid --net --ipc --uts --fork)
[ "$(id -u)" = 0 ] || new+=(--user --map-root-user)
# shellcheck disable=SC2016
if ! why=$("${new[@]}" sh -c 'mount --make-rprivate / && mount -t tmpfs tmpfs "$0"' "$AIP_TMP" 2>&1); then
	echo "ok - customised scripts # SKIP no namespace with mounts of its own here: $why"
	tap_done
fi
if ! rh=$(tests/lib/drbl "$AIP_B/tests" 2>"$AIP_TMP/apt.log"); then
	echo "ok - customised scripts # SKIP drbl cannot be fetched: $(tail -1 "$AIP_TMP/apt.log")"
	tap_done
fi
CUSTOM_SAMPLE=${CUSTOM_SAMPLE-40} tests/upstream/custom "$prove" tests/data/anchor/custom.cases "$rh" >"$AIP_TMP/out"
rc=$?
cat "$AIP_TMP/out"
ran=$(grep -c ': ' "$AIP_TMP/out")
holds "all cases were judged ($ran)" test "$ran" -ge 170
holds "the judge's word is no other than its lines'" test $rc = "$(grep -qc '^not ok' "$AIP_TMP/out" && echo 1 || echo 0)"
tap_done
