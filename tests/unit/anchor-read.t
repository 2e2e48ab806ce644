#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: on every shell script of this system: what the anchor engine's reader reads, bash accepts too; and it reads nearly all that bash accepts
# needs: bash, the scripts that any system has
# timeout: 300
. "$AIP_TOP/tests/lib/tap.sh"
cd "$AIP_TOP" || exit 1

prove=$AIP_B/anchor-prove
flock "$AIP_B" make -s B="$AIP_B" "$prove" >&2 || { fail "anchor-prove builds"; tap_done; }

# programs in other languages that begin as a shell script are none
grep -rlIm1 -E '^#! ?/(usr/)?bin/(env )?(ba)?sh' /usr/bin /usr/sbin /etc/init.d /usr/share/bash-completion /usr/lib/dpkg \
	"$AIP_TOP/tests" "$AIP_TOP/tools" 2>/dev/null | sort -u | while read -r f; do
	head -1 "$f" | grep -qE '^#!.*sh( |$)' && echo "$f"
done >"$AIP_TMP/scripts"
xargs -d '\n' "$prove" -p <"$AIP_TMP/scripts" >"$AIP_TMP/read"
accepted=0 read=0 wrong=
while IFS=$'\t' read -r f verdict why; do
	if out=$(env -i PATH="$PATH" LC_ALL=C bash -n "$f" 2>&1) && [ -z "$out" ]; then
		accepted=$((accepted + 1))
		if [ "$verdict" = read ]; then read=$((read + 1)); else echo "not read: $f: $why" >&2; fi
	elif [ "$verdict" = read ]; then
		wrong+=" $f"
	fi
done <"$AIP_TMP/read"
is "what is read, bash accepts" "$wrong" ""
holds "there are scripts to look at ($accepted)" test "$accepted" -ge 50
holds "of $accepted that bash accepts, $read are read" test $((read * 100)) -ge $((accepted * 97))
tap_done
