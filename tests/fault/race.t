#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a script that rpm replaces in the very instant in which aipmng does is not lost, not even when
#         aipmng is killed right then; and where old and new cannot be exchanged a locked rename does it
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


def listed(args):
    """Numbers of the calls that exchange the scripts, in a run that is not disturbed."""
    out = f"{aiproot.TMP}/calls"
    root.aipmng(*args, wrap=[FAULTRUN, "list", out, "--"])
    with open(out, encoding="ascii") as f:
        return [int(line.split()[0]) for line in f if int(line.split()[1]) == RENAMEAT2]


def exchanges(args):
    """These calls, for faultrun."""
    root.restore(fresh)
    return [f"{RENAMEAT2}:{k + 1}" for k in range(len(listed(args)))]


def disturbed(args, n, command, then=None):
    root.restore(fresh)
    env = dict(os.environ, FAULTRUN_THEN=str(then)) if then else None
    return root.aipmng(*args, wrap=[FAULTRUN, "at", str(n), command, "--"], env=env)


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
    first = listed(args)[0]
    root.restore(fresh)
    r = root.aipmng(*args, wrap=[FAULTRUN, "at", str(first - 60), hold, "--"])
    case(f"{what}: a transaction that begins meanwhile is waited for", r.returncode == 0 and
         root.states(OLD) == BOTH, r)

# killed right after an exchange: what it brought out lies beside the script; had rpm just put it there,
# it would be the only copy
for args, undo in ((["--patches"], ["--reconcile"]), (["--revert"], ["--revert"])):
    what = f"{args[0]}, killed after the exchange"
    start = fresh
    if undo == ["--revert"]:
        root.restore(fresh)
        root.aipmng("--patches")
        start = root.save("applied")
    root.restore(start)
    calls = [f"{RENAMEAT2}:{k + 1}" for k in range(len(listed(args)))]
    for n, p in zip(calls, PATHS if undo == ["--reconcile"] else PATHS[::-1]):
        for name, scripts in (("the old", None), ("a new", NEW), ("an unknown", UNKNOWN)):
            root.restore(start)
            root.aipmng(*args, wrap=[FAULTRUN, "kill", f"{n}+1", "--"])
            beside = root.leftovers()
            mine = [f for f in beside if f"/.{os.path.basename(p)}.aip-" in f]
            if not case(f"{what}: {name} {p} lies beside it", len(mine) == 1, beside):
                continue
            if scripts:
                with open(mine[0], "wb") as f:
                    f.write(scripts[p])
            # and a file that somebody was still writing
            half = root.file(os.path.dirname(p)) + f"/.{os.path.basename(p)}.aip-0123456789ab"
            with open(half, "wb") as f:
                f.write(b"#!/bin/bash\nhal")
            os.chmod(half, 0)
            r = root.aipmng(*undo)
            want = {q: scripts[q] if scripts and q == p else OLD[q] for q in PATHS}
            goal = BOTH if undo == ["--reconcile"] and name != "an unknown" else NONE
            case(f"{what}: {name} {p}: the next run goes on from there", root.states(want) == goal
                 and not root.leftovers(), f"{root.states(want)} {root.leftovers()} {r}")
    # and then somebody has edited the script
    root.restore(start)
    root.aipmng(*args, wrap=[FAULTRUN, "kill", f"{calls[0]}+1", "--"])
    p = PATHS[0] if undo == ["--reconcile"] else PATHS[1]
    mine = [f for f in root.leftovers() if f"/.{os.path.basename(p)}.aip-" in f]
    with open(mine[0], "wb") as f:
        f.write(UNKNOWN[p])
    edited = root.get(p) + b"# mine\n"
    root.put(p, edited)
    r = root.aipmng(*undo)
    case(f"{what}, and edited: neither is lost", root.get(p + ".aipsave") == UNKNOWN[p] and
         root.get(p) in (edited, edited.replace(aiproot.HOOKS[p].encode(), b"")) and not root.leftovers(), r)

# the exchange back fails too: an error, and the next run has it
for n, p in zip(exchanges(["--patches"]), PATHS):
    for name, scripts, goal in (("new", NEW, BOTH), ("unknown", UNKNOWN, NONE)):
        r = disturbed(["--patches"], n, arrives(name, p), errno.EIO)
        case(f"an {name} {p} arrives and the disk fails: an error", r.returncode == 1 and
             p in r.stderr and "could not be taken back" in r.stderr, r)
        r = root.aipmng("--reconcile")
        want = {q: scripts[q] if q == p else OLD[q] for q in PATHS}
        case(f"an {name} {p} arrives and the disk fails: the next run finds it", root.states(want) == goal and
             not root.leftovers(), f"{root.states(want)} {r}")
aiproot.done()
