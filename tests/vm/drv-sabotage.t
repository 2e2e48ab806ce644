#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the driver's tests can fail: each of some single lines taken out of a copy of the
# proves: driver is found by the test that is there for it
# needs:  the VM lab
# tier:   full
# timeout: 1500
# order:  20
set -u
. "$AIP_TOP/tests/vm/drv.sh"
drv_build "$drv_kernel"

# sabotaged NAME FILE SED-EXPRESSION FOUND SCRIPT ARGS OPTION...: the script says FOUND (a regular expression)
sabotaged() {
	local name=$1 file=$2 expression=$3 found=$4 script=$5 args=$6 ko log src="$AIP_TMP/src"
	shift 6
	case $script in *"${SABOTAGE:-}"*) ;; *) return ;; esac # one of them only
	rm -rf "$src" && cp -a "$AIP_TOP/dkms" "$src"
	sed -i "$expression" "$src/$file"
	! cmp -s "$src/$file" "$AIP_TOP/dkms/$file" || { fail "$name" "the line is not in dkms/$file any more: mend this test"; return; }
	ko=$("$AIP_TOP/tests/vm/kbuild" --quick "$drv_kernel" "$src" "$AIP_TMP/ko-bad") || { fail "$name" "it does not build"; return; }
	log=$AIP_TMP/${script%.sh}.log
	# shellcheck disable=SC2086
	"$AIP_TOP/tests/vm/run" --kernel "$drv_kernel" --share "ko=$(dirname "$ko"):ro" --share "drv=$AIP_TMP/drv" --timeout "${drv_limit:-600}" --allow-warn \
		"$@" "$AIP_TOP/tests/vm/drv/$script" 1 $args >"$log" 2>&1
	if grep -q "$found" "$log"; then ok "$name: found ($(grep -c '^not ok' "$log") cases fail)"; else fail "$name: found" "$(tail -n 20 "$log")"; fi
}
sabotaged "a switch that does not wait for writes in flight" tracker.c 's/bool late = aip_flights_wait(.*;/bool late = false;/; s/if (late || t->stuck.*/if (0)/' \
	'^# MISSED\|^MISSED' switch.sh 5 --smp 2 --disk 32M
sabotaged "write-zeroes and discards that are not counted" probe.c 's/^\tif (!op_is_write(bio->bi_opf))$/\tif (bio_op(bio) != REQ_OP_WRITE)/' \
	'^not ok - whole disk$' track.sh few --mem 1024 --disk 32M --disk 48M --disk 48M
sabotaged "copy-on-write that holds nothing" cow.c 's/if (gate == AIP_GATE_BEFORE || READ_ONCE(cow->why))/if (gate != 77)/' \
	'^not ok - the image stands still while' snap.sh '' --mem 1024 --disk 48M --disk 48M --disk 64M
tap_done
