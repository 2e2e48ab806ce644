#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aipmng --adapt patches unknown and customised scripts where the place is proved, says why
#         where it is not, and moves to the official patch once an index has one
# needs: rpmbuild, rpm
import hashlib
import json
import os
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
from aiproot import HALT, PATHS, RC, case, patched  # noqa: E402

aiproot.enter()
kit = aiproot.Kit(flavour="san")
OLD, NEW, UNKNOWN = kit.scripts("1.0-1"), kit.scripts("1.1-1"), kit.scripts("0.9-1")
MINE = {RC: OLD[RC] + b"echo mine\n", HALT: OLD[HALT] + b"echo mine\n"}
UNLAWFUL = OLD[RC].replace(b"/sbin/start_udev\n", b"/sbin/start_udev\nfsck -A\n")
count = 0


def fresh(scripts, attr="", known=UNKNOWN):
    """A root with initscripts 1.0-1, these scripts in it, and an index."""
    global count
    count += 1
    r = aiproot.Root(f"{aiproot.TMP}/root{count}")
    r.rpm("-i", kit.package("1.0-1", attr))
    for p in PATHS:
        r.put(p, scripts[p])
    r.index(known)
    return r


def hows(root):
    return [f.get("patch", {}).get("how") for f in root.status()["files"]]


def both(root, scripts):
    return root.states(scripts) == ("patched", "patched")


root = fresh(OLD)
r = root.aipmng("--patches")
case("unknown, without --adapt", r.returncode == 3 and root.states(OLD) == ("pristine",) * 2, r)
r = root.aipmng("--diff", "--adapt")
case("--diff shows the proof and changes nothing",
     r.returncode == 0 and "proved" in r.stdout and "+# start tracking" in r.stdout and
     root.states(OLD) == ("pristine",) * 2, r)
r = root.aipmng("--patches", "--adapt")
case("unknown scripts are adapted", r.returncode == 0 and both(root, OLD), r)
case("the proof is shown", "proved" in r.stdout, r.stdout)
s = root.status()
case("and recorded", hows(root) == ["adapted"] * 2 and "lvm" in s["files"][0]["patch"]["proof"], s)
case("--status shows it", "proved" in root.aipmng("--status").stdout)
root.aipmng("--reconcile")
case("reconcile without --adapt keeps it", both(root, OLD) and hows(root) == ["adapted"] * 2)
root.index(OLD, serial=2)
root.aipmng("--reconcile")
case("the index has the very patch now: it is the index's", both(root, OLD) and
     hows(root) == ["index"] * 2, root.status())
r = root.aipmng("--revert")
case("reverted", root.states(OLD) == ("pristine",) * 2, r)

root = fresh(MINE)
aiproot.write(root.file("/etc/aip/aip.conf"), "adapt = yes\n")
r = root.aipmng("--reconcile")
case("customised scripts are adapted, adapt = yes", both(root, MINE) and
     hows(root) == ["adapted"] * 2, r)
# an index with an official patch at another place (the fleet knows better)
root.index(MINE, serial=2)
index2 = json.loads(root.get("/usr/share/aip/index.json"))
lines = MINE[RC].decode().splitlines(keepends=True)
hook = aiproot.HOOKS[RC].splitlines(keepends=True)
at = lines.index("if [ -f /fastboot ]; then\n") - 1
post = "".join(lines[:at] + hook + lines[at:]).encode()
for pre, e in index2["files"].items():
    if e["path"] == RC:
        e["post"] = hashlib.sha256(post).hexdigest()
        e["diff"] = f"@@ -{at},0 +{at + 1},4 @@\n" + "".join("+" + h for h in hook)
aiproot.write(root.file("/usr/share/aip/index.json"), json.dumps(index2))
root.aipmng("--reconcile")
case("the index has another patch for it: moved", root.get(RC) == post and
     hows(root) == ["index"] * 2, root.status())
root.aipmng("--revert")
case("and reverted to what was mine", root.states(MINE) == ("pristine",) * 2)

root = fresh({RC: UNLAWFUL, HALT: OLD[HALT]})
r = root.aipmng("--patches", "--adapt")
case("no lawful place: refused, with the landmark and the sample",
     r.returncode == 5 and "rc.sysinit cannot be adapted" in r.stderr and "fsck" in r.stderr and
     "/usr/share/aip/patch/rc.sysinit-sample.patch" in r.stderr, r)
case("and halt is left alone, too", root.get(RC) == UNLAWFUL and root.get(HALT) == OLD[HALT])
r = root.aipmng("--diff", "--adapt", "--json")
case("--diff --json says why", "cannot be adapted" in json.loads(r.stdout)["files"][0]["why"], r)

rude = dict(MINE)
rude[RC] = MINE[RC].replace(b"vgchange -a y", b"vgchange -a y \x1b]0;rude\x07")
root = fresh(rude)
r = root.aipmng("--patches", "--adapt")
case("what a script says is not obeyed by the terminal",
     "\x1b" not in r.stdout + r.stderr and "\x07" not in r.stdout + r.stderr and
     "rude" in r.stdout + r.stderr, r)

root = fresh({RC: patched(RC, MINE[RC]), HALT: MINE[HALT]})
r = root.aipmng("--patches", "--adapt")
case("lines put in by hand, lawfully, count", r.returncode == 0 and both(root, MINE), r)

# a customised script that was adapted is not thrown away for rpm's newer one
root = fresh(MINE, "%config(noreplace)")
root.aipmng("--patches", "--adapt")
root.rpm("-U", kit.package("1.1-1", "%config(noreplace)"))
root.index(OLD, NEW, serial=3)
r = root.aipmng("--reconcile")
case("adapted, then updated: own changes stay", both(root, MINE) and
     [f["state"] for f in root.status()["files"]] == ["patched-stale"] * 2, root.status())
case("and the new script is pointed at", ".rpmnew" in "".join(root.status()["attention"]))
aiproot.done()
