#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: make demo runs to its end; it checks every step that it shows
# needs: rpmbuild, dnf, createrepo_c, gpg, unshare, apt-get (Debian's package drbl)
# timeout: 900
# order: 15
. "$AIP_TOP/tests/lib/tap.sh"
if ! "$AIP_TOP/tests/lib/drbl" "$AIP_B/tests" >/dev/null; then
	ok "the demo # SKIP Debian's package drbl cannot be fetched"
	exit 0
fi
out=$(TMPDIR=$AIP_TMP "$AIP_TOP/tests/demo" 2>&1)
is "the demo ends with 0" $? 0
echo "$out" | tail -30 >&2
has "it shows that the documented message is printed" "$out" "Successfully applied."
has "and the other one" "$out" "No patch files found for this system."
has "it says that all was checked" "$out" "All that was shown was checked"
is "nothing is left behind" "$(ls "$AIP_TMP")" ""
tap_done
