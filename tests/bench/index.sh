#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# index.sh: CPU time to load, verify and select from an index of 10,000 packages; goal: at
# most 150 ms.
#
#	tests/bench/index.sh		one line for each figure
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
make -s -C "$top" B="$B" "$B/bench-index" "$B/aip-mkindex"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/aip-bench.XXXXXX")
trap 'GNUPGHOME=$tmp/keys/gnupg gpgconf --kill all; rm -rf "$tmp"' EXIT
"$top/tests/lib/gpgkeys" "$tmp/keys" 2>/dev/null
export GNUPGHOME=$tmp/keys/gnupg

# @1 packages over @2 distinct pairs of scripts
make_index() {
	python3 - "$1" "$2" >"$tmp/plain.json" <<'PY'
import hashlib, json, sys
packages, pairs = map(int, sys.argv[1:])
def sha(*a): return hashlib.sha256(repr(a).encode()).hexdigest()
rc = "".join("+" + l + "\n" for l in ["# start tracking", "if [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then", "\t/etc/aipsnap start --tracking", "fi"])
halt = "".join("+" + l + "\n" for l in ["# now clear dirty flag on tracking table", "[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag"])
files = {}
for i in range(pairs):
    files[sha(i, "rc")] = {"path": "/etc/rc.d/rc.sysinit", "post": sha(i, "rc", 1), "diff": f"@@ -{222+i%9},0 +{223+i%9},4 @@\n{rc}"}
    files[sha(i, "halt")] = {"path": "/etc/rc.d/init.d/halt", "post": sha(i, "halt", 1), "diff": f"@@ -{180+i%9},0 +{181+i%9},2 @@\n{halt}"}
pk = [{"name": "initscripts", "evr": f"9.{i}-1.el6", "arch": "x86_64", "files": sorted([sha(i % pairs, "rc"), sha(i % pairs, "halt")])} for i in range(packages)]
json.dump({"format": 1, "stream": "bench", "serial": 1, "issued": "2026-01-01T00:00:00Z", "expires": "2036-01-01T00:00:00Z", "revoked_keys": [], "withdrawn": [], "files": files, "packages": pk}, sys.stdout)
print(sha(0, "rc"), file=sys.stderr)
PY
}
for pairs in 500 10000; do
	pre=$(make_index 10000 $pairs 2>&1 >/dev/null)
	"$B/aip-mkindex" sign --sign "$(cat "$tmp/keys/bob.fpr")" -o "$tmp/signed.json" "$tmp/plain.json"
	read -r ms mib < <("$B/bench-index" "$tmp/signed.json" "$tmp/keys/bob.asc" "$pre")
	echo "index of 10,000 packages, $((2 * pairs)) patches, $(($(stat -c %s "$tmp/signed.json") / 1024)) KiB: load, verify, select $ms ms of CPU (goal 150), peak $mib MiB"
done
