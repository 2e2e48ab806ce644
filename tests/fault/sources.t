#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: killed at, or failing in, any system call while a new index is accepted, aipmng leaves the old index or
#         the new one, never a serial without its index, and the next run is right
# needs:  gpg, ptrace
# timeout: 600
#
# A seeded sample of the calls that do not write, and of the errors; everything with AIP_FAULTS=all
# (sources-all.t).
import glob
import json
import os
import random
import subprocess
import shutil
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import sources  # noqa: E402
from sources import Key, Root, TMP, build, case, done, envelope, payload, write  # noqa: E402

if os.uname().machine != "x86_64":
    print("ok - faults while an index is accepted # SKIP faultrun is for x86_64 only")
    sys.exit(0)
build("aip-indexes", "aip-fetch", "faultrun")
FAULTRUN = f"{sources.flavour}/faultrun"
ALL = os.environ.get("AIP_FAULTS") == "all"
rnd = random.Random(int(os.environ["AIP_SEED"]))
key, other = Key("a"), Key("b")
OLD, NEW = envelope(payload(serial=17), [key]), envelope(payload(serial=18, revoked=[other]), [key])
write(TMP + "/src/index.json", OLD)
r = Root(f"index = file://{TMP}/src/index.json\n", [key, other], payload("shipped", 3))
r.load()
write(TMP + "/src/index.json", NEW)
keep = TMP + "/keep"
shutil.copytree(r.path + "/var", keep)


def restore():
    shutil.rmtree(r.path + "/var")
    shutil.copytree(keep, r.path + "/var")


def disturbed(*how):
    """A refresh under faultrun. Return: its status."""
    env = dict(os.environ, AIP_LIBEXECDIR=TMP + "/libexec")
    return subprocess.run([FAULTRUN, *how, "--", sources.flavour + "/aip-indexes", r.path, "refresh"], env=env,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120).returncode


def wrong():
    """What is not as it must be after a disturbed run; empty: nothing."""
    cached = r.cached()
    if cached not in (OLD, NEW):
        return "the cached index is neither the old one nor the new one"
    try:
        serial = r.serial()
    except ValueError:
        return "the state is damaged"
    if serial not in (17, 18) or (serial == 18 and cached == OLD):
        return f"serial {serial} without its index"
    x = r.load("offline")
    if x.rc != 0 or x.have() != ((17 if cached == OLD else 18), "cache"):
        return f"offline: {x}"
    x = r.load()
    if x.have() != (18, "network") or r.serial() != 18 or r.cached() != NEW or len(r.state()["revoked_keys"]) != 1:
        return f"next run: {x}"
    left = [f for d in ("lib", "cache") for f in glob.glob(f"{r.path}/var/{d}/aip/.*") + glob.glob(f"{r.path}/var/{d}/aip/scratch*")]
    if left and cached == OLD:
        return f"left behind: {left}"
    return ""


case("undisturbed", disturbed("list", TMP + "/calls") == 0 and r.cached() == NEW and r.serial() == 18)
calls = [line.split() for line in open(TMP + "/calls")]
writing = [c[0] for c in calls if c[2] == "w"]
rest = [c[0] for c in calls if c[2] != "w"]
points = writing + (rest if ALL else rnd.sample(rest, min(15, len(rest))))
case("there are calls to disturb", len(writing) >= 10, json.dumps(calls))
restore()
bad, killed = [], 0
for n in points:
    killed += disturbed("kill", n) in (137, -9)
    why = wrong()
    if why:
        bad.append(f"call {n}: {why}")
    restore()
case(f"killed at {len(points)} of {len(calls)} calls, {len(writing)} of them writing", not bad and killed >= len(points) - 3,
     (killed, bad))
for name, code in (("EIO", 5), ("ENOSPC", 28), ("EROFS", 30)):
    for how in ("fail", "failfrom"):
        if not ALL and (name, how) not in (("EIO", "fail"), ("ENOSPC", "failfrom")):
            continue
        bad, missed = [], 0
        for n in writing:
            status = disturbed(how, n, str(code))
            missed += status == 125  # waiting for the helper takes a varying number of calls
            if status not in (0, 1, 4, 6, 125):
                bad.append(f"call {n}: status {status}")
            why = wrong()
            if why:
                bad.append(f"call {n}: {why}")
            restore()
        case(f"{name} at {'each writing call' if how == 'fail' else 'every writing call from each on'}", not bad
             and missed <= 2, (missed, bad))
done()
