#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aipmng whose memory runs out at any point says so, leaks and corrupts nothing (sanitizers look on),
#         leaves each script wholly old or wholly new, and the next run makes both agree
# needs: rpmbuild, rpm, gpg
# timeout: 900
#
# Each allocation of aipmng's own sources fails once; and one and all after it.
# A seeded sample; every one with AIP_FAULTS=all (nomem-all.t).
import os
import random
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
from aiproot import case  # noqa: E402

aiproot.enter()
ALL = os.environ.get("AIP_FAULTS") == "all"
SAN = aiproot.build("aipmng-nomem", flavour="san")
os.environ["AIP_LIBEXECDIR"] = aiproot.build("aip-fetch")
aiproot.AIPMNG = f"{SAN}/aipmng-nomem"
os.environ["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1"
import sources  # noqa: E402

rnd = random.Random(int(os.environ["AIP_SEED"]))
kit = aiproot.Kit.__new__(aiproot.Kit)
OLD, NEW = kit.scripts("1.0-1"), kit.scripts("1.1-1")
COUNT = f"{aiproot.TMP}/count"


def allocations(root, args):
    root.aipmng(*args, env=dict(os.environ, AIP_NOMEM_COUNT=COUNT))
    return int(aiproot.read(COUNT))


def judge(r, now, quiet, goal):
    """What is wrong after a run that lacked memory, as text."""
    said = r.stdout + r.stderr
    if "Sanitizer" in said or "runtime error" in said:
        return said[:3000]
    if "other" in now:
        return f"{now}: a script is neither old nor new"
    if now == ("pristine", "patched"):
        return "halt is patched without rc.sysinit"
    if not 0 <= r.returncode <= 6 or (quiet and r.returncode):
        return f"ended with {r.returncode}: {r.stderr}"
    if not quiet and r.returncode == 0 and goal and now != (goal, goal):
        return f"{now}, and said that it succeeded: {said}"
    if r.returncode and not r.stderr:
        return f"failed with {r.returncode} without a word"
    return ""


def run(name, root, keep, args, goal, pristine=OLD, quiet=False):
    """Let memory run out everywhere; then, with enough of it, it must lead to @goal."""
    root.restore(keep)
    total = allocations(root, args)
    if not case(f"{name}: undisturbed", not goal or root.states(pristine) == (goal, goal), root.states(pristine)):
        return
    points = [(n, how) for n in range(1, total + 1) for how in ("", "+")]
    if not ALL:
        points = sorted(rnd.sample(points, min(int(os.environ.get('AIP_SAMPLE', '12')), len(points))))
    bad = []
    for n, how in points:
        root.restore(keep)
        r = root.aipmng(*args, env=dict(os.environ, AIP_NOMEM=f"{n}{how}"))
        wrong = judge(r, root.states(pristine), quiet, goal)
        if goal:
            again = root.aipmng(*args)
            if not wrong and root.states(pristine) != (goal, goal):
                wrong = f"the next run: {root.states(pristine)}, {again.stderr}"
            if not wrong and root.leftovers():
                wrong = f"left behind {root.leftovers()}"
        if wrong:
            bad.append(f"{n}{how}: {wrong}")
    case(f"{name}: {len(points)} of {2 * total} shortages", not bad, f"{len(bad)}:\n" + "\n".join(bad[:20]))


root = kit.root("r")
root.rpm("-i", kit.package("1.0-1"))
root.index(OLD, NEW)
# the same index, signed, comes from outside too
key, old_key = sources.Key("a"), sources.Key("b")
plain = aiproot.read(root.file("/usr/share/aip/index.json"))
aiproot.write(root.file("/etc/aip/keys.d/a.asc"), key.public)
aiproot.write(root.file("/etc/aip/aip.conf"), f"index = file://{aiproot.TMP}/index.json\n")
aiproot.write(f"{aiproot.TMP}/index.json", sources.envelope(plain.replace(b'"serial":1', b'"serial":2'), [key]))
fresh = root.save("fresh")
run("apply", root, fresh, ["--patches"], "patched")
run("adapt, in the dark", root, fresh, ["--diff", "--adapt", "--offline"], None)
root.restore(fresh)
root.aipmng("--patches")
applied = root.save("applied")
run("revert", root, applied, ["--revert"], "pristine")
run("erase", root, applied, ["--erase"], "pristine", quiet=True)
run("status", root, applied, ["--status", "--json"], None)
run("history", root, applied, ["--history", "--json"], None)
run("list", root, applied, ["--list"], None)
run("reset", root, applied, ["--reset-serial", "test"], None)
root.rpm("-U", kit.package("1.1-1"))
updated = root.save("updated")
run("reconcile after an update", root, updated, ["--reconcile"], "patched", NEW, quiet=True)
aiproot.done()
