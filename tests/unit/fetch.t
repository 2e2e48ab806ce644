#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: an index is fetched by file, http and https as configured; whatever a server does
#         wrong is refused in bounded time, says why, and leaves cache and state as they were
# needs:  openssl, gpg
# timeout: 240
# order:  20
import os
import sys
import time

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
from sources import (Key, Root, Server, TMP, build, case, certificates, done, envelope, helpers_left,  # noqa: E402
                     payload, write)
import gzip  # noqa: E402

build("aip-indexes", "aip-fetch", sanitized=True)
key = Key("a")
certs = certificates(TMP + "/certs")
server = Server("--tls", certs + "/server.pem", certs + "/server.key", "--client-ca", certs + "/ca.pem", "--proxy",
                "--proxy-user", "me:secret")
# some size, so that halves and lengths mean something
GOOD = envelope(payload(serial=17, withdrawn=["%064x" % i for i in range(200)]), [key])
server.put("index.json", GOOD)
server.put("index.json.gz", gzip.compress(GOOD))
server.put("new.json", envelope(payload(serial=18), [key]))
SHIPPED = payload("shipped", 3)
# where a server must be given up, and where it must not, however slow this machine is
FAST = "connect_timeout = 1\ntimeout = 2\ntrigger_timeout = 3\n"
SLOW = "connect_timeout = 30\ntimeout = 60\ntrigger_timeout = 60\n"
BOUND = 15  # seconds that a run with FAST may take here


def root(*lines, **kw):
    return Root(kw.pop("times", SLOW) + "".join(line + "\n" for line in lines), kw.pop("keys", [key]), kw.pop("shipped", SHIPPED), **kw)


def index(*urls):
    return [f"index = {u}" for u in urls]


# ---- what works ------------------------------------------------------------------
for name in ("index.json", "index.json.gz"):
    r = root(*index(server.url("ok/" + name)))
    x = r.load()
    case(f"{name} over http", x.rc == 0 and x.have() == (17, "network") and not x.warnings, x)
    case(f"{name}: the cache holds what was signed, unpacked", r.cached() == GOOD)
    case(f"{name}: its serial is remembered", r.serial() == 17, r.state())
    server.log()
    before = os.stat(r.path + "/var/lib/aip/state.json").st_mtime_ns, os.stat(r.path + "/var/cache/aip/index-test.json")
    x = r.load()
    log = server.log()
    case(f"{name}: unchanged costs one 304", [e["status"] for e in log] == [304] and x.have() == (17, "network")
         and x.json["answered"] == 1, (log, str(x)))
    after = os.stat(r.path + "/var/lib/aip/state.json").st_mtime_ns, os.stat(r.path + "/var/cache/aip/index-test.json")
    case(f"{name}: and writes nothing", before == after, (before, after))

os.remove(r.path + "/var/cache/aip/index-test.json")
x = r.load()
case("without the cached copy it is fetched in full", x.have() == (17, "network") and r.cached() == GOOD
     and server.log()[-1]["status"] == 200, x)
write(r.path + "/var/cache/aip/index-test.json", GOOD[:-40] + b"x" * 40)
x = r.load()
case("a damaged cached copy is told and fetched again", x.have() == (17, "network") and r.cached() == GOOD
     and "cached index is not used" in x.text, x)

for what, url in (("file", f"file://{server.dir}/index.json"), ("file, packed", f"file://{server.dir}/index.json.gz"),
                  ("file, escaped", f"file://{server.dir}/%69ndex.json"),
                  ("a redirect", server.url("to/" + server.url("ok/index.json").replace("/", "%2F"))),
                  ("user and password", server.url("auth/index.json").replace("//", "//u:p%40ss@"))):
    x = root(*index(url)).load()
    case(f"{what}: fetched", x.have() == (17, "network") and x.rc == 0, x)
    case(f"{what}: no password in what is shown", "p%40ss" not in str(x) and "p@ss" not in str(x), x)

x = root().load("refresh", "--index", server.url("ok/index.json"))
case("--index without configuration", x.have() == (17, "network"), x)
x = root().load("refresh", "--index", server.dir + "/index.json.gz")
case("--index with a plain path", x.have() == (17, "network"), x)
x = root().load("refresh", "--index", "ftp://127.0.0.1/x")
case("--index with another protocol: exit code 6", not x.have() and x.json["no_patch"]["exit"] == 6 and x.text, x)
r = root(*index(server.url("ok/index.json")))
x = r.load("refresh", "--index", server.url("ok/new.json"))
case("--index stands for all configured sources", x.have() == (18, "network") and x.json["asked"] == 1, x)

# ---- TLS -------------------------------------------------------------------------
https = server.url("ok/index.json", "https")
x = root(*index(https)).load()
case("https: an unknown CA is refused", not x.have() and x.json["no_patch"]["exit"] == 6 and "sslcacert" in x.text, x)
r = root(*index(https), "sslcacert = /etc/ca.pem")
r.write("/etc/ca.pem", open(certs + "/ca.pem", "rb").read())
x = r.load()
case("https: with sslcacert, a path inside the root", x.have() == (17, "network"), x)
x = r.load("refresh", "--index", server.url("ok/index.json", "https", "127.0.0.2"))
case("https: another name than the certificate's is refused", x.have() == (17, "cache") and x.json["answered"] == 0, x)
mtls = server.url("ok/index.json", "https", port="mtls")
x = r.load("refresh", "--index", mtls)
case("client certificate: without one it fails", x.json["answered"] == 0 and x.text, x)
for f in ("client.pem", "client.key"):
    r.write("/etc/" + f, open(f"{certs}/{f}", "rb").read())
r.conf(SLOW + "sslcacert = /etc/ca.pem\nsslclientcert = /etc/client.pem\nsslclientkey = /etc/client.key\n")
x = r.load("refresh", "--index", mtls)
case("client certificate: with one it works", x.have() == (17, "network") and x.json["answered"] == 1, x)
x = r.load("refresh", "--index", server.url("to/" + server.url("ok/new.json").replace("/", "%2F"), "https"))
case("https to http: the redirect is not followed", x.have() == (17, "cache") and "redirect" in x.text, x)
case("and nobody was asked there", not [e for e in server.log() if e["path"] == "/ok/new.json"
                                       and e["status"] == 200][1:])
x = r.load("refresh", "--index", server.url("to/" + https.replace("/", "%2F")))
case("http to https: is followed", x.have() == (17, "network"), x)

# ---- proxy -------------------------------------------------------------------------
proxy = f"http://127.0.0.1:{server.port['proxy']}"
named = server.url("ok/index.json", host="index.test")  # only the proxy knows this name
for what, lines, env in (
        ("from aip.conf", [f"proxy = {proxy}", "proxy_username = me", "proxy_password = secret"], {}),
        ("from the environment", [], {"http_proxy": proxy.replace("//", "//me:secret@")})):
    r = root(*index(named), *lines)
    r.env = env
    server.log()
    x = r.load()
    case(f"proxy {what}", x.have() == (17, "network") and [e for e in server.log() if e.get("via") == "proxy"], x)
    case(f"proxy {what}: its password is not shown", "secret" not in str(x), x)
r = root(*index(server.url("ok/index.json")), "proxy = none")
r.env = {"http_proxy": "http://127.0.0.1:1"}
x = r.load()
case("proxy = none goes before the environment", x.have() == (17, "network"), x)
x = root(*index(named), f"proxy = {proxy}").load()
case("proxy that wants a password", not x.have() and "407" in x.text, x)
r = root(*index(server.url("ok/index.json", "https", "index.test")), f"proxy = {proxy}", "proxy_username = me",
         "proxy_password = secret", "sslcacert = /etc/ca.pem")
r.write("/etc/ca.pem", open(certs + "/ca.pem", "rb").read())
x = r.load()
case("https through the proxy", x.have() == (17, "network"), x)

# ---- what a server does wrong ----------------------------------------------------------
UNREACHED, REFUSED = 6, 4
wrong = [  # path, exit code, what is said, whether it takes its time
    ("truncated/index.json", UNREACHED, "transfer", False),
    ("cut/index.json", REFUSED, "", False),
    ("longer/index.json", REFUSED, "", False),
    ("truncated/index.json.gz", UNREACHED, "transfer", False),
    ("cut/index.json.gz", REFUSED, "damaged or cut short", False),
    ("stall/index.json", UNREACHED, "", True),
    ("endless", REFUSED, "larger than", True),
    ("headers", UNREACHED, "", True),
    ("slow", UNREACHED, "", True),
    ("oversized", REFUSED, "larger than", False),
    ("bomb", REFUSED, "unpacks to more than", True),
    ("loop", UNREACHED, "redirect", False),
    ("to/file:%2F%2F%2Fetc%2Fpasswd", UNREACHED, "redirect", False),
    ("bad304", UNREACHED, "304", False),
    ("status/200", REFUSED, "", False),
    ("status/404", UNREACHED, "404", False),
    ("status/500", UNREACHED, "500", False),
    ("auth/index.json", UNREACHED, "401", False),
]
r = root(*index(server.url("ok/index.json")))
r.load()
state, cache = r.read("/var/lib/aip/state.json"), r.cached()
fresh = root(times=FAST)
for path, code, words, slow in wrong:
    url = server.url(path)
    x = fresh.load("refresh", "--index", url)
    case(f"/{path}: exit code {code}", x.json["no_patch"]["exit"] == code and
         x.rc == (code if code == REFUSED else 0), x)
    case(f"/{path}: the message names the source and the reason",
         words in x.text and f"http://127.0.0.1:{server.port['http']}/" in x.text, x.text)
    case(f"/{path}: in bounded time", x.seconds < BOUND, x.seconds)
    r.conf(FAST + f"index = {url}\n")
    if not slow:
        x = r.load()
        case(f"/{path}: the cached index stays in use", x.rc == 0 and x.have() == (17, "cache") and x.warnings, x)
    case(f"/{path}: state and cache are untouched", (state, cache) == (r.read("/var/lib/aip/state.json"), r.cached()))
case("nothing was cached from any of them", not fresh.cached() and fresh.state() is None)

hang = f"http://127.0.0.1:{server.port['hang']}/index.json"
for what, url in (("accepts and never answers", hang), ("nobody listens", "http://127.0.0.1:1/x"),
                  ("no such name", "http://no-such-host.invalid/x"), ("no such file", f"file://{server.dir}/none"),
                  ("a folder", f"file://{server.dir}"), ("a device", "file:///dev/zero")):
    x = root(times=FAST).load("refresh", "--index", url)
    case(f"{what}: exit code 6 in bounded time", x.json["no_patch"]["exit"] == 6 and x.seconds < BOUND, x)

# ---- a bad source does not hide a good one ----------------------------------------------
bad = [server.url(p) for p in ("truncated/index.json", "status/500", "cut/index.json")] + ["http://127.0.0.1:1/"]
x = root(*index(*bad, server.url("ok/index.json"))).load()
case("bad sources before a good one", x.rc == 0 and x.have() == (17, "network") and len(x.warnings) == 4
     and x.json["outcome"]["exit"] == 0, x)
x = root(*index(server.url("ok/index.json"), *bad)).load()
case("bad sources after a good one", x.rc == 0 and x.have() == (17, "network"), x)
x = root(*index(server.url("cut/index.json"), server.url("ok/index.json"))).load()
case("a good one that knows nothing of this system: exit code 3, not that of the bad one",
     x.json["no_patch"]["exit"] == 3 and x.warnings, x)
x = root(*index(server.url("cut/index.json"), "http://127.0.0.1:1/")).load()
case("all bad: the run has failed, and says what was refused", x.json["outcome"]["exit"] == 4, x)
x = root(*index(server.url("ok/new.json"), server.url("ok/index.json"))).load()
case("the highest serial wins over a stale mirror", x.have() == (18, "network"), x)
r = root(*index(server.url("ok/index.json"), server.url("ok/new.json")))
x = r.load()
case("in whatever order", x.have() == (18, "network") and r.serial() == 18, x)
server.log()
x = r.load()
case("a stale mirror too is asked with one 304", [e["status"] for e in server.log()] == [304, 304]
     and x.have() == (18, "network"), x)

r.conf(SLOW + "".join(index(server.url("ok/index.json"))))
x = r.load()
case("a stale mirror alone: refused, by a 304 too", [e["status"] for e in server.log()] == [304]
     and x.json["outcome"]["exit"] == 4 and "older than 18" in x.text and x.have() == (18, "cache"), x)

# ---- when the network is asked ------------------------------------------------------------
r = root(*index(server.url("ok/index.json")))
server.log()
x = r.load("offline")
case("offline: nobody is asked, the shipped index is there", x.rc == 0 and x.have("shipped") == (3, "package")
     and x.json["asked"] == 0 and not server.log(), x)
x = r.load("cache-first")
case("cache first: an index is there already", x.json["asked"] == 0 and not x.have(), x)
x = r.load("cache-first", "--need", "test:17")
case("cache first: asks for what is missing", x.have() == (17, "network"), x)
server.log()
x = r.load("cache-first", "--need", "test:17")
case("cache first: and not again", x.have() == (17, "cache") and not server.log(), x)
x = r.load("offline")
case("offline: the cached index", x.have() == (17, "cache"), x)
r = root(*index(hang, hang, server.url("ok/index.json")), times="trigger_timeout = 9\n")
x = r.load("cache-first", "--need", "test:17")
case("cache first: sources that hang leave the last one its time", x.have() == (17, "network") and x.seconds < 14, x)
server.log()
x = root(*index(server.url("ok/index.json"), server.url("ok/new.json"))).load("cache-first", "--need", "test:17")
case("cache first: stops when it has enough", [e["path"] for e in server.log()] == ["/ok/index.json"], x)
x = root("", shipped=None).load("offline")
case("no index at all: exit code 6", x.rc == 6 and "index =" in x.text, x)
x = root(*index("http://127.0.0.1:1/"), shipped=None).load()
case("none reachable, none cached, none shipped: exit code 6", x.rc == 6 and "127.0.0.1:1" in x.error["message"], x)
x = root().load()
case("no sources configured: exit code 3 when nothing fits", x.rc == 0 and x.json["no_patch"]["exit"] == 3, x)

# ---- the helper ---------------------------------------------------------------------------
r = root(*index(server.url("ok/index.json")), times=FAST)
saved = open(TMP + "/libexec/aip-fetch", "rb").read()
for what, script, words in (
        ("crashes", "kill -SEGV $$", "status 139"), ("talks nonsense", "echo hello", "makes no sense"),
        ("says too much", "cat /dev/zero", "more than"), ("ends early",
         "printf 'aip-fetch 1\\nstatus ok\\nlength 99\\n\\nshort'", "cut short"),
        ("never ends", "sleep 100 & sleep 100", "did not end"),
        ("has an endless head", "echo 'aip-fetch 1'; yes 'note x'", "")):
    os.unlink(TMP + "/libexec/aip-fetch")
    write(TMP + "/libexec/aip-fetch", "#!/bin/bash\n" + script + "\n")
    os.chmod(TMP + "/libexec/aip-fetch", 0o755)
    x = r.load()
    case(f"a helper that {what}", x.json["no_patch"]["exit"] == 6 and words in x.text and x.seconds < BOUND
         and x.have("shipped"), x)
os.unlink(TMP + "/libexec/aip-fetch")
x = r.load()
case("a helper that is not there", x.json["no_patch"]["exit"] == 6 and "aip-fetch" in x.text, x)
r.env = {"SECRET": "value", "no_proxy": "x"}
write(TMP + "/libexec/aip-fetch", "#!/bin/bash\n{ ls /proc/self/fd; env; } >" + TMP + "/seen\nexit 7\n")
os.chmod(TMP + "/libexec/aip-fetch", 0o755)
x = r.load()
seen = open(TMP + "/seen").read()
case("the helper gets no descriptor but 0, 1, 2 (and ls's own)", seen.split()[:4] == ["0", "1", "2", "3"]
     and "\n4\n" not in seen, seen)
case("the helper gets proxies and nothing else of the environment", "no_proxy=x" in seen and "SECRET" not in seen, seen)
write(TMP + "/libexec/aip-fetch", saved)
time.sleep(0.1)
case("no helper is left behind", not helpers_left(), helpers_left())

done()
