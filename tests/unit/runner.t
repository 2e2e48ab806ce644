#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the test runner counts right: no test passes by falling over
set -u
mkdir -p "$AIP_TMP/tree/tests/a"
cp tests/run "$AIP_TMP/tree/tests/"
cd "$AIP_TMP/tree" || exit 1

test_is() { # NAME BODY: a test in the little tree
	printf '#!/bin/bash\n# proves: something\n%s\n' "$2" >"tests/a/$1.t"
	chmod +x "tests/a/$1.t"
}
expect() { # WHAT EXPECTED-LAST-LINE EXPECTED-STATUS [RUN-ARGS]
	local what=$1 want=$2 status=$3 got rc
	shift 3
	got=$(env -u B AIP_SEED=1 TMPDIR="$AIP_TMP" tests/run "$@" 2>&1)
	rc=$?
	if [ "$(tail -n 1 <<<"$got")" = "$want" ] && [ $rc = "$status" ]; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		printf '%s: status %s, wanted %s / %s\n%s\n' "$what" $rc "$status" "$want" "$got" >&2
	fi
	rm -f tests/a/*.t
}

test_is pass 'echo "ok - one"; echo "ok 2 - two"; echo "ok - three # SKIP no such device"'
expect "passes and skips are counted" "2 passed, 0 failed, 1 skipped" 0
test_is fail 'echo "ok - one"; echo "not ok - two"; exit 1'
expect "a failed case fails the run" "1 passed, 1 failed, 0 skipped" 1
test_is falls 'echo "ok - one"; exit 3'
expect "a status without a failed case is one" "1 passed, 1 failed, 0 skipped" 1
test_is crash 'echo "ok - one"; kill -SEGV $$'
expect "a crash is a failure" "1 passed, 1 failed, 0 skipped" 1
test_is silent 'exit 0'
expect "no case at all is a failure" "0 passed, 1 failed, 0 skipped" 1
test_is reasonless 'echo "ok - one # SKIP"'
expect "a skip without a reason is a failure" "0 passed, 1 failed, 0 skipped" 1
test_is slow '# timeout: 1
echo "ok - one"; sleep 30'
expect "a time-out is a failure" "1 passed, 1 failed, 0 skipped" 1
test_is quick 'echo "ok - one"'
test_is heavy '# tier: full
echo "ok - two"'
expect "the full tier stays out of a quick run" "1 passed, 0 failed, 0 skipped" 0
test_is quick 'echo "ok - one"'
test_is heavy '# tier: full
echo "ok - two"'
expect "and is part of a full one" "2 passed, 0 failed, 0 skipped" 0 --tier full
expect "no test at all is a failure" "0 passed, 1 failed, 0 skipped" 1
for i in 1 2 3 4 5 6; do
	test_is "p$i" "# slots: all
mkdir '$AIP_TMP/alone' || { echo 'not ok - alone'; exit; }; sleep .1; rmdir '$AIP_TMP/alone'; echo 'ok - $i'"
done
expect "a test with all slots runs alone" "6 passed, 0 failed, 0 skipped" 0 --jobs 3
