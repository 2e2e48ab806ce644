#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: rpmlint finds no error in the spec and in any package built from it; tools/rpmlint.toml filters nothing more than it says
# needs: rpmbuild, rpmlint
# timeout: 600
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"
out=$(rpmlint -c "$AIP_TOP/tools/rpmlint.toml" "$AIP_TOP/aip.spec" "$AIP_RPMS"/*.rpm 2>&1)
echo "$out" >&2
has "rpmlint did look at the packages" "$out" "0 errors"
is "no error" "$(grep -E '^[^ ]+: E: ' <<<"$out")" ""
filters=$(grep -cE "^	'" "$AIP_TOP/tools/rpmlint.toml")
unused=0
all=$(rpmlint "$AIP_TOP/aip.spec" "$AIP_RPMS"/*.rpm 2>&1)
while read -r f; do
	grep -qE "$f" <<<"$all" || { unused=$((unused + 1)); echo "filters nothing: $f" >&2; }
done < <(sed -n "s/^	'\(.*\)',$/\1/p" "$AIP_TOP/tools/rpmlint.toml")
is "each of the $filters filters is needed" $unused 0
tap_done
