#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the two sample patches apply with patch(1), as their heads say, to EL6-generation scripts, at the right place
# needs: patch, apt-get (Debian's package drbl)
. "$AIP_TOP/tests/lib/rpmroot.sh"

# applied NAME RC HALT: by the commands that the samples name
applied() {
	local name=$1 root=$AIP_TMP/root
	rm -rf "$root"
	mkdir -p "$root/etc/rc.d/init.d"
	cp "$2" "$root/$RC"
	cp "$3" "$root/$HALT"
	holds "$name: rc.sysinit takes its sample" patch -p1 -d "$root" -i "$AIP_TOP/patches/rc.sysinit-sample.patch"
	holds "$name: halt takes its sample" patch -p1 -d "$root" -i "$AIP_TOP/patches/halt-sample.patch"
	mkdir -p "$AIP_TMP/scripts/$name"
	cp "$2" "$AIP_TMP/scripts/$name/rc.sysinit"
	cp "$3" "$AIP_TMP/scripts/$name/halt"
	both "$name: to the byte what the index would make of it" "$name+hook"
	is "$name: bash finds no error" "$(bash -n "$root/$RC" 2>&1; bash -n "$root/$HALT" 2>&1)" ""
}

R=$AIP_TMP/root
rr_script rc.sysinit x >"$AIP_TMP/rc"
rr_script halt x >"$AIP_TMP/halt"
applied test "$AIP_TMP/rc" "$AIP_TMP/halt"
if drbl=$("$RR_LIB/drbl" "$AIP_B/tests"); then
	applied drbl "$drbl/rc.sysinit" "$drbl/halt"
else
	ok "drbl's real scripts take the samples # SKIP Debian's package drbl cannot be fetched"
fi
# make check-upstream's checkout, where somebody has one
if [ -n "${INITSCRIPTS:-}" ]; then
	tags=0 bad=
	for tag in $(git -C "$INITSCRIPTS" tag -l 'initscripts-9.03.*'); do
		git -C "$INITSCRIPTS" show "$tag:rc.d/rc.sysinit" >"$AIP_TMP/rc"
		git -C "$INITSCRIPTS" show "$tag:rc.d/init.d/halt" >"$AIP_TMP/halt"
		cp "$AIP_TMP/rc" "$R/$RC"; cp "$AIP_TMP/halt" "$R/$HALT"
		patch -s -p1 -d "$R" -i "$AIP_TOP/patches/rc.sysinit-sample.patch" >&2 &&
			patch -s -p1 -d "$R" -i "$AIP_TOP/patches/halt-sample.patch" >&2 || bad="$bad $tag"
		tags=$((tags + 1))
	done
	is "all $tags releases of the EL6 line take the samples" "$bad" ""
fi
tap_done
