#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mkindex.sh: from 1,000 packages to a signed index, goal at most 20 s on two cores; again
# with 10 new ones, at most 2 s; one proof with bash -n, at most 30 ms.
#
#	tests/bench/mkindex.sh [PACKAGES]	one line for each figure
#
# The packages are made once and kept in build/bench.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
export AIP_TOP=$top
B=${B:-$top/build} n=${1:-1000}
make -s -C "$top" B="$B" "$B/aip-mkindex"
AIP_TMP=$(mktemp -d "${TMPDIR:-/tmp}/aip-bench.XXXXXX")
export AIP_TMP
trap 'GNUPGHOME=$AIP_TMP/keys/gnupg gpgconf --kill all; rm -rf "$AIP_TMP"' EXIT
. "$top/tests/lib/mkrpm.sh"
"$top/tests/lib/gpgkeys" "$AIP_TMP/keys" 2>/dev/null
export GNUPGHOME=$AIP_TMP/keys/gnupg
rpms=$B/bench/rpms
mkdir -p "$rpms"
drbl=$("$top/tests/lib/drbl" "$B/bench" 2>/dev/null) || drbl=$top/tests/data/mkindex

# real scripts where they can be had, each variant different in a comment
one() {
	local i=$1 f
	[ ! -e "$rpms/initscripts-9.$i-1.el6.noarch.rpm" ] || return 0
	mkdir -p "$AIP_TMP/s$i"
	for f in rc.sysinit halt; do sed "2s/^/# variant $i\n/" "$drbl/$f" >"$AIP_TMP/s$i/$f"; done
	mv "$(mkrpm initscripts "9.$i-1.el6" "$AIP_TMP/s$i")" "$rpms/"
	rm -rf "$AIP_TMP/s$i" "$AIP_TMP/rpmbuild-initscripts-9.$i-1.el6"
}
for ((i = 1; i <= n + 10; i++)); do
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
	one "$i" &
done
wait
mkdir "$AIP_TMP/mirror"
for ((i = 1; i <= n; i++)); do ln -s "$rpms/initscripts-9.$i-1.el6.noarch.rpm" "$AIP_TMP/mirror/"; done

# seconds COMMAND...: wall and CPU seconds
seconds() {
	local TIMEFORMAT='%R s (%U user, %S system)'
	{ time "$@" >"$AIP_TMP/out" 2>"$AIP_TMP/err"; } 2>&1 || { cat "$AIP_TMP/err" >&2; exit 1; }
}
build=("$B/aip-mkindex" build -j 2 --sign "$(cat "$AIP_TMP/keys/alice.fpr")" -o "$AIP_TMP/index.json.gz")
echo "$n packages to a signed index: $(seconds "${build[@]}" --stream bench "$AIP_TMP/mirror") (goal 20 s)"
grep -q "^$((2 * n)) scripts proved" "$AIP_TMP/out" || { tail -4 "$AIP_TMP/out" >&2; exit 1; }
for ((i = n + 1; i <= n + 10; i++)); do ln -s "$rpms/initscripts-9.$i-1.el6.noarch.rpm" "$AIP_TMP/mirror/"; done
echo "again with --previous and 10 new ones: $(seconds "${build[@]}" --previous "$AIP_TMP/index.json.gz" "$AIP_TMP/mirror") (goal 2 s)"
grep -q "^10 packages read, $n known" "$AIP_TMP/out" || { tail -4 "$AIP_TMP/out" >&2; exit 1; }
createrepo_c -q "$AIP_TMP/mirror"
echo "the same through its repodata: $(seconds "${build[@]}" --previous "$AIP_TMP/index.json.gz" "$AIP_TMP/mirror")"
best=$(for i in 1 2 3 4 5 6 7 8 9; do
	start=$(date +%s%N)
	"$B/aip-mkindex" prove --kind rc.sysinit "$drbl/rc.sysinit" >/dev/null
	echo $((($(date +%s%N) - start) / 10000))
done | sort -n | sed -n 5p)
echo "proof of one script, bash -n included: $((best / 100)).$(printf %02d $((best % 100))) ms (goal 30 ms)"
