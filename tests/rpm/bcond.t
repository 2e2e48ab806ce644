#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the package builds without each of the parts that its spec lets one leave out, on a machine that lacks what they need, and what is left works
# needs: rpmbuild, rpm, unshare
# tier: full
# timeout: 1800
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"
cd "$AIP_TOP" || exit 1

# every condition of the spec is tried here (--with key: package.t)
is "the conditions that the spec knows" "$(sed -n 's/^%bcond_with\(out\)\? //p' aip.spec | sort | xargs)" "backup key librepo publish"

# lacks FILE...: from now on the compiler finds nothing there
lacks() {
	local f
	for f; do
		[ -e "$f" ] || rr_die "$f is to be hidden, and is not there"
		if [ -d "$f" ]; then mount -t tmpfs none "$f"; else mount --bind /dev/null "$f"; fi || rr_die "cannot hide $f"
		[ -z "$(if [ -d "$f" ]; then ls -A "$f"; else cat "$f"; fi)" ] || rr_die "$f is not hidden"
	done
}
hide() {
	case $1 in
	backup) lacks /usr/include/libnbd.h /usr/include/ext2fs /usr/include/xxhash.h ;;
	publish) lacks /usr/include/libxml2 ;;
	librepo) lacks /usr/include/librepo ;;
	esac
}
needs() { rpm -qp --requires "$@" | sed 's/[ (].*//' | sort -u | xargs; }

tools/mkdist "$AIP_TMP/src/aip-$(cat VERSION).tar.gz" || rr_die "no tarball"
one=$(rr_initscripts 9.03.1-1)
# without NAME...: build without these, on a machine that lacks what they need
without() {
	local what=$* top p options=()
	top=$AIP_TMP/without-${what// /-}
	for p; do options+=(--without "$p"); done
	(
		# the mounts are gone with this shell
		exec unshare --mount bash -c '. "$AIP_TOP/tests/lib/rpmroot.sh"; eval "$1"; shift; for p; do hide "$p"; done; exec "${BUILD[@]}"' \
			_ "$(declare -f hide lacks); BUILD=(rpmbuild --nodeps -bb $(printf '%q ' "${options[@]}") --define $(printf '%q' "_topdir $top") --define $(printf '%q' "_sourcedir $AIP_TMP/src") aip.spec)" "$@"
	) >"$AIP_TMP/log" 2>&1
	is "without $what: it builds" $? 0
	[ "$tap_failed" = 0 ] || grep -i error "$AIP_TMP/log" | head -20 >&2
	mkdir -p "$top"
	mapfile -t made < <(find "$top" -name '*.rpm' | sort)
	names=$(for p in "${made[@]}"; do rpm -qp --qf '%{NAME}\n' "$p"; done | sort | xargs)
	aip=$(printf '%s\n' "${made[@]}" | grep '/aip-[0-9]')
	[ -n "$aip" ] || return
	rpm -qpl "${made[@]}" >"$AIP_TMP/files"
}

without backup
is "without backup: the packages" "$names" "aip aip-dkms aip-publish"
is "without backup: nothing of it is in them" "$(grep -c backup "$AIP_TMP/files")" 0
hasnt "without backup: nobody needs libnbd" "$(needs "${made[@]}")" libnbd

without publish
is "without publish: the packages" "$names" "aip aip-backup aip-dkms"
is "without publish: nothing of it is in them" "$(grep -c mkindex "$AIP_TMP/files")" 0
hasnt "without publish: nobody needs libxml2" "$(needs "${made[@]}")" libxml2

without librepo
is "without librepo: the packages" "$names" "aip aip-backup aip-dkms aip-publish"
hasnt "without librepo: nobody needs it" "$(needs "${made[@]}")" librepo

without backup publish librepo
is "without all three: the packages" "$names" "aip aip-dkms"
rr_new small
holds "the small package is installed" rr_rpm -i --nodeps "$one" "$aip"
mkdir -p "$R/usr/share/aip"
rr_index "$R/usr/share/aip/index.json" 9.03.1-1
holds "its aipmng patches" rr_aipmng --patches
both "its aipmng has patched" 9.03.1-1+hook
printf '[aip]\nname=aip\nbaseurl=file:///nowhere\nenabled=1\n' >"$R/etc/yum.repos.d/aip.repo"
rr_key fleet
rr_configure file:///nowhere "$AIP_TMP/fleet.asc"
out=$(rr_aipmng --reconcile --refresh 2>&1)
is "an enabled [aip] section is no fault" $? 0
has "but it is said that this aip cannot read it" "$out" "without librepo"
holds "it is erased" rr_rpm -e aip
both "and has put the scripts back" 9.03.1-1
rr_drop
tap_done
