#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the whole way from a server's signed index to patched scripts and back, with the exit codes that are
#         documented for whatever is wrong with server, signature, serial, clock, key or configuration
# needs:  rpmbuild, rpm, gpg
# timeout: 240
# order:  20
import hashlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import aiproot  # noqa: E402
import sources  # noqa: E402
from aiproot import PATHS, case, done  # noqa: E402

aiproot.enter()
kit = aiproot.Kit()
sources.build("aip-fetch")
os.environ["AIP_LIBEXECDIR"] = sources.TMP + "/libexec"
for v in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
    os.environ.pop(v, None)
key, other = sources.Key("fleet"), sources.Key("other")
server = sources.Server()
OLD, NEW = kit.scripts("1.0-1"), kit.scripts("1.1-1")
START = time.time()
DONE, NONE = "Successfully applied.", "No patch files found for this system."


def stamp(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + days * 86400))


def publish(*scripts, serial, signer=key, name="index.json.gz", **more):
    """An index for these scripts, signed, on the server."""
    more = {"issued": stamp(0), "expires": stamp(30), **more}  # the same call twice gives the same index
    args = []
    for i, s in enumerate(scripts):
        for p in PATHS:
            f = f"{sources.TMP}/script-{i}-{os.path.basename(p)}"
            aiproot.write(f, s[p])
            args.append(f"{p}={f}")
    for k, v in more.items():
        args = [f"--{k}", v] + args
    subprocess.run([sys.executable, aiproot.TOP + "/tests/lib/mkindex.py", "--stream", "fleet", "--serial", str(serial),
                    "--sign", signer.fpr, "-o", f"{server.dir}/{name}"] + args, check=True,
                   env=dict(os.environ, GNUPGHOME=sources.HOME))
    os.utime(f"{server.dir}/{name}", (serial, serial + (signer is other)))


def root(name, url=None, keys=(key,), package="1.0-1", conf="timeout = 20\n"):
    r = kit.root(name)
    r.rpm("-i", kit.package(package))
    url = url or server.url("ok/index.json.gz")
    sources.write(r.file("/etc/aip/aip.conf.d/fleet.conf"), f"index = {url}\n{conf}")
    for k in keys:
        sources.write(r.file(f"/etc/aip/keys.d/{k.fpr}.asc"), k.public)
    r.index()  # the package ships an index that knows nothing of these scripts
    return r


def patches(r, code, *args, words=""):
    x = r.aipmng("--modupdate", "--patches", *args)
    return x.returncode == code and words in x.stdout + x.stderr, (x.returncode, x.stdout, x.stderr)


def check(name, r, code, words, pristine, state, *args):
    good, seen = patches(r, code, *args, words=words)
    case(f"{name}: exit code {code}, {words!r}", good, seen)
    case(f"{name}: scripts {state}", r.states(pristine) == (state, state), r.states(pristine))


# ---- the good way ---------------------------------------------------------------------
publish(OLD, serial=1)
r = root("main")
check("first run", r, 0, DONE, OLD, "patched")
check("second run", r, 0, "", OLD, "patched")
r.rpm("-U", kit.package("1.1-1"))
check("an update that the index does not know", r, 3, NONE, NEW, "pristine")
publish(OLD, NEW, serial=2)
server.log()
x = r.aipmng("--reconcile")
case("reconcile asks the network for what is missing", x.returncode == 0 and r.states(NEW) == ("patched", "patched")
     and server.log(), (x, r.states(NEW)))
x = r.aipmng("--reconcile")
case("and does not ask when nothing is", x.returncode == 0 and not server.log(), x)
known = [i for i in json.loads(r.aipmng("--status", "--json").stdout)["indexes"] if i["stream"] == "fleet"]
case("--status shows the stream and its serial", known and known[0]["serial"] == 2, known)
x = r.aipmng("--revert")
r.rpm("-U", "--oldpackage", kit.package("1.0-1"))
server.stop()
check("offline, from the cache", r, 0, DONE, OLD, "patched", "--offline")
check("the server is away, from the cache", r, 0, "", OLD, "patched")

# ---- nobody there ---------------------------------------------------------------------------
check("no index reachable and none cached", root("nobody"), 6, "127.0.0.1", OLD, "pristine")
x = root("nobody2").aipmng("--reconcile")
case("reconcile without a network exits 0", x.returncode == 0, x)
server = sources.Server(name="second")
hang = f"http://127.0.0.1:{server.port['hang']}/"
slow = root("slow", hang, conf="trigger_timeout = 3\ntimeout = 3\n")
start = time.monotonic()
x = slow.aipmng("--reconcile")
case("a server that hangs: reconcile exits 0 in bounded time", x.returncode == 0 and time.monotonic() - start < 15, x)
check("a server that hangs", slow, 6, hang, OLD, "pristine")
check("404", root("nofile", server.url("ok/none")), 6, "404", OLD, "pristine")

# ---- refused ------------------------------------------------------------------------------------
publish(OLD, NEW, serial=2)
main_url = f"index = {server.url('ok/index.json.gz')}\ntimeout = 20\n"
sources.write(r.file("/etc/aip/aip.conf.d/fleet.conf"), main_url)
check("back again", r, 0, "", OLD, "patched")
publish(OLD, NEW, serial=3, signer=other)
check("a foreign key, nothing cached", root("foreign", server.url("ok/index.json.gz")), 4, "trusted", OLD, "pristine")
check("a foreign key", r, 4, "trusted", OLD, "patched")
x = r.aipmng("--reconcile", "--refresh")
case("a foreign key: reconcile exits 0, the scripts stay patched", x.returncode == 0
     and r.states(OLD) == ("patched", "patched"), x)
publish(OLD, NEW, serial=1)
check("an older serial", r, 4, "older than 2", OLD, "patched")
publish(OLD, NEW, serial=2, withdrawn="0" * 64)
check("the same serial, other content", r, 4, "other content", OLD, "patched")
publish(OLD, NEW, serial=3, issued="2020-01-01T00:00:00Z", expires="2020-02-01T00:00:00Z")
check("expired", r, 4, "expired", OLD, "patched")
check("no key", root("nokey", server.url("ok/index.json.gz"), keys=()), 4, "no trusted key", OLD, "pristine")
raw = bytearray(open(f"{server.dir}/index.json.gz", "rb").read())
raw[len(raw) // 2] ^= 1
server.put("index.json.gz", bytes(raw))
check("a damaged file", r, 4, "", OLD, "patched")
x = r.aipmng("--patches", "--index", server.url("ok/index.json.gz"))
case("--index of it: exit code 4", x.returncode == 4, x)

# ---- what a newer index brings ----------------------------------------------------------------------
post = aiproot.patched(PATHS[0], OLD[PATHS[0]])
publish(OLD, NEW, serial=5, withdrawn=hashlib.sha256(post).hexdigest())
x = r.aipmng("--reconcile", "--refresh")
case("a withdrawn patch is taken back, and the set with it", x.returncode == 0 and r.states(OLD) == ("pristine", "pristine"),
     (x, r.states(OLD)))
publish(OLD, NEW, serial=6)
x = r.aipmng("--reconcile", "--refresh")
case("and applied again when it is good again", r.states(OLD) == ("patched", "patched"), (x, r.states(OLD)))
publish(OLD, NEW, serial=1)
if os.geteuid() == 0:
    x = r.aipmng("--reset-serial", "fleet")
    case("--reset-serial", x.returncode == 0, x)
    check("after it a lower serial is accepted", r, 0, "", OLD, "patched")
    log = open(r.file("/var/log/aip.log")).read()
    case("--reset-serial and accepted indexes are in the log", "reset" in log and "accepted index fleet serial 6" in log, log)

# ---- configuration ------------------------------------------------------------------------------------
sources.write(r.file("/etc/aip/aip.conf.d/fleet.conf"), main_url + "signatures = none\n")
check("a mistake in the configuration", r, 1, "fleet.conf:3: signatures", OLD, "patched")
x = r.aipmng("--reconcile")
case("a mistake in the configuration: reconcile exits 0", x.returncode == 0, x)
case("no helper is left behind", not sources.helpers_left(), sources.helpers_left())
done()
