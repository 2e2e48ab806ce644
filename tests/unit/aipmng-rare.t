#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what seldom happens to aipmng ends well too: records of every kind of nonsense, scripts that cannot
#         lose our lines, initscripts without boot scripts, an interrupted revert, damaged copies
# needs: rpmbuild, rpm
# timeout: 300
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
from aiproot import HALT, HOOKS, PATHS, RC, case, patched  # noqa: E402

aiproot.enter()
kit = aiproot.Kit(flavour="san")
OLD, NEW = kit.scripts("1.0-1"), kit.scripts("1.1-1")
BOTH, NONE = ("patched", "patched"), ("pristine", "pristine")
RECORDS = "/var/lib/aip/records"


def fresh(name, vr="1.0-1", attr="", patch=True):
    root = kit.root(name)
    root.rpm("-i", kit.package(vr, attr))
    root.index(OLD, NEW)
    if patch:
        root.aipmng("--patches")
    return root


def clean(r):
    """No sanitizer had something to say, no signal."""
    return "Sanitizer" not in r.stderr and "runtime error" not in r.stderr and 0 <= r.returncode <= 6


# ---- records that are none
root = fresh("records")
file = f"{RECORDS}/rc.sysinit.v1.json"
good = json.loads(root.get(file))
kept = root.save("good")
for what, change in (
        ("an unknown action", {"action": "explode"}), ("an unknown origin", {"how": "magic"}),
        ("a digest that is none", {"pre": "x" * 64}), ("a short digest", {"post": "ab"}),
        ("another file", {"path": "/etc/passwd"}), ("the other script", {"path": HALT}),
        ("other lines", {"insert": "rm -rf /\n"}), ("a header's digest that is none", {"header_digest": "zz"}),
        ("no time", {"applied": "yesterday"}), ("a line below zero", {"after": -1}),
        ("a line far outside", {"after": 10 ** 9}), ("a number for a text", {"origin": 7}),
        ("no version", {"version": None})):
    key = next(iter(change))
    if key not in good:
        case(f"a record with {what}: there is a member {key}", False, sorted(good))
        continue
    root.restore(kept)
    bad = {k: v for k, v in {**good, **change}.items() if v is not None}
    aiproot.write(root.file(file), json.dumps(bad))
    s = root.status()
    told = any("rc.sysinit.v1.json is kept, but not understood" in a for a in s["attention"])
    case(f"a record with {what}: not believed", s["verdict"] == "patched" and
         (told or not s["files"][0]["patch"]["recorded"]), s)
    r = root.aipmng("--revert")
    case(f"a record with {what}: the scripts go back by the index", r.returncode == 0 and clean(r) and
         root.states(OLD) == NONE, r)

root.restore(kept)
aiproot.write(root.file(file), root.get(f"{RECORDS}/halt.v1.json"))
s = root.status()
case("halt's record under rc.sysinit's name: not believed", any("speaks of another file" in a for a in s["attention"]), s)

# ---- held, and patched by us: a revert was killed after it had set the hold
root = fresh("held")
aiproot.write(root.file("/var/lib/aip/hold"), "aipmng --revert\n")
r = root.aipmng("--reconcile", "-v")
case("an interrupted revert: reconcile finishes it", root.states(OLD) == NONE and clean(r), r)
r = root.aipmng("--reconcile", "-v")
case("and then has nothing to do", "nothing to do" in r.stderr and root.states(OLD) == NONE, r)

# ---- our lines are all that an if holds
root = fresh("body")
for p in PATHS:
    root.put(p, patched(p, OLD[p]).replace(HOOKS[p].encode(), b"if true; then\n" + HOOKS[p].encode() + b"fi\n"))
before = [root.get(p) for p in PATHS]
r = root.aipmng("--revert")
case("our lines cannot be taken out of an if that would be empty: left alone, exit 5", r.returncode == 5 and
     "without our lines" in r.stderr and [root.get(p) for p in PATHS] == before and clean(r), r)

# ---- an initscripts that has no boot scripts
work = f"{aiproot.TMP}/modern"
aiproot.write(f"{work}.spec", f"""Name: initscripts
Version: 10.0
Release: 1
Summary: without boot scripts
License: none
BuildArch: noarch
%description
Without boot scripts.
%install
install -D -m 644 /dev/null %{{buildroot}}/etc/sysconfig/network-scripts/none
%files
/etc/sysconfig/network-scripts/none
""")
subprocess.run(["rpmbuild", "--quiet", "-bb", "--define", f"_rpmdir {work}", f"{work}.spec"], check=True, stdout=sys.stderr)
root = kit.root("modern")
root.rpm("-i", f"{work}/noarch/initscripts-10.0-1.noarch.rpm")
root.index(OLD)
r = root.aipmng("--patches")
case("an initscripts without boot scripts: exit 3, said", r.returncode == 3 and "has no such boot scripts" in r.stderr, r)
case("its verdict", root.status()["verdict"] == "no-package", root.status())
r = root.aipmng("--reconcile")
case("--reconcile there", r.returncode == 0 and not r.stdout and clean(r), r)
case("--diff there", root.aipmng("--diff").returncode == 3)

# ---- two reasons at once, both are told
root = fresh("two", patch=False)
root.put(RC, OLD[RC] + b"# mine\n")
os.unlink(root.file(HALT))
r = root.aipmng("--patches")
case("customised and missing: both are told", r.returncode == 1 and "is missing" in r.stderr and
     "is customised" in r.stderr and clean(r), r)
j = json.loads(root.aipmng("--patches", "--json").stdout)
case("--json: each with its why", [("why" in c, c["action"]) for c in j["changes"]] == [(True, "keep")] * 2, j)
root = fresh("half")
os.unlink(root.file(HALT))
r = root.aipmng("--patches")
case("halt is gone: rc.sysinit goes back, and that is told", r.returncode == 1 and root.get(RC) == OLD[RC] and
     "restored, since the set cannot be complete" in r.stdout, r)

# ---- patched, and then given a second name
root = fresh("linked")
os.link(root.file(HALT), root.file("/etc/halt2"))
r = root.aipmng("--revert")
case("a hard link to a patched script: nothing is restored, exit 1", r.returncode == 1 and "hard links" in r.stderr and
     root.states(OLD) == BOTH and clean(r), r)
os.unlink(root.file("/etc/halt2"))
r = root.aipmng("--revert")
case("and once it is gone both are", r.returncode == 0 and root.states(OLD) == NONE, r)

# ---- healing asked for by hand
root = fresh("heal", attr="%config(noreplace)")
root.rpm("-U", kit.package("1.1-1", "%config(noreplace)"))
r = root.aipmng("--patches")
case("--patches heals from .rpmnew, and says so", root.states(NEW) == BOTH and
     r.stdout.count("replaced by the new script from .rpmnew") == 2 and clean(r), r)

# ---- a damaged copy where the pristine script goes
root = fresh("copy", patch=False)
for p in PATHS:
    aiproot.write(root.file(f"/var/lib/aip/pristine/{aiproot.sha256(OLD[p])}"), b"damaged")
r = root.aipmng("--patches")
case("a damaged copy of a pristine script is made anew", r.returncode == 0 and clean(r) and
     all(root.get(f"/var/lib/aip/pristine/{aiproot.sha256(OLD[p])}") == OLD[p] for p in PATHS), r)

# ---- a state folder without anything to change in it
root = fresh("gone")
shutil.rmtree(root.file("/var/lib/aip"))
root.put(RC, OLD[RC])
r = root.aipmng("--erase")
case("--erase without any state", r.returncode == 0 and clean(r) and root.states(OLD) == NONE, r)
aiproot.done()
