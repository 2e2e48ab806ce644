#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: only indexes with enough good signatures of trusted, unrevoked keys are used; none that is
#         older than, or different from, what was accepted before; none that came expired from the network;
#         and a damaged or foreign state file opens no way back and blocks nothing that is safe
# needs:  gpg
# timeout: 240
# order:  20
import base64
import concurrent.futures
import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
from sources import Key, Root, TMP, build, case, done, envelope, gpg, payload, write  # noqa: E402

build("aip-indexes", "aip-fetch")
a, b, c, evil = Key("a"), Key("b", "rsa2048"), Key("c"), Key("evil")
SHIPPED = payload("shipped", 3)
SRC = TMP + "/src"
n_src = 0


def source(data):
    """A file source. Return: its line for aip.conf."""
    global n_src
    n_src += 1
    write(f"{SRC}/{n_src}.json", data)
    return f"index = file://{SRC}/{n_src}.json\n"


def root(conf="", keys=(a,), shipped=SHIPPED):
    return Root(conf, keys, shipped)


def refused(name, x, *words, code=4):
    case(f"{name}: refused with exit code {code}", x.have() is None and x.json["no_patch"]["exit"] == code
         and x.json["outcome"]["exit"] == code and x.have("shipped"), x)
    for w in words:
        case(f"{name}: says '{w}'", w in x.text, x.text)


# ---- keys and signatures -----------------------------------------------------------
GOOD = envelope(payload(serial=5), [a])
for name, key in (("Ed25519", a), ("RSA", b)):
    x = root(source(envelope(payload(), [key])), [key]).load()
    case(f"signed with {name}: accepted", x.have() == (1, "network") and not x.warnings, x)
refused("foreign key", root(source(envelope(payload(), [evil]))).load(), f"{SRC}/")
refused("no signature", root(source(envelope(payload(), []))).load())
refused("plain payload", root(source(payload())).load())
refused("no key at all", root(source(GOOD), []).load(), "no trusted key", "keys.d")
for digest in ("SHA1", "MD5"):
    try:
        data = envelope(payload(), [b], digest)
    except Exception:
        print(f"ok - signature with {digest} # SKIP this gpg makes none")
        continue
    refused(f"signature with {digest}", root(source(data), [b]).load())
broken = json.loads(GOOD)
broken["payload"] = broken["payload"][:-8] + ("AAAA" if broken["payload"][-8:-4] != "AAAA" else "BBBB") + broken["payload"][-4:]
refused("changed payload", root(source(json.dumps(broken))).load())
refused("other payload type", root(source(GOOD.replace(b"aip.index+json", b"aip.other+json"))).load())
refused("other format", root(source(envelope(payload(format=2), [a]))).load())
refused("not JSON", root(source(b"<html>captive portal</html>")).load(), "aip-mkindex")

r = root(source(GOOD), [])
r.write("/etc/pki/rpm-gpg/RPM-GPG-KEY-aip", a.public)
x = r.load()
case("the package's key file counts", x.have() == (5, "network"), x)
r = root(source(GOOD))
r.write("/etc/aip/keys.d/broken.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nbm90IGEga2V5\n-----END PGP PUBLIC KEY BLOCK-----\n")
r.write("/etc/aip/keys.d/old.asc.rpmsave", evil.public)
x = r.load()
case("a broken key file is told and does not harm", x.have() == (5, "network") and "broken.asc" in x.text, x)
r.conf(source(envelope(payload(serial=6), [evil])))
x = r.load()
case("what rpm or an editor left beside the keys does not count", x.have() == (5, "cache"), x)
r = root(source(GOOD), [])
r.write("/etc/aip/keys.d/a.asc", a.public)
os.chmod(r.path + "/etc/aip/keys.d/a.asc", 0o666)
refused("a key file that anybody can write", r.load(), "every user")

# a subkey signs for its primary key
gpg("--quick-add-key", c.fpr, "ed25519", "sign", "never")
c.public = gpg("--armor", "--export", c.fpr)
sub = [l.split(":")[9] for l in gpg("--list-keys", "--with-colons", c.fpr).decode().splitlines() if l.startswith("fpr")][1]


class Sub(Key):
    def __init__(self, fpr=sub):
        self.fpr = fpr


class Known(Key):
    """A key that gpg has already."""

    def __init__(self, name):
        out = gpg("--list-keys", "--with-colons", f"{name}@example.com").decode()
        self.fpr = [l.split(":")[9] for l in out.splitlines() if l.startswith("fpr")][0]
        self.public = gpg("--armor", "--export", self.fpr)


x = root(source(envelope(payload(), [Sub()])), [c]).load()
case("a signing subkey counts for its primary key", x.have() == (1, "network"), x)

# ---- N signatures ----------------------------------------------------------------------
for keys, good in (((a,), False), ((a, a), False), ((a, evil), False), ((a, b), True), ((b, a, evil), True)):
    x = root("signatures = 2\n" + source(envelope(payload(), keys)), [a, b, c]).load()
    case(f"2 of 3 demanded, {len(set(keys) - {evil})} distinct of {len(keys)} signatures: {'accepted' if good else 'refused'}",
         (x.have() == (1, "network")) == good and (good or x.json["outcome"]["exit"] == 4), x)
x = root("signatures = 2\n" + source(envelope(payload(), [c, Sub()])), [a, b, c]).load()
case("primary key and its subkey are one signer", x.have() is None, x)

# one key as the subkey of two primary keys (gpg makes such a thing of its key grip and the same time)
AT = ("--faked-system-time", "20240101T000000!")
for n in "de":
    gpg(*AT, "--quick-gen-key", f"{n} <{n}@example.com>", "ed25519", "sign", "never")
d, e = Known("d"), Known("e")
gpg(*AT, "--quick-add-key", d.fpr, "ed25519", "sign", "never")
grip = [l.split(":")[9] for l in gpg("--list-keys", "--with-colons", "--with-keygrip", d.fpr).decode().splitlines()
        if l.startswith("grp")][1]
gpg("--no-batch", "--yes", "--expert", *AT, "--command-fd", "0", "--edit-key", e.fpr, "addkey",
    data=f"13\n{grip}\ne\nq\n0\nsave\n".encode())
shared = [[l.split(":")[9] for l in gpg("--list-keys", "--with-colons", k.fpr).decode().splitlines()
           if l.startswith("fpr")][1:] for k in (d, e)]
case("two primary keys share a subkey", len(shared[0]) == 1 and shared[0] == shared[1], shared)
d, e, twin = Known("d"), Known("e"), Sub(shared[0][0])
for name, keys, signers in (("twice", [d, e], [twin, twin]), ("and one primary key", [d, e], [d, twin]),
                            ("and the other", [e, d], [d, twin]), ("and a third key twice", [d, e], [twin, d, twin])):
    x = root("signatures = 2\n" + source(envelope(payload(), signers)), keys).load()
    case(f"a subkey of two primary keys {name}: one signer at most", x.have() is None, x)
x = root("signatures = 1\n" + source(envelope(payload(), [twin])), [d, e]).load()
case("and it is said which two", f"key {shared[0][0].lower()} belongs to" in x.text, x.text)
r = root("signatures = 1\n" + source(envelope(payload(serial=5), [a])), [a, b])
r.load()
r.conf("signatures = 2\n")
x = r.load("offline")
case("the cached index too must have N signatures, at each use", x.have() is None and "not used" in x.text, x)
x = root("signatures = 3\n" + source(GOOD), [a, b]).load()
case("more signatures demanded than there are keys: told", "only the shipped index" in x.text and not x.have(), x)

# ---- serials -----------------------------------------------------------------------------
OLD, SAME, NEW = (envelope(payload(serial=n, withdrawn=["%064x" % n]), [a]) for n in (4, 5, 6))
r = root(source(GOOD))
r.load()
before = r.read("/var/lib/aip/state.json"), r.cached()
r.conf(source(OLD))
x = r.load()
case("older serial: refused, the cached index stays", x.have() == (5, "cache") and x.json["outcome"]["exit"] == 4
     and "older than 5" in x.text and before == (r.read("/var/lib/aip/state.json"), r.cached()), x)
os.remove(r.path + "/var/cache/aip/index-test.json")
x = r.load()
case("older serial: without the cached index too", x.have() is None and x.json["outcome"]["exit"] == 4, x)
x = r.load("refresh", "--index", f"file://{SRC}/{n_src}.json")
case("older serial: by --index too, and nothing else is used", x.rc == 4 and not x.json["indexes"], x)
r.conf(source(SAME))
x = r.load()
case("same serial, other content: refused", x.have() is None and x.json["outcome"]["exit"] == 4 and "other content" in x.text, x)
r.conf(source(GOOD))
x = r.load()
case("same serial, same content: accepted", x.have() == (5, "network"), x)
r.trust(b)
r.conf(source(envelope(base64.b64decode(json.loads(GOOD)["payload"]), [b])))
x = r.load()
case("same content, signed by another trusted key: accepted", x.have() == (5, "network") and r.serial() == 5, x)
r.conf(source(NEW))
x = r.load()
case("higher serial: accepted", x.have() == (6, "network") and r.serial() == 6, x)
write(r.path + "/var/cache/aip/index-test.json", GOOD)
x = r.load("offline")
case("an older one put into the cache: not used", x.have() is None and "older than 6" in x.text, x)
r.conf(source(envelope(payload("other", 1), [a])))
x = r.load()
case("streams have serials of their own", x.have("other") == (1, "network") and r.serial("other") == 1, x)
x = root(source(envelope(payload(serial=2**53), [a]))).load()
case("a serial beyond 2^53 - 1 is refused", x.have() is None, x)
r = root(source(envelope(payload(serial=2**53 - 1), [a])))
x = r.load()
case("2^53 - 1 is accepted and remembered exactly", x.have() == (2**53 - 1, "network") and r.serial() == 2**53 - 1, x)

x = r.run("reset", "test")
case("--reset-serial", x.rc == 0 and r.cached() is None and r.serial() == 0, x)
r.conf(source(OLD))
x = r.load()
case("after --reset-serial whatever comes is accepted", x.have() == (4, "network") and r.serial() == 4, x)
case("--reset-serial of an unknown stream", r.run("reset", "nobody").rc == 1)
case("--reset-serial of what is no stream", r.run("reset", "../../etc").rc == 1)

# the shipped index of the same stream
r = root(source(envelope(payload("shipped", 2), [a])))
x = r.load()
case("the shipped index is newer than the network's", x.have("shipped") == (3, "package") and x.json["answered"] == 1, x)
r.conf(source(envelope(payload("shipped", 4), [a])))
x = r.load()
case("the network's is newer than the shipped one", x.have("shipped") == (4, "network"), x)
x = r.load("offline")
case("and stays so in the cache", x.have("shipped") == (4, "cache"), x)

# ---- expiry and clocks -----------------------------------------------------------------------
EXPIRED = envelope(payload(serial=7, issued=-86400 * 9, expires=-86400), [a])
refused("expired, from the network", root(source(EXPIRED)).load(), "expired")
r = root(source(envelope(payload(serial=7, issued=-86400, expires=-1), [a])))
r.write("/var/cache/aip/index-test.json", envelope(payload(serial=6, issued=-86400 * 9, expires=-86400), [a]))
x = r.load()
case("expired in the cache: stays in use, reported as stale", x.have() == (6, "cache") and x.member()["stale"]
     and "not renewed" in x.text, x)
for window in (2, 10, 40):  # a slow machine gets more time to accept it before it expires
    r, end = root(source(envelope(payload(serial=8, issued=-86400, expires=window), [a]))), time.time() + window
    x = r.load()
    if x.have():
        break
case("not expired yet", x.have() == (8, "network") and not x.member()["stale"], x)
time.sleep(max(0, end - time.time()) + 1.5)
x = r.load()
case("accepted before, expired since: still the source's, stale", x.have() == (8, "network") and x.member()["stale"]
     and x.json["outcome"]["exit"] == 0, x)
AHEAD = envelope(payload("ahead", 1, issued=86400 * 40, expires=86400 * 80), [a])
r = root(source(AHEAD))
x = r.load()
case("issued more than a day ahead of the clock: refused", x.have("ahead") is None and x.json["outcome"]["exit"] == 4
     and r.state() is None and "clock" in x.text, x)
x = root(source(envelope(payload("ahead", 1, issued=86400 - 60), [a]))).load()
case("issued less than a day ahead: accepted", x.have("ahead") == (1, "network"), x)
r.env["AIP_TEST_TIME"] = "86400"
x = r.load()
case("a clock of 1970 cannot say what is ahead: accepted", x.have("ahead") == (1, "network") and not x.member("ahead")["stale"], x)
r.conf(source(envelope(payload("other", 1, issued=-86400, expires=86400 * 20), [a])))
x = r.load()
case("and that 'issued' makes no other index look expired", x.have("other") == (1, "network"), x)
del r.env["AIP_TEST_TIME"]
r.conf(source(envelope(payload(serial=1, issued=0, expires=86400 * 20), [a])))
x = r.load()
case("nor when the clock is right again", x.have() == (1, "network") and x.have("ahead") and not x.member()["stale"], x)
r = root(source(envelope(payload(serial=1, issued=-60), [a])))
r.load()
r.conf(source(envelope(payload("other", 1, issued=-86400 * 40, expires=-86400 * 20), [a])))
r.env["AIP_TEST_TIME"] = str(int(time.time()) - 86400 * 30)
x = r.load()
case("a clock that is set back is not believed below the last 'issued'", x.have("other") is None and "expired" in x.text, x)
x = root(source(GOOD), shipped=payload("shipped", 1, issued=-86400 * 400, expires=-86400 * 300)).load("offline")
case("an expired shipped index stays in use", x.have("shipped") == (1, "package") and x.member("shipped")["stale"], x)

# a key that expires: as its index would
short = Key("short")
gpg("--quick-set-expire", short.fpr, "seconds=7200")
short.public = gpg("--armor", "--export", short.fpr)
LATER = str(int(time.time()) + 3 * 3600)
r = root(source(envelope(payload(serial=1), [short])), [short])
r.env["AIP_TEST_TIME"] = LATER
refused("an index whose key has expired", r.load(), "with the keys that signed it")
del r.env["AIP_TEST_TIME"]
x = r.load()
case("before that it is accepted", x.have() == (1, "network") and not x.member()["stale"], x)
r.env["AIP_TEST_TIME"] = LATER
x = r.load()
case("accepted before: it stays in use, stale", x.have() == (1, "network") and x.member()["stale"]
     and "not renewed" in x.text, x)
r.conf(source(envelope(payload(serial=2), [short])))
x = r.load()
case("the next one by that key is refused", x.have() == (1, "cache") and x.json["outcome"]["exit"] == 4, x)
gpg("--quick-set-expire", short.fpr, "0")
short.public = gpg("--armor", "--export", short.fpr)
r.trust(short)
x = r.load()
case("until the key is prolonged", x.have() == (2, "network") and not x.member()["stale"], x)

# ---- revocation ---------------------------------------------------------------------------------
r = root(source(envelope(payload(serial=1), [a])), [a, b])
r.load()
r.conf(source(envelope(payload("second", 1), [a])))
x = r.load()
case("before the revocation both streams are used", x.have() and x.have("second"), x)
r.conf(source(envelope(payload(serial=2, revoked=[a]), [a])))
x = r.load()
case("a key cannot revoke itself alone", x.have() == (1, "cache") and x.json["outcome"]["exit"] == 4, x)
r.conf(source(envelope(payload(serial=2, revoked=[a]), [b])))
x = r.load()
case("a key is revoked by another one", x.have() and x.have()[0] == 2, x)
case("what only it signed is out of use at once", x.have("second") is None, x)
r.conf(source(envelope(payload(serial=3), [a])))
x = r.load()
case("it does not count any more", x.have() == (2, "cache") and x.json["outcome"]["exit"] == 4, x)
r.conf(source(envelope(payload(serial=3), [b])))
x = r.load()
r.conf(source(envelope(payload(serial=4), [a])))
x = r.load()
case("not even when the next index no longer lists it", x.have() == (3, "cache"), x)
r.conf(source(envelope(payload(serial=9, revoked=[b]), [a, b])))
x = r.load()
case("the last key cannot be revoked", x.have() == (3, "cache") and x.json["outcome"]["exit"] == 4, x)
r.run("reset", "test")
r.conf(source(envelope(payload(serial=4), [a])))
x = r.load()
case("--reset-serial of the stream makes no revoked key good again", x.have() is None and x.json["outcome"]["exit"] == 4
     and [k["fingerprint"] for k in r.state()["revoked_keys"]] == [a.fpr.lower()], x)
r.conf(source(envelope(payload(serial=1), [b])))
x = r.load()
case("and lets an older serial by a good key in", x.have() == (1, "network") and r.serial() == 1, x)
r = root(source(envelope(payload(serial=2, revoked=[a]), [b])), [a, b])
r.load()
r.write("/var/lib/aip/state.json", b"damaged")
r.run("reset", "test")
r.conf(source(envelope(payload(serial=4), [a])))
x = r.load()
case("not even when only the index that it drops still knew of the revocation", x.have() is None and r.cached() is None
     and x.json["outcome"]["exit"] == 4, x)

r = root("signatures = 2\n" + source(envelope(payload(serial=1, revoked=[c]), [a])), [a, b, c])
x = r.load()
case("with N = 2 one signature revokes nothing", x.have() is None and r.state() is None, x)
r.conf("signatures = 2\n" + source(envelope(payload(serial=1, revoked=[c]), [a, c])))
x = r.load()
case("nor one and that of the key to be revoked", x.have() is None, x)
r.conf("signatures = 2\n" + source(envelope(payload(serial=1, revoked=[c]), [a, b])))
x = r.load()
case("two do", x.have() == (1, "network") and [k["fingerprint"] for k in r.state()["revoked_keys"]] == [c.fpr.lower()], x)
r.conf("signatures = 2\n" + source(envelope(payload(serial=2, revoked=[b]), [a, b])))
x = r.load()
case("two more do not: too few would be left", x.have() == (1, "cache"), x)

x = root(source(envelope(payload(), [a])), [a, b], payload("shipped", 1, revoked=[a])).load()
case("the shipped index revokes too", x.have() is None and x.json["outcome"]["exit"] == 4, x)
x = root(source(envelope(payload(), [a])), [a], payload("shipped", 1, revoked=[a])).load()
case("but not the last key", x.have() == (1, "network") and "too few would be left" in x.text, x)

# ---- the state file ---------------------------------------------------------------------------------
for what, damage in (("cut short", lambda s: s[:40]), ("empty", lambda s: b""), ("zeroes", lambda s: bytes(len(s))),
                     ("not what it should be", lambda s: s.replace(b'"serial": 6', b'"serial": -6')),
                     ("duplicate members", lambda s: s.replace(b'"version": 1,', b'"version": 1, "version": 1,'))):
    r = root(source(NEW))
    r.load()
    r.write("/var/lib/aip/state.json", damage(r.read("/var/lib/aip/state.json")))
    r.conf(source(OLD))
    x = r.load()
    case(f"state {what}: told, no way back to an older index", x.have() == (6, "cache") and "cannot be read" in x.text
         and x.json["outcome"]["exit"] == 4, x)
    r.conf(source(envelope(payload(serial=7), [a])))
    x = r.load()
    case(f"state {what}: a newer index of a cached stream is accepted", x.have() == (7, "network") and r.serial() == 7
         and r.state()["lost"] and r.read("/var/lib/aip/state.json.damaged") is not None, x)
    r.conf(source(envelope(payload("unknown", 1), [a])))
    x = r.load()
    case(f"state {what}: a stream of which nothing is left is refused", x.have("unknown") is None
         and x.json["outcome"]["exit"] == 4 and "--reset-serial unknown" in x.text, x)
r.run("reset", "unknown")
x = r.load()
case("until --reset-serial names it", x.have("unknown") == (1, "network"), x)
r = root(source(NEW))
r.load()
r.write("/var/lib/aip/state.json", b"damaged")
shutil.rmtree(r.path + "/var/cache")
x = r.load()
case("state and cache lost: refused, the shipped index is used", x.have() is None and x.have("shipped")
     and x.json["outcome"]["exit"] == 4, x)
r = root(source(NEW))
r.load()
newer = r.read("/var/lib/aip/state.json").replace(b'"version": 1', b'"version": 2')
r.write("/var/lib/aip/state.json", newer)
r.conf(source(envelope(payload(serial=7), [a])))
x = r.load()
case("a newer aip's state: told, kept, nothing new is accepted", x.have() == (6, "cache") and "newer aip" in x.text
     and r.read("/var/lib/aip/state.json") == newer and r.cached() == NEW, x)
case("a newer aip's state: no --reset-serial either", r.run("reset", "test").rc == 1
     and r.read("/var/lib/aip/state.json") == newer and r.cached() == NEW)
r = root(source(NEW))
r.load()
os.remove(r.path + "/var/lib/aip/state.json")
r.conf(source(OLD))
x = r.load()
case("state removed: the cached index still says where its stream stands", x.have() == (6, "cache"), x)

# nothing can be written: nothing new is used, nothing else breaks
r = root(source(NEW))
r.write("/var/lib/aip", b"a file where a folder should be")
x = r.load()
case("no room for the state: not used, told, the shipped index is there", x.have() is None and x.have("shipped")
     and "/var/lib/aip" in x.text and not x.json["answered"], x)
r = root(source(NEW))
r.write("/var/cache/aip", b"a file where a folder should be")
x = r.load()
case("no room for the cache: the serial is not remembered without its index", x.have() is None and x.have("shipped")
     and not r.serial(), x)
r = root(source(NEW), shipped=b"damaged")
x = r.load()
case("a damaged shipped index is told and does not hide the others", x.have() == (6, "network") and "install the package" in x.text, x)

# ---- several at once ------------------------------------------------------------------------------------
r = root("".join(source(envelope(payload(f"s{i}", 1), [a])) for i in range(4)) + source(NEW))
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    xs = list(pool.map(lambda _: r.load(), range(4)))
case("four at once: all have all, and so has the state", all(len(x.json["indexes"]) == 6 and not x.warnings for x in xs)
     and len(r.state()["streams"]) == 5, [str(x) for x in xs])
done()
