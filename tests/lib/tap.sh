# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tap.sh: cases of a test written in shell.  A case is one line; what it saw
# when it fails goes to stderr.

tap_failed=0

# ok NAME, fail NAME [WHAT WAS SEEN]
ok() { echo "ok - $1"; }
fail() {
	echo "not ok - $1"
	tap_failed=1
	[ -z "${2:-}" ] || printf '%s: %s\n' "$1" "$2" >&2
}

# holds NAME COMMAND...: the command succeeds
holds() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else fail "$name" "'$*' ended with status $?: $out"; fi
}

# is NAME GOT EXPECTED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "got '$2', expected '$3'"; fi
}

# has NAME TEXT PART: the text contains the part
has() {
	case $2 in
	*"$3"*) ok "$1" ;;
	*) fail "$1" "no '$3' in: $2" ;;
	esac
}

# hasnt NAME TEXT PART
hasnt() {
	case $2 in
	*"$3"*) fail "$1" "'$3' in: $2" ;;
	*) ok "$1" ;;
	esac
}

# same NAME FILE FILE: byte for byte
same() {
	local d
	if d=$(diff -u "$3" "$2" 2>&1); then ok "$1"; else fail "$1" "$d"; fi
}

# the end of every test
tap_done() { exit $tap_failed; }
