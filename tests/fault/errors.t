#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: an I/O error, a full disk or a disk gone read-only at any write-side call of aipmng, and an I/O
#         error at any that looks or reads, is reported or does not matter, leaves each script
#         wholly old or wholly new, and the next run makes both agree
# needs: rpmbuild, rpm, ptrace
# timeout: 900
#
# Each write-side call fails once; and, as a full disk does, one and all after it.  Each call that
# reads fails once.
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


# read, fstat, lseek, pread64, fcntl, getdents64, readlinkat, newfstatat, openat, faccessat(2), readlink, statx,
# fgetxattr, flistxattr, ioctl, flock, getrandom, pipe2, poll, clone
READS = (0, 5, 8, 17, 72, 217, 267, 262, 257, 269, 439, 89, 332, 193, 196, 16, 73, 318, 293, 7, 56)


def points(root, args):
    """What is tried: (number of the call, errno, how), of write-side calls and of those that read."""
    out = f"{aiproot.TMP}/calls"
    root.aipmng(*args, wrap=[FAULTRUN, "list", out, "--"])
    with open(out, encoding="ascii") as f:
        calls = [line.split() for line in f]
    writes = [(int(n), e, how) for n, _, rw in calls if rw == "w" for e in ERRORS for how in ("fail", "failfrom")]
    reads = [(int(n), errno.EIO, "fail") for n, nr, rw in calls if rw == "r" and int(nr) in READS]
    if ALL:
        return writes + reads
    return sorted(rnd.sample(writes, min(40, len(writes))) + rnd.sample(reads, min(30, len(reads))))


def judge(root, r, how, quiet, goal):
    """What is wrong after a run with a fault, as text."""
    now = root.states(OLD)
    # the loader gives up, and libgcrypt aborts where it cannot see whether FIPS mode is on
    if (r.returncode == 127 and "shared libraries" in r.stderr) or (r.returncode == 134 and "libgcrypt" in r.stderr):
        return "" if now[0] == now[1] else f"{now}: changed by a program that did not start"
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
    tried = points(root, args)
    if not case(f"{name}: undisturbed", root.states(OLD) == (goal, goal), root.states(OLD)):
        return
    bad, reached = [], 0
    for n, e, how in tried:
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
    case(f"{name}: {len(tried)} errors", not bad, "\n".join(bad[:20]))
    case(f"{name}: the errors were met", reached >= len(tried) * 0.9, f"{reached}")


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
run("reconcile with nothing to do", root, applied, ["--reconcile"], "patched", quiet=True)
aiproot.done()
