#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aip.conf is read as documented, errors name file and line; every key is documented
# needs: gcc, cmocka
. tests/lib/tap.sh
keys=$(sed -n 's/^\t{ "\([a-z_]*\)", set_.*/\1/p' src/aipmng/conf.c)
[ "$(echo "$keys" | wc -l)" -ge 13 ] || fail "the keys are found in conf.c" "$keys"
undocumented=
for k in $keys; do
	grep -q "Cm $k No =" doc/aip.conf.5 || undocumented+=" aip.conf.5:$k"
	grep -q "^# $k =" src/aipmng/aip.conf || undocumented+=" aip.conf:$k"
done
is "every key is in aip.conf(5) and in the default aip.conf" "$undocumented" ""
# the defaults that the file shows are the defaults: all lines in force change nothing
is "the default aip.conf changes nothing" "$(grep -c '^[^#]' src/aipmng/aip.conf)" 0
for k in connect_timeout timeout trigger_timeout signatures; do
	want=$(sed -n "s/^\tc->$k = \([0-9]*\);/\1/p" src/aipmng/conf.c)
	is "the default of $k in aip.conf" "$(sed -n "s/^# $k = //p" src/aipmng/aip.conf)" "$want"
	has "the default of $k in aip.conf(5)" "$(sed -n "/^.It Cm $k No/,/^.It/p" doc/aip.conf.5)" "Default: $want"
done
[ "$tap_failed" = 0 ] || tap_done
exec tests/lib/unit test-conf
