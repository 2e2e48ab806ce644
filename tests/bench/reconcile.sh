#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reconcile.sh: what a reconcile with nothing to do costs, with a signed index of
# 1,000 packages in the cache; goals: at most 30 ms of CPU, 16 MiB, no network.
#
#	tests/bench/reconcile.sh [PACKAGES]	one line for each figure
#
# CPU time is the median of 25 runs, children included.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
export AIP_TOP=$top AIP_B=${B:-$top/build} AIP_SEED=1
AIP_TMP=$(mktemp -d "${TMPDIR:-/tmp}/aip-bench.XXXXXX")
export AIP_TMP
trap 'rm -rf "$AIP_TMP"' EXIT
python3 - "${1:-1000}" <<'EOP'
import base64
import hashlib
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot
from aiproot import HOOKS, PATHS, TMP

aiproot.enter()
kit = aiproot.Kit()
packages = int(sys.argv[1])
TYPE = "application/vnd.aip.index+json"
env = dict(os.environ, GNUPGHOME=f"{TMP}/gnupg")
os.mkdir(f"{TMP}/gnupg", 0o700)


def gpg(*args, data=None):
    return subprocess.run(["gpg", "--batch", "--quiet", "--passphrase", "", "--pinentry-mode",
                           "loopback", *args], input=data, env=env, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def entry(path, text):
    lines = text.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines)
              if line.startswith(b"if [ -f /fastboot" if path == aiproot.RC else b"done")) \
        + (path != aiproot.RC)
    hook = HOOKS[path].encode().splitlines(keepends=True)
    post = b"".join(lines[:at] + hook + lines[at:])
    diff = f"@@ -{at},0 +{at + 1},{len(hook)} @@\n" + "".join("+" + h.decode() for h in hook)
    return hashlib.sha256(text).hexdigest(), {
        "path": path, "post": hashlib.sha256(post).hexdigest(), "diff": diff}


files, list_ = {}, []
for i in range(packages):
    scripts = kit.scripts("1.0-1" if i == 0 else f"build {i}")
    pre = []
    for p in PATHS:
        k, e = entry(p, scripts[p])
        files[k] = e
        pre.append(k)
    list_.append({"name": "initscripts", "evr": f"1.0-{i}", "arch": "x86_64", "files": sorted(pre)})
payload = json.dumps({
    "format": 1, "stream": "bench", "serial": 1, "issued": "2026-01-01T00:00:00Z",
    "expires": "2046-01-01T00:00:00Z", "revoked_keys": [], "withdrawn": [],
    "files": dict(sorted(files.items())), "packages": list_}, separators=(",", ":")).encode()
gpg("--quick-generate-key", "bench <bench@example.com>", "ed25519", "sign", "never")
sig = gpg("--digest-algo", "SHA256", "--detach-sign", "-o", "-",
          data=b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload))
url = f"{TMP}/index.json"
aiproot.write(url, json.dumps({
    "payloadType": TYPE, "payload": base64.b64encode(payload).decode(),
    "signatures": [{"keyid": "", "sig": base64.b64encode(sig).decode()}]}))

root = kit.root("r")
root.rpm("-i", kit.package("1.0-1"))
aiproot.write(root.file("/etc/aip/keys.d/bench.asc"), gpg("--armor", "--export"))
aiproot.build("aip-fetch")
os.environ["AIP_LIBEXECDIR"] = aiproot.BUILD
r = root.aipmng("--patches", "--index", f"file://{url}", timeout=120)
assert r.returncode == 0, r
cpu, peak = [], 0
for _ in range(25):
    pid = os.fork()
    if pid == 0:
        os.execv(aiproot.AIPMNG, root.cmd("--reconcile"))
    _, status, use = os.wait4(pid, 0)
    assert status == 0
    cpu.append((use.ru_utime + use.ru_stime) * 1000)
    peak = max(peak, use.ru_maxrss)
assert root.status()["indexes"][0]["from"] == "cache", root.status()["indexes"]
calls = subprocess.run(["strace", "-f", "-e", "trace=%network,execve", *root.cmd("--reconcile")],
                       stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                       check=False).stderr
net = sum("socket(" in line and "AF_UNIX" not in line for line in calls.splitlines())
print(f"index: {packages} packages, {len(files)} patches, {len(payload) // 1024} KiB, 1 signature")
print(f"reconcile, nothing to do: CPU {statistics.median(cpu):.1f} ms "
      f"(min {min(cpu):.1f}, max {max(cpu):.1f})")
print(f"reconcile, nothing to do: peak memory {peak / 1024:.1f} MiB")
print(f"reconcile, nothing to do: network sockets {net}, programs run "
      f"{calls.count('execve(') - 1}")
EOP
