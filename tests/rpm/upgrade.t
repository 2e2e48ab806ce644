#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: after every kind of transaction of initscripts, with every kind of file, both scripts are patched anew
# needs: rpmbuild, rpm, unshare, gpg
# timeout: 900
# order: 10
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

rr_key fleet
mkdir "$AIP_TMP/www"
# 1 and 2 differ; 3 carries the same scripts as 2
for kind in plain config noreplace; do
	rr_initscripts 9.03.1-1 $kind >/dev/null
	rr_initscripts 9.03.2-1 $kind >/dev/null
	rr_initscripts 9.03.3-1 $kind 9.03.2-1 >/dev/null
done
rr_index "$AIP_TMP/www/index.json" "9.03.1-1 9.03.2-1"
rr_serve "$AIP_TMP/www"

# step NAME STATE COMMAND...: a transaction, then what must hold after every one
step() {
	local name=$1 state=$2 out
	shift 2
	if ! out=$("$@" 2>&1); then
		fail "$name: the transaction succeeds" "$out"
		return
	fi
	[ -z "$out" ] || echo "$name: $out" >&2
	both "$name" "$state"
	is "$name: nothing is left beside the scripts" \
		"$(cd "$R/etc/rc.d" && find . -type f ! -name rc.sysinit ! -name halt ! -path './init.d/aip*' -printf '%P ')" ""
	is "$name: mode and owner are the package's" "$(stat -c '%a %u %g' "$R/$RC" "$R/$HALT" | xargs)" "755 0 0 755 0 0"
}

for kind in plain config noreplace; do
	one=$AIP_TMP/rpms/$kind/initscripts-9.03.1-1.rpm
	two=$AIP_TMP/rpms/$kind/initscripts-9.03.2-1.rpm
	three=$AIP_TMP/rpms/$kind/initscripts-9.03.3-1.rpm
	rr_new $kind
	rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
	rr_rpm -i "$one" "$AIP_RPM"
	step "$kind: reinstalled" 9.03.1-1+hook rr_rpm -U --replacepkgs "$one"
	step "$kind: upgraded to other scripts" 9.03.2-1+hook rr_rpm -U "$two"
	step "$kind: upgraded to the same scripts" 9.03.2-1+hook rr_rpm -U "$three"
	step "$kind: downgraded to the same scripts" 9.03.2-1+hook rr_rpm -U --oldpackage "$two"
	step "$kind: downgraded to other scripts" 9.03.1-1+hook rr_rpm -U --oldpackage "$one"
	holds "$kind: initscripts is erased" rr_rpm -e initscripts
	is "$kind: and its scripts with it" "$(rr_state $RC) $(rr_state $HALT)" "missing missing"
	holds "$kind: status says so and does not fail" rr_aipmng --status
	step "$kind: installed again" 9.03.2-1+hook rr_rpm -i "$two"
	holds "$kind: aip is erased" rr_rpm -e aip
	both "$kind: erasing aip leaves the package's scripts" 9.03.2-1
	is "$kind: rpm finds no difference" "$(rr_rpm -V initscripts)" ""
	rr_drop
done

# from EL5's kind to EL6's and back
rr_new change
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
rr_rpm -i "$AIP_TMP/rpms/config/initscripts-9.03.1-1.rpm" "$AIP_RPM"
step "config becomes plain" 9.03.2-1+hook rr_rpm -U "$AIP_TMP/rpms/plain/initscripts-9.03.2-1.rpm"
step "plain becomes config" 9.03.1-1+hook rr_rpm -U --oldpackage "$AIP_TMP/rpms/config/initscripts-9.03.1-1.rpm"
rr_drop

# headers of the MD5 era
RR_DEFINE='_binary_filedigest_algorithm 1' rr_initscripts 8.45.1-1 config >/dev/null
RR_DEFINE='_binary_filedigest_algorithm 1' rr_initscripts 8.45.2-1 config >/dev/null
rr_index "$AIP_TMP/www/index.json" "8.45.1-1 8.45.2-1"
rr_new md5
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
rr_rpm -i "$AIP_TMP/rpms/config/initscripts-8.45.1-1.rpm" "$AIP_RPM"
step "MD5 digests: upgraded" 8.45.2-1+hook rr_rpm -U "$AIP_TMP/rpms/config/initscripts-8.45.2-1.rpm"
tap_done
