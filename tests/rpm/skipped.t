#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what --noscripts and --notriggers left undone, the next reconcile does; service stop does it without a network
# needs: rpmbuild, rpm, unshare, gpg
# timeout: 600
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

rr_fleet

for flag in --noscripts --notriggers; do
	rr_new "x$flag"
	rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
	holds "$flag: installation" rr_rpm -i $flag "$one" "$AIP_RPM"
	both "$flag: nothing was patched yet" 9.03.1-1
	holds "$flag: reconcile" rr_in /usr/libexec/aip/aip-trigger boot
	both "$flag: reconcile patches" 9.03.1-1+hook
	holds "$flag: upgrade" rr_rpm -U $flag "$two"
	both "$flag: the new scripts are not patched" 9.03.2-1
	[ "$flag" = --noscripts ] && verb=stop || verb=periodic
	holds "$flag: the call '$verb'" rr_in /usr/libexec/aip/aip-trigger $verb
	both "$flag: patched by the call '$verb'" 9.03.2-1+hook
	rr_drop
done
tap_done
