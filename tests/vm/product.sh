# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# product.sh: guests with the project's own packages, in which aipmng patches the
# scripts from a signed index.
#
#   product_packages    build the packages aip… and initscripts 1 and 2; a key, an index of both
#   product_image       prints an image: initscripts, then aip, then the packages named in
#                       $PRODUCT_MORE, each group by dnf; sets nothing
# shellcheck source=tests/vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
product_path=$PATH
# shellcheck source=tests/lib/rpmroot.sh
. "$AIP_TOP/tests/lib/rpmroot.sh"
PATH=$AIP_B:$product_path

product_packages() {
	local n
	# what a make around this test was told is not for the makes in it
	unset MAKEFLAGS MFLAGS MAKELEVEL
	[ -n "${AIP_RPMS:-}" ] || AIP_RPMS=$(unset B; rr_build plain) || { fail "the packages build"; return 1; }
	AIP_RPM=$(rr_pkg "$AIP_RPMS" aip)
	for n in 1 2; do
		product_initscripts[$n]=$("$vm_here/initscripts-rpm" --release "$n" --edit "2s/\$/ release $n/" "$AIP_TMP/rpm") &&
		mkdir -p "$AIP_TMP/scripts/$n" &&
		(cd "$AIP_TMP/scripts/$n" && rpm2cpio "${product_initscripts[$n]}" | cpio -idm --quiet './etc/rc.d/*' &&
			cp etc/rc.d/rc.sysinit etc/rc.d/init.d/halt . && rm -rf etc) || { fail "initscripts $n can be built"; return 1; }
	done
	rr_key fleet && rr_index "$AIP_TMP/index.json" "1 2" || { fail "an index can be made"; return 1; }
	printf 'index = file:///var/lib/lab-index.json\n' >"$AIP_TMP/lab.conf"
}
declare -a product_initscripts

product_image() { # [OPTION OF tests/vm/image]...
	local name more=()
	for name in ${PRODUCT_MORE:-}; do
		more+=(-- "$(rr_pkg "$AIP_RPMS" "$name")")
	done
	"$vm_here/image" --file "$AIP_TMP/index.json:/var/lib/lab-index.json:644" \
		--file "$AIP_TMP/lab.conf:/etc/aip/aip.conf.d/lab.conf:644" \
		--file "$AIP_TMP/fleet.asc:/etc/aip/keys.d/fleet.asc:644" \
		"$@" "${product_initscripts[1]}" -- "$AIP_RPM" "${more[@]}"
}
