#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: an I/O error, a full disk or a disk gone read-only at any write-side call of aipmng is
#         reported, leaves each script wholly old or wholly new, and the next run makes both agree
# needs: rpmbuild, rpm, ptrace
# timeout: 900
#
# Each write-side call fails once; and, as a full disk does, one and all after it.
# A seeded sample; every call with every error with AIP_FAULTS=all (errors-all.t).
import errno
import os
import random
import subprocess
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
from aiproot import case  # noqa: E402

aiproot.enter()
aiproot.build("faultrun")
FAULTRUN = f"{aiproot.BUILD}/faultrun"
ALL = os.environ.get("AIP_FAULTS") == "all"
ERRORS = (errno.EIO, errno.ENOSPC, errno.EROFS)
rnd = random.Random(int(os.environ["AIP_SEED"]))
kit = aiproot.Kit()
OLD = kit.scripts("1.0-1")


def writes(root, args):
    """Numbers of the write-side calls of an undisturbed run."""
    out = f"{aiproot.TMP}/calls"
    root.aipmng(*args, wrap=[FAULTRUN, "list", out, "--"])
    with open(out, encoding="ascii") as f:
        return [int(line.split()[0]) for line in f if line.split()[2] == "w"]


def chosen(points):
    everything = [(n, e, how) for n in points for e in ERRORS for how in ("fail", "failfrom")]
    return everything if ALL else sorted(rnd.sample(everything, min(40, len(everything))))


def judge(root, r, how, quiet, goal):
    """What is wrong after a run with a fault, as text."""
    now = root.states(OLD)
    if "other" in now:
        return f"{now}: a script is neither old nor new"
    if now == ("pristine", "patched"):
        return "halt is patched without rc.sysinit"
    if r.returncode < 0 or r.returncode > 128:
        return f"died: {r.returncode}"
    if quiet and r.returncode != 0:
        return f"ended with {r.returncode}: {r.stderr}"
    if not quiet and r.returncode == 0 and now != (goal, goal):
        return f"{now}, and said that it succeeded"
    if not quiet and r.returncode != 0 and not r.stderr:
        return "failed without a word"
    if how == "fail" and now[0] != now[1]:
        return f"{now}: one error, and half of the set stays changed"
    return ""


def run(name, root, keep, args, goal, quiet=False):
    """Let @args fail everywhere; then, without a fault, it must lead to @goal."""
    root.restore(keep)
    points = chosen(writes(root, args))
    if not case(f"{name}: undisturbed", root.states(OLD) == (goal, goal), root.states(OLD)):
        return
    bad, reached = [], 0
    for n, e, how in points:
        root.restore(keep)
        r = root.aipmng(*args, wrap=[FAULTRUN, how, str(n), str(e), "--"])
        if r.returncode == 125:
            continue  # this run made fewer calls
        reached += 1
        wrong = judge(root, r, how, quiet, goal)
        again = root.aipmng(*args)
        if not wrong and root.states(OLD) != (goal, goal):
            wrong = f"the next run: {root.states(OLD)}, {again.stderr}"
        if not wrong and root.leftovers():
            wrong = f"left behind {root.leftovers()}"
        if wrong:
            bad.append(f"{how} {n} {errno.errorcode[e]}: {wrong}")
    case(f"{name}: {len(points)} errors", not bad, "\n".join(bad[:20]))
    case(f"{name}: the errors were met", reached >= len(points) * 0.9, f"{reached}")


if subprocess.run([FAULTRUN, "list", "/dev/null", "--", "true"], check=False).returncode != 0:
    aiproot.skip("errors", "no ptrace here")
    aiproot.done()

root = kit.root("r")
root.rpm("-i", kit.package("1.0-1"))
root.index(OLD)
fresh = root.save("fresh")
run("apply", root, fresh, ["--patches"], "patched")
run("reconcile", root, fresh, ["--reconcile"], "patched", quiet=True)
root.restore(fresh)
root.aipmng("--patches")
applied = root.save("applied")
run("revert", root, applied, ["--revert"], "pristine")
run("erase", root, applied, ["--erase"], "pristine", quiet=True)
aiproot.done()
