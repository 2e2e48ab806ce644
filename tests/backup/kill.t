#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aipbackup killed at any system call leaves every older backup restorable, and the next run goes on
# needs: strace, qemu-img, qemu-nbd
# timeout: 500
. "$AIP_TOP/tests/backup/lib.sh"

make_source src 2
"$bak" full -q --as-is src start >&2
cp src v1
change src 2 a
"$bak" incremental -q --compare --as-is src start >&2
cp src v2
change src 2 b
cp src v3
cp -a start three
"$bak" incremental -q --compare --as-is src three >&2

# Restore to what it was: prints nothing when all is right.
restored() { # SET ID EXPECTED
	rm -f out
	"$bak" restore -q --id "$2" "$1" out >>log 2>&1 || { echo "$2 does not restore;"; return; }
	cmp -s out "$3" || echo "$2 restores to something else;"
}

# killed NAME SET CHECK COMMAND...: at each of its system calls (a sample of them in the quick tier)
killed() {
	local name=$1 set=$2 check=$3 total step n bad
	shift 3
	rm -rf work && cp -a "$set" work
	strace -qq -o trace "$bak" "$@" >>log 2>&1 || { fail "$name: runs at all" "$(tail -3 log)"; return; }
	total=$(grep -c '^[a-z]' trace)
	step=${AIP_KILL_STEP:-$((total / 25 + 1))}
	bad=
	for ((n = 1 + RANDOM % step; n <= total; n += step)); do
		rm -rf work && cp -a "$set" work
		(strace -qq -o /dev/null -e inject=all:signal=KILL:when=$n "$bak" "$@" >>log 2>&1) 2>>log
		what=$($check)
		[ -z "$what" ] || bad="$bad after call $n: $what"
		# and the next run goes on
		if ! "$bak" "$@" >>log 2>&1; then
			bad="$bad after call $n: the next run fails: $(tail -2 log);"
		else
			what=$($check)
			[ -z "$what" ] || bad="$bad after call $n and the next run: $what"
			"$bak" verify -q work >>log 2>&1 || bad="$bad after call $n: verify fails;"
		fi
	done
	is "$name: killed at every ${step}th of $total system calls" "$bad" ""
}

check_incremental() {
	restored work 0001 v1
	restored work 0002 v2
	[ ! -e work/0003.json ] || restored work 0003 v3
}
killed "incremental" start check_incremental incremental -q --compare --as-is src work

check_prune() {
	restored work 0003 v3
	# 0002 may go or stay, but what is listed restores
	"$bak" list --json work 2>>log | grep -q '"id": "0002"' && restored work 0002 v2
}
killed "prune" three check_prune prune -q --keep 1 work
tap_done
