#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a reconcile that races rpm transactions neither fails them nor leaves a mixture behind
# needs: rpmbuild, rpm, unshare, gpg
# timeout: 900
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

rr_fleet
rr_new one
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
rr_rpm -i "$one" "$AIP_RPM"

# two of them, without a pause, until the file is gone
touch "$AIP_TMP/go"
racers=()
for _ in 1 2; do
	while [ -e "$AIP_TMP/go" ]; do
		rr_aipmng --reconcile --offline >>"$AIP_TMP/reconcile.log" 2>&1 || echo "status $?" >>"$AIP_TMP/reconcile.bad"
		echo >>"$AIP_TMP/rounds"
	done &
	racers+=($!)
done
bad=0 triggers=
for i in $(seq 200); do
	[ "$i" -le "${AIP_RACE_ROUNDS:-12}" ] || [ "$(wc -l <"$AIP_TMP/rounds")" -lt 10 ] || break
	# without triggers, the racing reconcile is the only one that patches
	[ $((i % 3)) = 0 ] && triggers=--notriggers || triggers=
	[ $((i % 2)) = 1 ] && rpm_=$two last=9.03.2-1 || { rpm_=$one last=9.03.1-1; }
	rr_rpm -U --oldpackage $triggers "$rpm_" >>"$AIP_TMP/rpm.log" 2>&1 || { bad=$((bad + 1)); tail -3 "$AIP_TMP/rpm.log" >&2; }
done
rm "$AIP_TMP/go"
wait "${racers[@]}"
echo "$(wc -l <"$AIP_TMP/rounds") reconciles" >&2
tail -5 "$AIP_TMP/reconcile.log" >&2
is "no transaction failed" $bad 0
is "no reconcile failed" "$(cat "$AIP_TMP/reconcile.bad" 2>/dev/null)" ""
[ "$(wc -l <"$AIP_TMP/rounds")" -ge 10 ] && ok "there was a race" || fail "there was a race"
holds "the last reconcile" rr_aipmng --reconcile --offline
both "both scripts are the installed package's, patched" $last+hook
is "nothing is left beside the scripts" "$(cd "$R/etc/rc.d" && find . -type f ! -name rc.sysinit ! -name halt ! -path './init.d/aip*' -printf '%P ')" ""
holds "aip is erased" rr_rpm -e aip
is "and rpm finds no difference" "$(rr_rpm -V initscripts)" ""
tap_done
