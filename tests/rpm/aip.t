#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: upgrade, downgrade and erase of aip itself keep, or give back, the scripts; edited ones are never lost
# needs: rpmbuild, rpm, unshare, gpg
# timeout: 900
# order: 5
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

next=$(rr_build next) || rr_die "the next aip does not build"
next=$(rr_pkg "$next" aip)
rr_fleet

start() {
	rr_new "$1"
	rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
	rr_rpm -i "$one" "$AIP_RPM"
	both "$1: patched to begin with" 9.03.1-1+hook
}

start versions
inode=$(stat -c %i "$R/$RC" "$R/$HALT" | xargs)
holds "aip is upgraded" rr_rpm -U "$next"
both "upgrade of aip: still patched" 9.03.1-1+hook
holds "aip is downgraded" rr_rpm -U --oldpackage "$AIP_RPM"
both "downgrade of aip: still patched" 9.03.1-1+hook
is "nothing was written for it" "$(stat -c %i "$R/$RC" "$R/$HALT" | xargs)" "$inode"
holds "both are upgraded in one transaction" rr_rpm -U "$next" "$two"
both "both upgraded: patched anew" 9.03.2-1+hook
holds "aip is erased" rr_rpm -e aip
both "erase: the package's own scripts" 9.03.2-1
is "erase: rpm finds no difference" "$(rr_rpm -V initscripts)" ""
is "erase: no marker that would hold back a new installation" "$(ls "$R/var/lib/aip/removing" 2>/dev/null)" ""
holds "aip comes back" rr_rpm -i "$next"
both "a new installation patches again" 9.03.2-1+hook
rr_drop

# records that a newer aip wrote
start newer
if records=$(find "$R/var/lib/aip/records" -type f 2>/dev/null) && [ -n "$records" ]; then
	for f in $records; do
		sed -i 's/"version": *[0-9]*/"version":99/' "$f"
		grep -q '"version":99' "$f" || fail "a record has a version to change" "$(cat "$f")"
	done
	sum=$(cat $records | sha256sum)
	holds "downgrade over newer records" rr_rpm -U --oldpackage --replacepkgs "$AIP_RPM"
	is "newer records are kept as they are" "$(cat $records | sha256sum)" "$sum"
	both "newer records: the scripts are not touched" 9.03.1-1+hook
	has "newer records: status says what they are" "$(rr_aipmng --status 2>&1)" "not understood: rc.sysinit.v1.json: version 99"
	holds "newer records: erase succeeds" rr_rpm -e aip
	is "newer records: erase keeps them" "$(cat $records | sha256sum)" "$sum"
else
	fail "there are records of what is applied"
fi
rr_drop

# edited after patching
start edited
echo '# a line of the administrator' >>"$R/$RC"
rr_aipmng --revert >&2
is "edited, then reverted by hand: status" $? 0
is "edited, then reverted: only our lines are gone" "$(cat "$R/$RC")" "$(cat "$AIP_TMP/scripts/9.03.1-1/rc.sysinit"; echo '# a line of the administrator')"
is "edited, then reverted: halt is pristine" "$(rr_state $HALT)" 9.03.1-1
holds "a hold: reconcile" rr_aipmng --reconcile
is "a hold: reconcile leaves reverted scripts alone" "$(rr_state $HALT)" 9.03.1-1
has "a hold: status shows it" "$(rr_aipmng --status 2>&1)" "Held: reverted by hand"
rr_drop

start edited-erase
sed -i '2i # a line of the administrator' "$R/$HALT"
holds "edited, then aip is erased" rr_rpm -e aip
is "edited, then erased: rc.sysinit is pristine" "$(rr_state $RC)" 9.03.1-1
is "edited, then erased: the edit stays, our lines are gone" "$(cat "$R/$HALT")" \
	"$(sed '2i # a line of the administrator' "$AIP_TMP/scripts/9.03.1-1/halt")"
rr_drop

# edited inside our lines: nobody can tell what is meant
start edited-inside
sed -i 's/clear_dirtyflag$/clear_dirtyflag --mine/' "$R/$HALT"
before=$(sha256sum <"$R/$HALT")
rr_aipmng --revert >&2
is "edited inside our lines: revert refuses with 5" $? 5
is "edited inside our lines: the file is left alone" "$(sha256sum <"$R/$HALT")" "$before"
holds "edited inside our lines: erase succeeds" rr_rpm -e aip
is "edited inside our lines: still there after erase" "$(sha256sum <"$R/$HALT")" "$before"
tap_done
