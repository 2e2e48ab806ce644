#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aipmng killed at any system call leaves each script wholly old or wholly new, never halt
#         patched without rc.sysinit, and the next run makes both agree
# needs: rpmbuild, rpm, ptrace
# timeout: 900
#
# What is on disk changes in write-side calls only, so kills at the entry of each of
# them see every state.  Here a seeded sample of them and of the other calls; every
# call of every run with AIP_FAULTS=all (kill-all.t).
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
rnd = random.Random(int(os.environ["AIP_SEED"]))
kit = aiproot.Kit()
OLD, NEW = kit.scripts("1.0-1"), kit.scripts("1.1-1")
POST = {p: aiproot.patched(p, OLD[p]) for p in aiproot.PATHS}


def calls(root, args):
    """The calls of an undisturbed run: [(number, writes)]."""
    out = f"{aiproot.TMP}/calls"
    root.aipmng(*args, wrap=[FAULTRUN, "list", out, "--"])
    with open(out, encoding="ascii") as f:
        return [(int(line.split()[0]), line.split()[2] == "w") for line in f]


def chosen(all_calls):
    some = [n for n, w in all_calls if w]
    rest = [n for n, w in all_calls if not w]
    if ALL:
        return [n for n, _ in all_calls]
    return sorted(rnd.sample(some, min(45, len(some))) + rnd.sample(rest, min(10, len(rest))))


def run(name, root, keep, args, pristine, goal, then):
    """Kill @args everywhere; afterwards @then must lead both scripts to @goal."""
    root.restore(keep)
    everything = calls(root, args)
    if not case(f"{name}: undisturbed", root.states(pristine) == (goal, goal),
                root.states(pristine)):
        return
    bad, points, killed = [], chosen(everything), 0
    for n in points:
        root.restore(keep)
        before = {p: root.get(p) for p in aiproot.PATHS}
        r = root.aipmng(*args, wrap=[FAULTRUN, "kill", str(n), "--"])
        killed += r.returncode in (137, -9)
        now = []
        for p in aiproot.PATHS:
            got = root.get(p)
            now.append("patched" if got == aiproot.patched(p, pristine[p]) else
                       "pristine" if got == pristine[p] else
                       "before" if got == before[p] else "other")
        if "other" in now:
            bad.append(f"call {n}: {now}: a script is neither old nor new")
        if now == ["pristine", "patched"]:
            bad.append(f"call {n}: halt is patched without rc.sysinit")
        after = root.aipmng(*then)
        if root.states(pristine) != (goal, goal):
            bad.append(f"call {n}: {now}, then {root.states(pristine)}: {after.stderr}")
        elif root.leftovers():
            bad.append(f"call {n}: left behind {root.leftovers()}")
        intents = [f for f in os.listdir(root.file("/var/lib/aip/records"))
                   if "intent" in f] if os.path.isdir(root.file("/var/lib/aip/records")) else []
        if intents:
            bad.append(f"call {n}: intents stay: {intents}")
    case(f"{name}: killed at {len(points)} of {len(everything)} calls", not bad,
         "\n".join(bad[:20]))
    case(f"{name}: the kills did kill", killed >= len(points) * 0.9, f"{killed} of {len(points)}")


if subprocess.run([FAULTRUN, "list", "/dev/null", "--", "true"], check=False).returncode != 0:
    aiproot.skip("kill", "no ptrace here")
    aiproot.done()

root = kit.root("r")
root.rpm("-i", kit.package("1.0-1"))
root.index(OLD, NEW)
fresh = root.save("fresh")
run("apply", root, fresh, ["--patches"], OLD, "patched", ["--reconcile"])
run("reconcile", root, fresh, ["--reconcile"], OLD, "patched", ["--reconcile"])
root.restore(fresh)
root.aipmng("--patches")
applied = root.save("applied")
run("revert", root, applied, ["--revert"], OLD, "pristine", ["--revert"])
run("erase", root, applied, ["--erase"], OLD, "pristine", ["--erase"])
run("reconcile with nothing to do", root, applied, ["--reconcile"], OLD, "patched", ["--reconcile"])

# an update has brought new scripts over the patched ones
root.rpm("-U", kit.package("1.1-1"))
updated = root.save("updated")
run("reconcile after an update", root, updated, ["--reconcile"], NEW, "patched", ["--reconcile"])

# %config(noreplace): the patched old scripts were kept, the new ones lie beside them
root = kit.root("n")
root.index(OLD, NEW)
root.rpm("-i", kit.package("1.0-1", "%config(noreplace)"))
root.aipmng("--patches")
root.rpm("-U", kit.package("1.1-1", "%config(noreplace)"))
healing = root.save("healing")
run("healing from .rpmnew", root, healing, ["--reconcile"], NEW, "patched", ["--reconcile"])
aiproot.done()
