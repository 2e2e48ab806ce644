#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# trigger.sh: what aip adds to a dnf transaction that updates initscripts, with a
# signed index of 1,000 packages in the cache.
#
#	tests/bench/trigger.sh [RUNS] [PACKAGES]	one line for each figure
#
# The same "dnf upgrade initscripts" in throwaway roots: without aip, with aip but
# without triggers, with aip.  The three take turns, so that what else the machine does
# meets all of them; medians of RUNS (default 15).  CPU time is that of dnf and of all
# that it started.  Last, what the trigger's aipmng executes, in instructions of user
# space, twice: that figure does not depend on the machine's load.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
export AIP_TOP=$top AIP_B=${AIP_B:-${B:-$top/build}} AIP_SEED=1
: "${AIP_TMP:=$(mktemp -d "${TMPDIR:-/tmp}/aip-bench.XXXXXX")}"
export AIP_TMP
clean() {
	for R in "$AIP_TMP/without" "$AIP_TMP/with"; do [ ! -d "$R/dev" ] || rr_drop || :; done
	rm -rf "$AIP_TMP"
}
trap clean EXIT
# shellcheck source=tests/lib/rpmroot.sh
. "$top/tests/lib/rpmroot.sh"
rr_enter "$@"
runs=${1:-15} packages=${2:-1000}

for v in 9.03.1-1 9.03.2-1; do rr_initscripts $v >/dev/null; done
mkdir "$AIP_TMP/repo"
cp "$AIP_RPMS"/*.rpm "$AIP_TMP"/rpms/plain/*.rpm "$AIP_TMP/repo"
createrepo_c -q "$AIP_TMP/repo"
stamps="9.03.1-1 9.03.2-1"
for ((i = 2; i < packages; i++)); do
	dir=$AIP_TMP/scripts/build-$i
	mkdir "$dir"
	for s in rc.sysinit halt; do sed "2s/.*/# build $i/" "$AIP_TMP/scripts/9.03.1-1/$s" >"$dir/$s"; done
	stamps+=" build-$i"
done
rr_key bench
rr_index "$AIP_TMP/index.json" "$stamps"

# root NAME [PACKAGE]...: a root with the older initscripts
root() {
	rr_new "$1"
	shift
	printf '%s\n' '[base]' 'name=base' "baseurl=file://$AIP_TMP/repo" 'gpgcheck=0' >"$R/etc/yum.repos.d/base.repo"
	cp "$AIP_TMP/index.json" "$R/index.json"
	rr_configure file:///index.json "$AIP_TMP/bench.asc"
	rr_dnf install initscripts-9.03.1-1 "$@" >&2
}
# patched WANTED WHO: the scripts are what this run should have made of them, or there is nothing to measure
patched() {
	[ "$(rr_state $RC) $(rr_state $HALT)" = "$1 $1" ] || rr_die "$2: $(rr_state $RC) $(rr_state $HALT), not $1"
}
root without
root with aip
rr_aipmng --patches >&2
rm "$R/index.json" # from now on only the cache has it
[ "$(rr_aipmng --status --json | jq -r '.indexes[] | select(.from == "cache") | .stream' | wc -l)" = 1 ] ||
	rr_die "the index is not in the cache"

# timed OUT COMMAND...: append CPU and wall time in ms
timed() {
	python3 - "$@" <<-'EOP'
		import os, sys, time
		start = time.monotonic()
		pid = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
		_, status, use = os.wait4(pid, 0)
		if status:
		    sys.exit(1)
		with open(sys.argv[1], "a") as f:
		    f.write(f"{(use.ru_utime + use.ru_stime) * 1000} {(time.monotonic() - start) * 1000}\n")
	EOP
}
# upgrade NAME ROOT OPTION...: one measured transaction, then back, unmeasured
upgrade() {
	local name=$1 hook=
	R=$AIP_TMP/$2
	shift 2
	timed "$AIP_TMP/$name.times" dnf -q -y --installroot="$R" --config="$R/etc/dnf/dnf.conf" --setopt="reposdir=$R/etc/yum.repos.d" \
		--setopt=cachedir=/var/cache/dnf --releasever=6 "$@" upgrade initscripts >&2 || rr_die "$name: dnf upgrade failed"
	[ "$name" != trigger ] || hook=+hook
	patched "9.03.2-1$hook" "$name"
	rr_rpm -U --oldpackage "$AIP_TMP/rpms/plain/initscripts-9.03.1-1.rpm" >&2
	[ "$R" != "$AIP_TMP/with" ] || patched 9.03.1-1+hook "$name, back"
}
for ((i = 0; i < runs; i++)); do
	upgrade bare without
	upgrade notriggers with --setopt=tsflags=notriggers
	upgrade trigger with
done
python3 - "$AIP_TMP" <<-'EOP'
	import statistics, sys
	figures = {}
	for name in ("bare", "notriggers", "trigger"):
	    with open(f"{sys.argv[1]}/{name}.times") as f:
	        figures[name] = list(zip(*(map(float, line.split()) for line in f)))
	words = {"bare": "without aip", "notriggers": "with aip, no triggers", "trigger": "with aip"}
	for name, (cpu, wall) in figures.items():
	    print(f"dnf upgrade initscripts, {words[name]}: CPU {statistics.median(cpu):.0f} ms (min {min(cpu):.0f}), "
	          f"wall {statistics.median(wall):.0f} ms (min {min(wall):.0f}), {len(cpu)} runs")
	for what, i in (("CPU", 0), ("wall", 1)):
	    more = [b - a for a, b in zip(figures["notriggers"][i], figures["trigger"][i])]
	    print(f"the trigger adds: {what} {statistics.median(more):.0f} ms (median of the pairs; "
	          f"min - min {min(figures['trigger'][i]) - min(figures['notriggers'][i]):.0f} ms)")
EOP

# what the trigger's aipmng executes, without the two bash -n that it starts
R=$AIP_TMP/with
make -s -C "$top" B="$AIP_B" "$AIP_B/aipmng" >&2
for run in 1 2; do
	rr_rpm -U --notriggers "$AIP_TMP/rpms/plain/initscripts-9.03.2-1.rpm" >&2
	rm -f "$AIP_TMP"/count.*
	AIP_IN_TRANSACTION=1 valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
		--log-file="$AIP_TMP/count.%p" "$AIP_B/aipmng" --root "$R" --reconcile >&2
	patched 9.03.2-1+hook "counted run $run"
	awk '/I *refs:/ { gsub(",", "", $NF); n += $NF } END { printf "the trigger'"'"'s aipmng executes %.1f million instructions\n", n / 1e6 }' \
		"$AIP_TMP"/count.*
	rr_rpm -U --oldpackage "$AIP_TMP/rpms/plain/initscripts-9.03.1-1.rpm" >&2
done
