#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: aipsnap runs in a root with nothing in it, built with glibc and with musl (EL6 kernels need
#         it), says what it needs, and every command has a help and a usage
# needs: gcc, musl-gcc, chroot (root)
set -u
. tests/lib/tap.sh
make -s B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
is "the program needs no library" "$(ldd "$AIP_B/aipsnap" 2>&1 | grep -c '=>')" 0
make -s B="$AIP_B/musl" CC=musl-gcc AIPSNAP_STATIC=-static CPPFLAGS="-idirafter /usr/include -idirafter /usr/include/$(gcc -print-multiarch)" \
	"$AIP_B/musl/aipsnap" >"$AIP_TMP/musl" 2>&1
is "it builds with musl, without a warning" "$?$(grep -c warning: "$AIP_TMP/musl")" 00
image=$AIP_TMP/image
truncate -s 3M "$image"
want=$("$AIP_B/aipsnap" fingerprint "$image")
has "it works outside" "$want" "content: all of it"
for libc in . musl; do
	root=$AIP_TMP/root-${libc/./glibc}
	mkdir -p "$root/sbin"
	cp "$AIP_B/$libc/aipsnap" "$root/sbin/" && cp "$image" "$root/"
	run() { unshare -m chroot "$root" /sbin/aipsnap "$@" 2>&1; }
	[ "$(id -u)" = 0 ] || { echo "ok - ${root##*-}: in an empty root # SKIP needs root"; continue; }
	is "${root##*-}: in an empty root" "$(run fingerprint /image)" "$want"
	is "${root##*-}: start without a table holds nothing up" "$(run start --tracking; echo $?)" "aipsnap: nothing is enabled (there is no /.aipsnap_table)
0"
	is "${root##*-}: clear_dirtyflag without a driver" "$(run clear_dirtyflag; echo $?)" "aipsnap: the driver is not loaded, nothing to seal
0"
	is "${root##*-}: late without a table" "$(run late; echo $?)" "aipsnap: nothing is enabled
0"
	: >"$root/.aipsnap_table"
	out=$(run start --tracking --json)
	is "${root##*-}: start with a table, without the module: status" $? 3
	has "${root##*-}: … says what to do" "$out" "aipmng --modupdate"
	: >"$root/.aipsnap_dirty"
	is "${root##*-}: start with /.aipsnap_dirty" "$(run start --tracking; echo $?)" "aipsnap: /.aipsnap_dirty is there: left to the end of the boot (aipsnap late)
0"
	run status >/dev/null
	is "${root##*-}: status without the driver" $? 3
done

# every command that --help lists has a help of its own, and refuses what it does not know
"$AIP_B/aipsnap" --help >"$AIP_TMP/help"
commands=$(awk '/^  [a-z]/ { print $1 }' "$AIP_TMP/help")
is "commands" "$(echo "$commands" | wc -l)" 11
for c in $commands; do
	out=$("$AIP_B/aipsnap" "$c" --help) && has "$c --help" "$out" "usage: aipsnap $c" || fail "$c --help"
	out=$("$AIP_B/aipsnap" "$c" --nonsense 2>&1)
	is "$c --nonsense" "$?" 2
	has "aipsnap(8) names $c" "$(cat "$AIP_TOP/doc/aipsnap.8")" ".Cm $c"
done
# every long option is in the manual and in the completion
for o in $(for c in $commands; do "$AIP_B/aipsnap" "$c" --help; done | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
	grep -qE -- "Fl -${o#--}( |\$)" "$AIP_TOP/doc/aipsnap.8" || fail "aipsnap(8) does not name $o"
	grep -q -- "$o" "$AIP_TOP/doc/completion/aipsnap" || fail "completion does not know $o"
done
ok "options are in the manual and in the completion"
"$AIP_B/aipsnap" >/dev/null 2>&1
is "no command" $? 2
"$AIP_B/aipsnap" nonsense 2>"$AIP_TMP/out"
is "unknown command" $? 2
has "unknown command: says so" "$(cat "$AIP_TMP/out")" nonsense
is "ids are checked" "$("$AIP_B/aipsnap" changes /dev/null --since xyz 2>/dev/null; echo $?)" 2
exit $tap_failed
