#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: dnf transactions from a repository, online, offline and with a tampered index
# needs: rpmbuild, dnf, createrepo_c, unshare, gpg
# timeout: 900
# order: 10
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

for v in 9.03.1-1 9.03.2-1 9.03.3-1; do rr_initscripts $v >/dev/null; done
rr_key fleet
mkdir -p "$AIP_TMP/www/repo"
cp "$AIP_RPMS"/*.rpm "$AIP_TMP"/rpms/plain/*.rpm "$AIP_TMP/www/repo"
createrepo_c -q "$AIP_TMP/www/repo"
rr_index "$AIP_TMP/www/index.json.gz" "9.03.1-1 9.03.2-1"
rr_serve "$AIP_TMP/www"
rr_new one
printf '%s\n' '[base]' 'name=base' "baseurl=$RR_URL/repo" 'gpgcheck=0' >"$R/etc/yum.repos.d/base.repo"
rr_configure "$RR_URL/index.json.gz" "$AIP_TMP/fleet.asc"

holds "dnf install initscripts" rr_dnf install initscripts-9.03.1-1
both "not patched without aip" 9.03.1-1
holds "dnf install aip" rr_dnf install aip
both "dnf install aip: patched" 9.03.1-1+hook
is "the package's aip.repo is there, disabled" "$(sed -n '/^\[/,$p' "$R/etc/yum.repos.d/aip.repo" | grep -c '^enabled=0$')" 1
holds "dnf upgrade initscripts" rr_dnf upgrade initscripts-9.03.2-1
both "dnf upgrade: patched" 9.03.2-1+hook
holds "dnf downgrade initscripts" rr_dnf downgrade initscripts-9.03.1-1
both "dnf downgrade: patched" 9.03.1-1+hook
holds "dnf reinstall initscripts" rr_dnf reinstall initscripts
both "dnf reinstall: patched" 9.03.1-1+hook

# the server is gone: the cache has what is needed
kill "$RR_SERVER"
mv "$AIP_TMP/www/repo" "$AIP_TMP/repo"
sed -i "s,^baseurl=.*,baseurl=file://$AIP_TMP/repo," "$R/etc/yum.repos.d/base.repo"
holds "offline: dnf upgrade initscripts" rr_dnf upgrade initscripts-9.03.2-1
both "offline: patched from the cached index" 9.03.2-1+hook

# an update that the index does not know
holds "dnf upgrade to an unknown initscripts" rr_dnf upgrade initscripts-9.03.3-1
both "an unknown initscripts is left as it is" 9.03.3-1
rr_serve "$AIP_TMP/www"
rr_configure "$RR_URL/index.json.gz"
out=$(rr_aipmng --modupdate --patches 2>&1)
is "by hand: exit 3" $? 3
has "by hand: the documented message" "$out" "No patch files found for this system."

# the next index knows it, but somebody changed it on the way; then the right one comes
rr_index "$AIP_TMP/next.json.gz" "9.03.1-1 9.03.2-1 9.03.3-1" --serial 2
zcat "$AIP_TMP/next.json.gz" | python3 -c '
import base64, json, sys
e = json.load(sys.stdin)
e["payload"] = base64.b64encode(base64.b64decode(e["payload"]).replace(b"\"serial\":2", b"\"serial\":3")).decode()
json.dump(e, sys.stdout)' | gzip -n >"$AIP_TMP/www/index.json.gz"
out=$(rr_aipmng --modupdate --patches 2>&1)
is "a tampered index: exit 4" $? 4
both "a tampered index: nothing changed" 9.03.3-1
holds "a tampered index: a transaction succeeds" rr_dnf reinstall initscripts
cp "$AIP_TMP/next.json.gz" "$AIP_TMP/www/index.json.gz"
out=$(rr_aipmng --modupdate --patches 2>&1)
is "the right index: exit 0" $? 0
has "the right index: the documented message" "$out" "Successfully applied."
both "the right index: patched" 9.03.3-1+hook
rr_index "$AIP_TMP/www/index.json.gz" "9.03.1-1" --serial 1
rr_aipmng --modupdate --patches >&2
both "an older index: nothing changed" 9.03.3-1+hook

holds "dnf remove aip" rr_dnf remove aip
both "dnf remove aip: pristine" 9.03.3-1
is "rpm finds no difference" "$(rr_rpm -V initscripts)" ""
holds "aip and a new initscripts in one transaction" rr_dnf install aip initscripts-9.03.3-1
both "patched again" 9.03.3-1+hook
holds "dnf swap: aip goes in the transaction that brings another initscripts" rr_dnf swap aip initscripts-9.03.1-1 --allowerasing
is "dnf swap: aip is gone" "$(rr_rpm -q aip)" "package aip is not installed"
out=$(rr_rpm -V initscripts)
is "dnf swap: pristine" "$out" ""
tap_done
