#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: every fuzz target runs its seeds and AIP_FUZZ_SECONDS of mutations without a finding, under ASan and UBSan
# needs: clang with libFuzzer
# timeout: 3000
# slots: all
# order: 0
#
# AIP_FUZZ_SECONDS  seconds for each target (default: 240 divided by the rounds that two
#                   cores need, at most 60)
# AIP_FUZZ_TARGETS  names, default all
#
# What a run finds stays in build/fuzz/NAME.corpus (new inputs) and build/fuzz/NAME.crash-*.
. "$AIP_TOP/tests/lib/tap.sh"
cd "$AIP_TOP" || exit 1
B=$AIP_B/fuzz
mkdir -p "$B"
read -ra targets <<<"${AIP_FUZZ_TARGETS:-$(cd tests/fuzz && echo fuzz_*.c | sed 's/fuzz_//g; s/\.c//g')}"
cores=$(nproc)
[ "$cores" -gt 2 ] && cores=2
if [ -z "${AIP_FUZZ_SECONDS:-}" ]; then
	rounds=$(((${#targets[@]} + cores - 1) / cores))
	AIP_FUZZ_SECONDS=$((240 / rounds))
	[ "$AIP_FUZZ_SECONDS" -le 60 ] || AIP_FUZZ_SECONDS=60
fi
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

if ! flock "$B" make -s B="$B" CC=clang SAN=address,undefined CFLAGS=-fsanitize=fuzzer-no-link \
	"${targets[@]/#/$B/fuzz-}" >&2; then
	fail "the fuzz targets build"
	tap_done
fi

# one target: seeds, then mutations; its log is its own
run() {
	local name=$1
	mkdir -p "$B/$name.corpus"
	nice timeout $((AIP_FUZZ_SECONDS + 120)) "$B/fuzz-$name" -seed="$AIP_SEED" \
		-max_total_time="$AIP_FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$B/$name.crash-" "$B/$name.corpus" "tests/fuzz/$name" >"$B/$name.log" 2>&1
	echo $? >"$B/$name.rc"
}

for name in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do wait -n; done
	run "$name" &
done
wait
for name in "${targets[@]}"; do
	execs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$B/$name.log")
	if [ "$(cat "$B/$name.rc")" = 0 ] && [ "${execs:-0}" -gt 0 ]; then
		ok "fuzz: $name finds nothing"
		echo "# $name: ${AIP_FUZZ_SECONDS} s, $execs inputs, $(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$B/$name.log" | tail -1) edges"
	else
		fail "fuzz: $name finds nothing" "$(tail -40 "$B/$name.log")"
	fi
done

# a target that has a fault is seen: the same run on one that traps on a certain input
cat >"$AIP_TMP/fault.c" <<'C'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { char a[4] = "abc"; return n > 2 && d[0] == 'F' ? a[n + d[1]] * 0 : 0; }
C
if clang -g -fsanitize=fuzzer,address,undefined -o "$AIP_TMP/fault" "$AIP_TMP/fault.c" 2>/dev/null; then
	(cd "$AIP_TMP" && timeout 60 ./fault -runs=2000000 -seed=1 >fault.log 2>&1)
	has "fuzz: a fault is found" "$(cat "$AIP_TMP/fault.log")" "SUMMARY: "
else
	fail "fuzz: a fault is found" "the target with the fault does not build"
fi
tap_done
