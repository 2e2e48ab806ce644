#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: our lines really run after the last device activation and before the first check (and after the last read-only remount, before the end of the machine) in every case that the anchor engine must insert, in scripts made by chance, and in a real customised rc.sysinit and halt
# needs: bash, static busybox, unshare, python3, root or user namespaces; apt-get for the package drbl
# timeout: 900
# order: 20
. "$AIP_TOP/tests/lib/tap.sh"
cd "$AIP_TOP" || exit 1

prove=$AIP_B/anchor-prove
refuses() { if "${@:2}" >&2; then fail "$1"; else ok "$1"; fi; }
oracle=tests/upstream/oracle
flock "$AIP_B" make -s B="$AIP_B" "$prove" >&2 || { fail "anchor-prove builds"; tap_done; }
new=(unshare --mount --pid --net --ipc --uts --fork)
[ "$(id -u)" = 0 ] || new+=(--user --map-root-user)
# shellcheck disable=SC2016
if ! why=$("${new[@]}" sh -c 'mount --make-rprivate / && mount -t tmpfs tmpfs "$0"' "$AIP_TMP" 2>&1); then
	echo "ok - the oracle # SKIP no namespace with mounts of its own here: $why"
	tap_done
fi

# the cases, by their marks, not by the engine's word
$oracle cases tests/data/anchor/boot.cases rc.sysinit >"$AIP_TMP/boot" &
$oracle cases tests/data/anchor/halt.cases halt >"$AIP_TMP/halt"
wait
sed 's/ - / - boot: /' "$AIP_TMP/boot"
sed 's/ - / - halt: /' "$AIP_TMP/halt"
ran=$(cat "$AIP_TMP/boot" "$AIP_TMP/halt" | wc -l)
holds "all cases were run ($ran)" test "$ran" -ge 70

# scripts made by chance, judged by the engine
tests/upstream/random "$prove" "${AIP_RANDOM_COUNT:-30}" "$AIP_SEED"

# a real one; it is not ours to keep
if (cd "$AIP_TMP" && apt-get download -q drbl && dpkg -x drbl_*.deb drbl) >"$AIP_TMP/apt.log" 2>&1; then
	rh=$AIP_TMP/drbl/usr/share/drbl/setup/files/RH
	for kind in rc.sysinit halt; do
		script=$rh/$kind.default-RH.drbl
		IFS=$'\t' read -r _ verdict line _ < <("$prove" $kind "$script")
		holds "drbl $kind: proved" test "$verdict" = proved
		sed -n "$((line + 1))p" "$script" >"$AIP_TMP/next"
		sed -n "${line}p" "$script" >"$AIP_TMP/last"
		if [ $kind = halt ]; then
			holds "drbl halt: right after the loop" grep -qx "done" "$AIP_TMP/last"
		else
			holds "drbl rc.sysinit: right before the test for /fastboot" grep -q '^if \[ -f /fastboot \]' "$AIP_TMP/next"
		fi
		$oracle run $kind "$script" "$line" | sed "s/ - .*default-RH.drbl/ - drbl $kind: run/"
		# the oracle must see a wrong place, or its word is worth nothing
		for wrong in $((line - 8)) $((line + (${#kind} > 4 ? 210 : 24))); do
			refuses "drbl $kind: the oracle refuses line $wrong" $oracle run $kind "$script" $wrong
		done
		# and customised by chance
		tests/upstream/random "$prove" "${AIP_RANDOM_COUNT:-15}" "$AIP_SEED" $kind "$script" |
			sed "s/ - / - changed $kind: /"
	done
else
	echo "ok - a real rc.sysinit and halt # SKIP drbl cannot be fetched: $(tail -1 "$AIP_TMP/apt.log")"
fi
tap_done
