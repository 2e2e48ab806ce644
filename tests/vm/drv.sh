# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# drv.sh: runs scripts of tests/vm/drv in a guest, with the module built for its
# kernel and drv-client.  The scripts print the cases themselves.
# shellcheck source=tests/lib/tap.sh
. "$AIP_TOP/tests/lib/tap.sh"
# shellcheck source=tests/vm/common.sh
. "$AIP_TOP/tests/vm/common.sh"
# the kernel asked for: AIP_KERNEL, or KERNEL and KDIR, or bookworm
drv_kernel=$(default_kernel) || { fail "the kernel asked for"; exit 1; }

# drv_build KERNEL: build module and client; drv_ko is the module's folder
drv_build() {
	local ko
	make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/drv-client" "$AIP_B/drv-fuzz" >&2 || { fail "the test programs build"; exit 1; }
	ko=$("$AIP_TOP/tests/vm/kbuild" --quick "$1" "" "$AIP_TMP/ko-${1##*/}") || { fail "$1: the module builds"; exit 1; }
	drv_ko=$(dirname "$ko")
	mkdir -p "$AIP_TMP/drv"
	cp "$AIP_B/drv-client" "$AIP_B/drv-fuzz" "$AIP_TOP"/tests/vm/drv/* "$AIP_TMP/drv/"
}

# drv_run NAME KERNEL SCRIPT [OPTION OF run]...: pass on the script's cases; its end is one more
drv_run() {
	local name=$1 kernel=$2 script=$3 rc
	shift 3
	"$AIP_TOP/tests/vm/run" --kernel "$kernel" --share "ko=$drv_ko:ro" --share "drv=$AIP_TMP/drv" --timeout "${drv_limit:-600}" \
		--out "$AIP_TMP/out-$name" "$@" "$AIP_TOP/tests/vm/drv/$script" "${AIP_SEED:-1}" "${drv_args:-}" >"$AIP_TMP/$name.log" 2>&1
	rc=$?
	sed -n "s/^\(ok\|not ok\) - /\1 - $name: /p" "$AIP_TMP/$name.log"
	if [ $rc = 0 ] && grep -q '^the end$' "$AIP_TMP/$name.log"; then
		ok "$name: the guest ends well"
	else
		fail "$name: the guest ends well" "status $rc: $(tail -n 40 "$AIP_TMP/$name.log")"
		cat "$AIP_TMP/out-$name/complaints" "$AIP_TMP/out-$name/dmesg" 2>/dev/null | tail -n 60 >&2
	fi
	! grep -q '^not ok' "$AIP_TMP/$name.log" || { tap_failed=1; cat "$AIP_TMP/$name.log" >&2; }
}
