#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a script that rpm replaces in the very instant in which aipmng does is not lost, and where
#         old and new cannot be exchanged a locked rename does it
# needs: rpmbuild, rpm, ptrace
# timeout: 200
import errno
import os
import subprocess
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
from aiproot import HALT, PATHS, RC, case  # noqa: E402

aiproot.enter()
aiproot.build("faultrun")
FAULTRUN = f"{aiproot.BUILD}/faultrun"
RENAMEAT2 = 316
kit = aiproot.Kit()
OLD, NEW, UNKNOWN = (kit.scripts(v) for v in ("1.0-1", "1.1-1", "1.2-1"))
BOTH, NONE = ("patched", "patched"), ("pristine", "pristine")

if subprocess.run([FAULTRUN, "list", "/dev/null", "--", "true"], check=False).returncode != 0:
    aiproot.skip("race", "no ptrace here")
    aiproot.done()
root = kit.root("r")
root.rpm("-i", kit.package("1.0-1"))
root.index(OLD, NEW)
fresh = root.save("fresh")
for name, scripts in (("new", NEW), ("unknown", UNKNOWN)):
    for p in PATHS:
        aiproot.write(f"{aiproot.TMP}/{name}{p}", scripts[p])


def exchanges(args):
    """Numbers of the calls that exchange the scripts."""
    root.restore(fresh)
    out = f"{aiproot.TMP}/calls"
    root.aipmng(*args, wrap=[FAULTRUN, "list", out, "--"])
    with open(out, encoding="ascii") as f:
        return [int(line.split()[0]) for line in f if int(line.split()[1]) == RENAMEAT2]


def disturbed(args, n, command):
    root.restore(fresh)
    return root.aipmng(*args, wrap=[FAULTRUN, "at", str(n), command, "--"])


def arrives(name, path):
    """The shell command that renames another script into place, as rpm does."""
    to = root.file(path)
    return f"cp -p {aiproot.TMP}/{name}{path} {to}.rpm && mv {to}.rpm {to}"


for args in (["--patches"], ["--reconcile"]):
    calls = exchanges(args)
    what = args[0]
    case(f"{what}: each script is exchanged once", len(calls) == 2, calls)
    for n, p in zip(calls, PATHS):
        r = disturbed(args, n, arrives("new", p))
        want = {q: NEW[q] if q == p else OLD[q] for q in PATHS}
        case(f"{what}: a known {p} arrives in that instant: it is the one that is patched",
             root.states(want) == BOTH and r.returncode == 0, f"{root.states(want)} {r}")
        case(f"{what}: nothing is left behind", not root.leftovers(), root.leftovers())
        r = disturbed(args, n, arrives("unknown", p))
        want = {q: UNKNOWN[q] if q == p else OLD[q] for q in PATHS}
        case(f"{what}: an unknown {p} arrives: it stays, and so does the other",
             root.states(want) == NONE, f"{root.states(want)} {r}")
    for n in calls:
        root.restore(fresh)
        r = root.aipmng(*args, wrap=[FAULTRUN, "fail", str(n), str(errno.ENOSYS), "--"])
        case(f"{what}: a kernel without the exchange, call {n}", r.returncode == 0 and
             root.states(OLD) == BOTH and not root.leftovers(), r)
    # a transaction that begins right before: aipmng waits for its end
    root.restore(fresh)
    lock = root.file("/var/lib/rpm/.rpm.lock")
    hold = (f"{sys.executable} -c 'import fcntl, os, sys, time; f = open(\"{lock}\", \"r+\"); "
            "fcntl.lockf(f, fcntl.LOCK_EX); sys.stdout.close(); os.close(1); time.sleep(2)' &"
            " sleep 1")
    # at the first bash -n everything has been decided
    r = root.aipmng(*args, wrap=[FAULTRUN, "at", str(calls[0] - 60), hold, "--"])
    case(f"{what}: a transaction that begins meanwhile is waited for", r.returncode == 0 and
         root.states(OLD) == BOTH, r)
aiproot.done()
