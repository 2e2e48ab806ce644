#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aipmng tells the states of the scripts apart, patches and restores them as one set, and
#         leaves alone what it cannot prove, with the documented exit codes and messages
# needs: rpmbuild, rpm, setfattr, setfacl
# timeout: 600
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
from aiproot import HALT, HOOKS, PATHS, RC, case, patched  # noqa: E402

aiproot.enter()
kit = aiproot.Kit(flavour="san")
OLD, NEW, NEWER = kit.scripts("1.0-1"), kit.scripts("1.1-1"), kit.scripts("1.2-1")
APPLIED = "Successfully applied."
NO_PATCH = "No patch files found for this system."
count = 0


def fresh(attr="", scripts=None, known=(OLD, NEW)):
    """A root with initscripts 1.0-1 and an index."""
    global count
    count += 1
    r = aiproot.Root(f"{aiproot.TMP}/root{count}")
    vr = "1.0-1" if scripts is None else f"1.0-{count}"
    r.rpm("-i", kit.package(vr, attr, scripts))
    if known:
        r.index(*known)
    return r


def check(name, r, code, states, pristine=OLD, says=""):
    """The exit code of a run, the states after it, what it said."""
    out = r.stdout + r.stderr
    now = r.root.states(pristine)
    case(name, r.returncode == code and now == states and says in out,
         f"exit {r.returncode} (wanted {code}), {now} (wanted {states}), '{says}' in: {out}")


def run(root, *args, **kw):
    r = root.aipmng(*args, **kw)
    r.root = root
    return r


BOTH, NONE = ("patched", "patched"), ("pristine", "pristine")


def by_the_book():
    root = fresh()
    check("--diff changes nothing", run(root, "--diff"), 0, NONE, says="+# start tracking")
    check("--modupdate --patches", run(root, "--modupdate", "--patches"), 0, BOTH, says=APPLIED)
    check("again", run(root, "--modupdate", "--patches"), 0, BOTH, says=APPLIED)
    s = root.status()
    case("--status --json", s["verdict"] == "patched" and
         [f["state"] for f in s["files"]] == ["patched"] * 2 and not s["attention"], s)
    case("--status", "patched" in run(root, "--status").stdout)
    with open(root.file("/var/lib/aip/status.json"), encoding="utf-8") as f:
        case("status.json is the same", json.load(f)["files"] == s["files"])
    case("the log", "patched" in root.get("/var/log/aip.log").decode())
    check("--reconcile with nothing to do", run(root, "--reconcile"), 0, BOTH)
    check("--revert", run(root, "--revert"), 0, NONE, says="restored")
    case("after --revert rpm -V finds nothing", root.rpm("-V", "initscripts", check=False) == "",
         root.rpm("-V", "initscripts", check=False))
    check("--reconcile keeps the hold", run(root, "--reconcile"), 0, NONE)
    case("--status shows the hold", root.status()["verdict"] == "held")
    for p in PATHS:
        root.put(p, patched(p, OLD[p]))
    check("held: what somebody patches by hand stays", run(root, "--reconcile"), 0, BOTH)
    for p in PATHS:
        root.put(p, OLD[p])
    check("--patches lifts it", run(root, "--patches"), 0, BOTH, says=APPLIED)
    case("and --status says so", root.status()["hold"] is False)
    check("--erase", run(root, "--erase"), 0, NONE)
    check("nobody patches after --erase", run(root, "--reconcile"), 0, NONE)
    case("nothing is left in records and pristine",
         not os.listdir(root.file("/var/lib/aip/records")) and
         not os.listdir(root.file("/var/lib/aip/pristine")))
    events = [e["event"] for e in json.loads(run(root, "--history", "--json").stdout)]
    case("--history --json", events == ["patch", "patch", "held", "restore", "restore", "released",
                                        "patch", "patch", "restore", "restore"], events)
    case("--history", run(root, "--history").stdout.count("\n") == len(events))
    case("--list", "Index test serial 1" in run(root, "--list").stdout)
    case("--list --json", json.loads(run(root, "--list", "--json").stdout) == [])
    run(root, "--patches")
    j = json.loads(run(root, "--patches", "--json").stdout)
    case("--patches --json", j["exit"] == 0 and j["status"]["verdict"] == "patched", j)
    j = json.loads(run(root, "--diff", "--json").stdout)
    case("--diff --json", [f["action"] for f in j["files"]] == ["keep", "keep"], j)


def history():
    root = fresh()
    f = root.file("/var/lib/aip/history.jsonl")
    line = '{"time":"2026-01-01T00:00:00Z","event":"note","text":"%s"}\n' % ("x" * 99)
    aiproot.write(f, line * 10000 + '{"time":"2026-02-01T00:00:00Z","event":"last"}\n{"cut')
    aiproot.write(f, aiproot.read(f) + b"\n")
    run(root, "--patches")
    case("a long history loses its older half", 500000 < os.path.getsize(f) < 900000,
         os.path.getsize(f))
    events = [e["event"] for e in json.loads(run(root, "--history", "--json").stdout)]
    case("not its newer one, and what is cut off is left out", events[-3:] == ["last", "patch", "patch"],
         events[-5:])


def usage():
    root = fresh()
    for args in ((), ("--status", "--list"), ("--bogus",), ("--patches", "x"),
                 ("--revert", "--json"), ("--status", "--refresh"), ("--reset-serial",), ("--root",),
                 ("--patches", "--index", ""), ("--patches", "--index", "/index.json"),
                 ("--patches", "--index", "ftp://x/y"), ("--re",), ("--patches", "--status"),
                 ("--patches", "--index", "file:///x", "--offline")):
        check(f"usage: {' '.join(args) or 'no mode'}", run(root, *args), 2, NONE)
    case("--help", run(root, "--help").returncode == 0)
    case("--version", run(root, "--version").stdout.startswith("aipmng "))
    r = subprocess.run([aiproot.AIPMNG, "--root", "/nowhere", "--status"], capture_output=True,
                       check=False)
    case("a root that is not there", r.returncode == 1 and b"/nowhere" in r.stderr)
    with open("/dev/full", "wb") as full:
        r = subprocess.run(root.cmd("--status"), stdout=full, stderr=subprocess.PIPE, check=False)
    case("output that cannot be written", r.returncode == 1 and b"No space" in r.stderr, r)
    r = subprocess.run(["bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "-", *root.cmd("--status")],
                       capture_output=True, check=False)
    case("a reader that has read enough: no word of it", r.returncode in (0, 1) and not r.stderr, r)


def looks():
    root = fresh()
    f = "/usr/share/aip/index.json"
    index = json.loads(root.get(f))
    pre = sorted(index["files"])
    mine = [k for k in pre if k in (aiproot.sha256(OLD[p]) for p in PATHS)]
    index["packages"] = [
        {"name": "initscripts", "evr": "1.0-1", "arch": "noarch", "files": mine},
        {"name": "initscripts", "evr": "1.5-1", "arch": "noarch", "files": [mine[0], "0" * 64]},
        {"name": "initscripts", "evr": "7.0-1", "arch": "noarch", "files": ["0" * 64, "1" * 64]}]
    aiproot.write(root.file(f), json.dumps(index))
    out = run(root, "--list").stdout
    case("--list: what an index knows", "* initscripts-1.0-1.noarch  has its patches" in out and
         "  initscripts-1.5-1.noarch  incomplete" in out and
         "  initscripts-7.0-1.noarch  no lawful place" in out, out)
    out = json.loads(run(root, "--list", "--json").stdout)
    case("--list --json", [(p["patches"], p["installed"]) for p in out] ==
         [(2, True), (1, False), (0, False)], out)
    for p in index["packages"]:
        p["arch"] = "any"
        p["evr"] = "1.0-1"
    aiproot.write(root.file(f), json.dumps(index))
    out = json.loads(run(root, "--list", "--json").stdout)
    case("--list: of packages of any architecture those with the script that is there", [p["installed"] for p in out] ==
         [p["files"] == 2 and p["patches"] > 0 for p in out], out)
    out = json.loads(run(root, "--diff", "--json").stdout)
    case("--diff --json", [(x["action"], "+[ -f /etc/aipsnap ]" in x["diff"]) for x in out["files"]] ==
         [("patch", False), ("patch", True)], out)
    d = subprocess.run(["patch", "-p0", "--dry-run", "-d", root.path],
                       input=run(root, "--diff").stdout.replace(" /etc", " etc").encode(),
                       capture_output=True, check=False)
    case("--diff is a diff", d.returncode == 0, d)
    out = run(root, "--patches", "-q")
    case("--quiet: the one line", out.stdout == APPLIED + "\n" and not out.stderr, out)
    r = run(root, "--reset-serial", "nobody")
    case("--reset-serial of an unknown stream", r.returncode == 1 and "nobody" in r.stderr, r)
    root = aiproot.Root(f"{aiproot.TMP}/md5")
    root.rpm("-i", kit.package("2.0-1", define=["_binary_filedigest_algorithm 1"]))
    root.index(NEW)
    case("a header with MD5 digests", [x["state"] for x in root.status()["files"]] ==
         ["pristine-unknown"] * 2, root.status())
    bare = aiproot.Root(f"{aiproot.TMP}/nothing")
    bare.index(OLD)
    r = run(bare, "--diff")
    case("--diff without initscripts", r.returncode == 3 and "no rpm database" in r.stderr, r)
    case("--status without initscripts", bare.status()["verdict"] == "no-package")
    r = run(bare, "--reconcile")
    case("--reconcile without initscripts", r.returncode == 0 and not r.stdout, r)
    if subprocess.run(["chattr", "+i", bare.file("/usr/share/aip/index.json")], check=False,
                      capture_output=True).returncode == 0:
        subprocess.run(["chattr", "-i", bare.file("/usr/share/aip/index.json")], check=True)
        root = fresh()
        subprocess.run(["chattr", "+i", root.file(RC)], check=True)
        check("an immutable script", run(root, "--patches"), 1, NONE, says="chattr -ia")
        subprocess.run(["chattr", "-i", root.file(RC)], check=True)
    else:
        aiproot.skip("an immutable script", "no chattr +i here")


def nothing_fits():
    root = fresh(known=(NEW,))
    check("an unknown initscripts", run(root, "--patches"), 3, NONE, says=NO_PATCH)
    check("and reconcile says nothing by its status", run(root, "--reconcile"), 0, NONE)
    s = root.status()
    case("but in its state", s["last"]["exit"] == 3 and s["verdict"] == "not-patched" and
         "no index knows /etc/rc.d/rc.sysinit" in s["attention"][0], s)
    half = dict(OLD)
    half[HALT] = NEW[HALT]
    root = fresh(known=(half,))
    check("only rc.sysinit known: nothing is applied", run(root, "--patches"), 3, NONE)
    root = aiproot.Root(f"{aiproot.TMP}/bare")
    root.index(OLD)
    r = run(root, "--patches")
    case("no rpm database", r.returncode == 3 and NO_PATCH in r.stdout and
         not os.listdir(root.file("/var/lib/rpm")), r)
    case("no rpm database: no state is left there", not os.path.exists(root.file("/var/lib/aip")))
    root = fresh(known=())
    check("no index at all", run(root, "--patches"), 6, NONE)
    check("no index at all, reconcile", run(root, "--reconcile"), 0, NONE)


def customised():
    root = fresh()
    root.put(RC, OLD[RC] + b"# mine\n")
    mine = dict(OLD)
    mine[RC] = OLD[RC] + b"# mine\n"
    check("a customised rc.sysinit", run(root, "--patches"), 5, NONE, mine, "customised")
    case("its state", root.status()["files"][0]["state"] == "customised")
    root = fresh()
    os.unlink(root.file(HALT))
    r = run(root, "--patches")
    case("a missing halt", r.returncode == 1 and "missing" in r.stderr and
         root.get(RC) == OLD[RC], r)
    case("a missing halt: nobody is sent to --patches for rc.sysinit", not [
        a for a in root.status()["attention"] if "run aipmng --patches" in a], root.status()["attention"])
    root = fresh()
    os.link(root.file(HALT), root.file("/etc/halt2"))
    check("a hard link", run(root, "--patches"), 1, NONE, says="hard links")
    root = fresh()
    os.rename(root.file(RC), root.file("/etc/elsewhere"))
    os.mkfifo(root.file(RC))
    r = run(root, "--patches", timeout=20)
    case("a FIFO in its place", r.returncode == 1 and root.get(HALT) == OLD[HALT], r)
    root = fresh(scripts={RC: OLD[RC] + b"cat <<END\nopen\n", HALT: OLD[HALT]},
                 known=({RC: OLD[RC] + b"cat <<END\nopen\n", HALT: OLD[HALT]},))
    before = (root.get(RC), root.get(HALT))
    r = run(root, "--patches")
    case("a result that bash -n does not like", r.returncode == 4 and "bash -n" in r.stderr and
         before == (root.get(RC), root.get(HALT)), r)


def edited():
    root = fresh()
    run(root, "--patches")
    root.put(RC, root.get(RC) + b"# mine\n")
    mine = dict(OLD)
    mine[RC] = OLD[RC] + b"# mine\n"
    check("edited since: --patches leaves both", run(root, "--patches"), 5, BOTH, mine)
    check("edited since: --reconcile too", run(root, "--reconcile"), 0, BOTH, mine)
    check("edited since: --revert takes our lines out", run(root, "--revert"), 0, NONE, mine)
    root = fresh()
    run(root, "--patches")
    twice = root.get(HALT) + HOOKS[HALT].encode()
    root.put(HALT, twice)
    r = run(root, "--revert")
    case("our lines twice: left alone, and rc.sysinit stays with it", r.returncode == 5 and
         root.get(HALT) == twice and root.get(RC) == patched(RC, OLD[RC]), r)
    root = fresh()
    run(root, "--patches")
    odd = root.get(RC).replace(b"start --tracking", b"start --tracking # now")
    root.put(RC, odd)
    r = run(root, "--revert")
    case("our lines edited: left alone", r.returncode == 5 and root.get(RC) == odd and
         root.get(HALT) == OLD[HALT], r)
    r = run(root, "--erase")
    case("--erase always ends with 0", r.returncode == 0 and root.get(RC) == odd, r)
    root = fresh()
    run(root, "--patches")
    root.put(RC, OLD[RC] + b"# rewritten\n")
    mine[RC] = OLD[RC] + b"# rewritten\n"
    check("our lines removed by somebody: halt is restored too", run(root, "--reconcile"), 0, NONE,
          mine)
    root = fresh()
    for p in PATHS:
        root.put(p, patched(p, OLD[p]))
    check("patched by hand, exactly: nothing to do", run(root, "--patches"), 0, BOTH)
    case("and recorded", root.status()["files"][0]["patch"]["how"] == "found",
         root.status()["files"][0])
    check("so that it can be reverted", run(root, "--revert"), 0, NONE)


def attributes():
    root = fresh()
    os.chmod(root.file(RC), 0o4751)
    acl = subprocess.run(["setfacl", "-m", "u:12:r", root.file(RC)], check=False,
                         capture_output=True).returncode == 0
    attr = subprocess.run(["setfattr", "-n", "user.note", "-v", "kept", root.file(RC)],
                          check=False, capture_output=True).returncode == 0

    def look():
        a = subprocess.run(["getfacl", "-ncp", root.file(RC)], check=False, capture_output=True)
        x = subprocess.run(["getfattr", "-d", "--absolute-names", root.file(RC)], check=False,
                           capture_output=True)
        st = os.stat(root.file(RC))
        return (oct(st.st_mode), st.st_uid, st.st_gid, a.stdout, x.stdout)

    before = look()
    check("patched with attributes", run(root, "--patches"), 0, BOTH)
    case("mode and owner are kept", look()[:3] == before[:3], f"{before} {look()}")
    if acl and attr:
        case("ACL and extended attributes are kept", look() == before and b"kept" in before[4],
             f"{before} {look()}")
    else:
        aiproot.skip("ACL and extended attributes are kept", "the file system has none")
    root = fresh()
    if subprocess.run(["setfattr", "-n", "security.ima", "-v", "0x0401", root.file(HALT)],
                      check=False, capture_output=True).returncode == 0:
        check("an attribute that cannot be carried over", run(root, "--patches"), 1, NONE,
              says="security.ima")
    else:
        aiproot.skip("an attribute that cannot be carried over", "security.* cannot be set here")
    root = fresh()
    os.makedirs(root.file("/opt/boot"))
    os.rename(root.file(RC), root.file("/opt/boot/rc"))
    os.symlink("/opt/boot/rc", root.file(RC))
    shutil.move(root.file("/etc/rc.d/init.d"), root.file("/opt/init.d"))
    os.symlink("../../../../../opt/init.d", root.file("/etc/rc.d/init.d"))
    r = run(root, "--patches")
    case("links are followed inside the root", r.returncode == 0 and
         os.path.islink(root.file(RC)) and
         root.get("/opt/boot/rc") == patched(RC, OLD[RC]) and
         root.get("/opt/init.d/halt") == patched(HALT, OLD[HALT]), r)
    run(root, "--revert")
    case("and back", root.get("/opt/boot/rc") == OLD[RC] and
         root.get("/opt/init.d/halt") == OLD[HALT])


def updates():
    for attr in ("", "%config", "%config(noreplace)"):
        kind = attr or "plain"
        root = fresh(attr)
        run(root, "--patches")
        root.rpm("-U", kit.package("1.1-1", attr))
        if "noreplace" in attr:
            case(f"{kind}: an update leaves it stale",
                 [f["state"] for f in root.status()["files"]] == ["patched-stale"] * 2)
        check(f"{kind}: updated", run(root, "--reconcile"), 0, BOTH, NEW)
        rest = [f for _, _, fs in os.walk(root.file("/etc")) for f in fs if ".rpm" in f]
        case(f"{kind}: no .rpmsave or .rpmnew stays", not rest, rest)
        case(f"{kind}: fresh again", root.status()["verdict"] == "patched", root.status())
        check(f"{kind}: reverted after it", run(root, "--revert"), 0, NONE, NEW)
        run(root, "--patches")
        root.rpm("-U", kit.package("1.2-1", attr))
        if "noreplace" in attr:
            check(f"{kind}: an unknown update: the patched one stays", run(root, "--reconcile"), 0,
                  BOTH, NEW)
            case(f"{kind}: and that is reported", root.status()["verdict"] == "outdated")
            check(f"{kind}: restored from .rpmnew", run(root, "--revert"), 0, NONE, NEWER)
            root.index(OLD, NEW, NEWER, serial=2)
            check(f"{kind}: once it is known", run(root, "--patches"), 0, BOTH, NEWER)
            continue
        check(f"{kind}: an unknown update", run(root, "--reconcile"), 0, NONE, NEWER)
        root.index(OLD, NEW, NEWER, serial=2)
        check(f"{kind}: once it is known", run(root, "--reconcile"), 0, BOTH, NEWER)
    half = {RC: OLD[RC], HALT: NEW[HALT]}
    root = fresh("%config")
    run(root, "--patches")
    root.rpm("-U", kit.package("1.3-1", "%config", half))
    check("one file updated, both known", run(root, "--reconcile"), 0, BOTH, half)
    other = {RC: NEWER[RC], HALT: NEW[HALT]}
    root.rpm("-U", kit.package("1.4-1", "%config", other))
    case("before: halt patched, rc.sysinit new", root.states(other) == ("pristine", "patched"))
    check("one file updated and unknown: the other is restored", run(root, "--reconcile"), 0, NONE,
          other)


def half_bad():
    bad = {RC: OLD[RC] + b"cat <<END\nopen\n", HALT: OLD[HALT]}
    for what, scripts in (("bash -n refuses", bad), ("the index is wrong about", NEWER)):
        root = fresh("%config", known=(OLD, bad))
        run(root, "--patches")
        new = {RC: scripts[RC], HALT: OLD[HALT]}
        if scripts is NEWER:
            index = json.loads(root.get("/usr/share/aip/index.json"))
            index["files"][aiproot.sha256(new[RC])] = dict(
                index["files"][aiproot.sha256(OLD[RC])], post="0" * 64)
            aiproot.write(root.file("/usr/share/aip/index.json"), json.dumps(index))
        root.rpm("-U", kit.package("1.6-1" if scripts is bad else "1.7-1", "%config", new))
        case(f"{what} the new rc.sysinit: before", root.get(RC) == new[RC] and
             root.get(HALT) == patched(HALT, OLD[HALT]))
        r = run(root, "--reconcile")
        case(f"{what} the new rc.sysinit: halt is restored", r.returncode == 0 and
             root.get(RC) == new[RC] and root.get(HALT) == OLD[HALT], r)
        case(f"{what} the new rc.sysinit: refused", root.status()["last"]["exit"] == 4,
             root.status()["last"])
        r = run(root, "--patches")
        case(f"{what} the new rc.sysinit: and nobody says otherwise", r.returncode == 4 and
             "patched\n" not in r.stdout, r)


def withdrawn():
    root = fresh()
    run(root, "--patches")
    bad = root.status()["files"][1]["sha256"]
    root.index(OLD, serial=2, withdrawn=[bad])
    check("withdrawn: both are restored", run(root, "--reconcile"), 0, NONE)
    check("withdrawn: and not applied again", run(root, "--patches"), 3, NONE)


def records():
    root = fresh()
    run(root, "--patches")
    f = "/var/lib/aip/records/rc.sysinit.v1.json"
    newer = root.get(f).replace(b'"version": 1', b'"version": 2')
    aiproot.write(root.file(f), newer)
    aiproot.write(root.file("/var/lib/aip/records/rc.sysinit.v7.json"), b"{}")
    check("an unknown record: nothing to do", run(root, "--reconcile"), 0, BOTH)
    case("it is kept", root.get(f) == newer)
    case("and reported", "version 2" in "".join(root.status()["attention"]), root.status())
    check("the script can be restored all the same", run(root, "--revert"), 0, NONE)
    case("and patched; the unknown record is still there", run(root, "--patches").returncode == 0 and
         newer in [root.get("/var/lib/aip/records/" + n)
                   for n in os.listdir(root.file("/var/lib/aip/records"))])
    case("the other one too", root.get("/var/lib/aip/records/rc.sysinit.v7.json") == b"{}")
    root = fresh()
    run(root, "--patches")
    for n in os.listdir(root.file("/var/lib/aip/records")):
        aiproot.write(root.file("/var/lib/aip/records/" + n), b'{"version":1,')
    check("damaged records: --reconcile", run(root, "--reconcile"), 0, BOTH)
    check("damaged records: --erase", run(root, "--erase"), 0, NONE)
    root = fresh()
    run(root, "--patches")
    shutil.rmtree(root.file("/var/lib/aip"))
    check("state lost: --reconcile", run(root, "--reconcile"), 0, BOTH)
    check("state lost: --revert", run(root, "--revert"), 0, NONE)
    root = fresh()
    run(root, "--patches")
    os.unlink(root.file("/usr/share/aip/index.json"))
    check("index lost: --reconcile", run(root, "--reconcile"), 0, BOTH)
    check("index lost: --revert", run(root, "--revert"), 0, NONE)
    root = fresh()
    aiproot.write(root.file("/var/lib/aip"), b"a file")
    check("a file for a state folder: --patches", run(root, "--patches"), 1, NONE)
    check("a file for a state folder: --reconcile", run(root, "--reconcile"), 0, NONE)


def last(root):
    """The outcome of the last run, as a fleet's tools see it."""
    return json.loads(root.get("/var/lib/aip/status.json"))["last"]


def refused():
    root = fresh()
    aiproot.write(root.file("/etc/aip/aip.conf"), f"index = file://{root.path}/usr/share/aip/index.json\n")
    says = "there is no trusted key"
    for args in (["--patches"], ["--modupdate", "--patches"]):
        r = run(root, *args)
        check(f"{' '.join(args)}: an index that is refused", r, 4, NONE, says=says)
        case(f"{' '.join(args)}: it is said once", (r.stdout + r.stderr).count(says) == 1, r)
        case(f"{' '.join(args)}: and stands in status.json", last(root)["mode"] == "patches" and
             last(root)["exit"] == 4 and says in last(root)["message"], last(root))
    r = run(root, "--reconcile", "--refresh")
    check("--reconcile does what it can, and warns once", r, 0, BOTH, says=says)
    case("--reconcile: it is said once", r.stderr.count(says) == 1, r)
    root = fresh()
    aiproot.write(root.file("/etc/aip/aip.conf"), "index = file:///nowhere.json\n")
    os.unlink(root.file("/usr/share/aip/index.json"))
    aiproot.write(root.file("/etc/aip/keys.d/key.asc"), aiproot.read(f"{aiproot.TOP}/tests/data/rpm/publisher.asc"))
    r = run(root, "--patches", env=dict(os.environ, AIP_LIBEXECDIR=aiproot.build("aip-fetch")))
    check("no index reachable", r, 6, NONE, says="nowhere.json")
    case("no index reachable: it is said once", (r.stdout + r.stderr).count("nowhere.json") == 1, r)
    case("no index reachable: status.json", last(root)["exit"] == 6, last(root))


class Stuck:
    """An aipmng that never ends; --patches waits for it half a minute, so it is started early."""

    def __init__(self):
        self.root = fresh()
        os.makedirs(self.root.file("/var/lib/aip"))
        self.file = open(self.root.file("/var/lib/aip/lock"), "w", encoding="ascii")
        fcntl.lockf(self.file, fcntl.LOCK_EX)
        self.half = self.root.file("/var/lib/aip/.status.json.aip-0123456789ab")
        aiproot.write(self.half, b"{")  # what it is just writing
        self.p = subprocess.Popen(self.root.cmd("--patches"), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)

    def check(self):
        out = self.p.communicate()[0]
        who = f"process {os.getpid()}"
        case("a lock that cannot be had: exit 1, who has it", self.p.returncode == 1 and who in out and
             out.count(who) == 1 and self.root.states(OLD) == NONE, out)
        s = json.loads(self.root.get("/var/lib/aip/status.json"))
        case("and a fleet sees it", s["last"]["mode"] == "patches" and s["last"]["exit"] == 1 and
             who in s["last"]["message"] and s["verdict"] == "not-patched", s)
        case("what the other is writing is left alone", os.path.exists(self.half))
        self.file.close()
        check("the next run, without it", run(self.root, "--reconcile"), 0, BOTH)
        case("and status.json says so", last(self.root)["exit"] == 0 and not os.path.exists(self.half),
             last(self.root))


def locks():
    root = fresh()
    os.makedirs(root.file("/var/lib/aip"))
    with open(root.file("/var/lib/aip/lock"), "w", encoding="ascii") as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        p = subprocess.Popen(root.cmd("--patches"), stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        time.sleep(1)
        case("a second aipmng waits", p.poll() is None)
        check("--reconcile waits too, and then gives up quietly", run(root, "--reconcile"), 0, NONE)
        log = root.get("/var/log/aip.log").decode()
        case("and says who has the lock", f"process {os.getpid()}" in log, log)
        case("in status.json too", last(root)["mode"] == "reconcile" and last(root)["exit"] == 1 and
             f"process {os.getpid()}" in last(root)["message"], last(root))
    case("when the lock is free it goes on", p.communicate()[0].endswith(APPLIED + "\n") and
         p.returncode == 0)
    run(root, "--revert")
    # rpm's lock, held by somebody who is not our parent
    holder = subprocess.Popen([sys.executable, "-c", """
import fcntl, sys
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
""", root.file("/var/lib/rpm/.rpm.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    holder.stdout.readline()
    p = subprocess.Popen(root.cmd("--patches"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    time.sleep(1)
    case("outside of a transaction aipmng waits for rpm", p.poll() is None and
         root.states(OLD) == NONE)
    env = dict(os.environ, AIP_IN_TRANSACTION="1")
    check("a scriptlet's does not, not even for the one that waits",
          run(root, "--patches", env=env), 0, BOTH)
    holder.communicate("")
    case("the one that waited finds it done", p.communicate()[0].endswith(APPLIED + "\n"))
    # held by our parent: we are in its scriptlet
    run(root, "--revert")
    with open(root.file("/var/lib/rpm/.rpm.lock"), "r+", encoding="ascii") as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        check("a transaction around us is the lock", run(root, "--patches"), 0, BOTH)


stuck = Stuck()
for part in (by_the_book, refused, history, looks, usage, nothing_fits, customised, edited, attributes, updates, half_bad, withdrawn,
             records, locks, stuck.check):
    part()
aiproot.done()
