# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of index sources share: throwaway roots, keys, a server, cases.

The programs are built in the sanitized flavour where it matters what hostile input makes them
do (build(..., flavour=SAN)), else as they ship.
"""
import atexit
import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time

TOP, B, TMP = os.environ["AIP_TOP"], os.environ["AIP_B"], os.environ["AIP_TMP"]
SAN = B + "/san"
flavour = B
TYPE = b"application/vnd.aip.index+json"
HOME = TMP + "/gnupg"
failed = 0


def case(name, good, seen=""):
    """One line of the test's result."""
    global failed
    print(("ok - " if good else "not ok - ") + name, flush=True)
    if not good:
        failed = 1
        print(f"{name}: {seen}", file=sys.stderr, flush=True)
    return good


def done():
    sys.exit(failed)


def build(*programs, sanitized=False, **variables):
    """Build programs and use them from now on; variables go to make."""
    global flavour
    flavour = SAN if sanitized else variables.pop("B", B)
    os.makedirs(flavour, exist_ok=True)
    lock = os.open(flavour, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    args = ["make", "-s", "-C", TOP, "B=" + flavour] + [f"{k}={v}" for k, v in variables.items()]
    if flavour == SAN:
        args.append("SAN=address,undefined")
    r = subprocess.run(args + [flavour + "/" + p for p in programs], stdout=sys.stderr)
    os.close(lock)
    if r.returncode:
        case("the programs build", False)
        done()
    # a helper of this test's own, so that what it leaves behind can be told from others'
    if "aip-fetch" in programs:
        os.makedirs(TMP + "/libexec", exist_ok=True)
        shutil.copy(flavour + "/aip-fetch", TMP + "/libexec/aip-fetch")


def helpers_left():
    """Processes of this test's helper that still run."""
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/exe").startswith(TMP):
                left.append(pid)
    return left


def gpg(*args, data=None, home=HOME):
    if not os.path.isdir(home):
        os.makedirs(home, mode=0o700)
        atexit.register(subprocess.run, ["gpgconf", "--homedir", home, "--kill", "all"],
                        stderr=subprocess.DEVNULL)
    return subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", "--pinentry-mode",
                           "loopback", "--passphrase", "", *args], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True).stdout


class Key:
    """A signing key of gpg."""

    def __init__(self, name, kind="ed25519"):
        gpg("--quick-gen-key", f"{name} <{name}@example.com>", kind, "sign", "never")
        out = gpg("--list-keys", "--with-colons", f"{name}@example.com").decode()
        self.fpr = [l.split(":")[9] for l in out.splitlines() if l.startswith("fpr")][0]
        self.public = gpg("--armor", "--export", self.fpr)

    def sign(self, data, digest="SHA256"):
        return gpg("--digest-algo", digest, "--local-user", self.fpr + "!", "--detach-sign", data=data)


def when(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def payload(stream="test", serial=1, issued=-3600, expires=30 * 86400, revoked=(), withdrawn=(), **more):
    d = {"format": 1, "stream": stream, "serial": serial, "issued": when(issued), "expires": when(expires),
         "revoked_keys": sorted(k.fpr.lower() for k in revoked), "withdrawn": sorted(withdrawn), "files": {},
         "packages": []}
    d.update(more)
    return json.dumps(d, separators=(",", ":")).encode()


def envelope(data, keys, digest="SHA256"):
    pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE, len(data), data)
    return json.dumps({
        "payloadType": TYPE.decode(), "payload": base64.b64encode(data).decode(),
        "signatures": [{"keyid": k.fpr.lower(), "sig": base64.b64encode(k.sign(pae, digest)).decode()}
                       for k in keys]}).encode() + b"\n"


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


class Root:
    """A throwaway root with configuration, keys and a shipped index."""

    n = 0

    def __init__(self, conf="", keys=(), shipped=None):
        Root.n += 1
        self.path = f"{TMP}/root{Root.n}"
        self.env = {}
        os.makedirs(self.path + "/etc/aip/keys.d")
        self.conf(conf)
        for k in keys:
            self.trust(k)
        if shipped:
            self.write("/usr/share/aip/index.json", shipped)

    def write(self, path, data):
        write(self.path + path, data)

    def read(self, path):
        try:
            with open(self.path + path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def conf(self, text):
        self.write("/etc/aip/aip.conf", text)

    def trust(self, key):
        self.write(f"/etc/aip/keys.d/{key.fpr}.asc", key.public)

    def state(self):
        return json.loads(self.read("/var/lib/aip/state.json") or b"null")

    def serial(self, stream="test"):
        s = [x["serial"] for x in (self.state() or {"streams": []})["streams"] if x["stream"] == stream]
        return s[0] if s else None

    def cached(self, stream="test"):
        return self.read(f"/var/cache/aip/index-{stream}.json")

    def run(self, *args, timeout=120):
        env = dict(os.environ, AIP_LIBEXECDIR=TMP + "/libexec", **self.env)
        for v in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
            if v not in self.env:
                env.pop(v, None)
        start = time.monotonic()
        r = subprocess.run([flavour + "/aip-indexes", self.path, *args], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, env=env, timeout=timeout)
        return Result(r, time.monotonic() - start)

    def load(self, mode="refresh", *args, **kw):
        return self.run(mode, *args, **kw)


class Result:
    """What aip-indexes said."""

    def __init__(self, r, seconds):
        self.rc, self.seconds = r.returncode, seconds
        self.stderr = r.stderr.decode(errors="replace")
        try:
            self.json = json.loads(r.stdout)
        except ValueError:
            self.json = {"error": {"message": self.stderr, "hint": "", "exit": r.returncode}, "indexes": [],
                         "warnings": [], "asked": -1, "answered": -1, "outcome": {"exit": -1},
                         "no_patch": {"exit": -1}}
        self.error = self.json["error"]
        self.warnings = self.json["warnings"]
        # whatever is said about the sources, wherever
        self.text = "\n".join([self.error["message"], self.error["hint"], *self.warnings, self.stderr])

    def have(self, stream="test"):
        """(serial, from) of a stream, None without it."""
        x = [(i["serial"], i["from"]) for i in self.json["indexes"] if i["stream"] == stream]
        return x[0] if x else None

    def member(self, stream="test"):
        return [i for i in self.json["indexes"] if i["stream"] == stream][0]

    def __str__(self):
        return f"exit {self.rc} after {self.seconds:.1f} s: {json.dumps(self.json)} {self.stderr}"


class Server:
    """tests/lib/badserver.py"""

    def __init__(self, *args, name="server"):
        self.dir, self.log_file = f"{TMP}/{name}", f"{TMP}/{name}.log"
        os.makedirs(self.dir, exist_ok=True)
        ports = f"{TMP}/{name}.ports"
        self.p = subprocess.Popen([sys.executable, TOP + "/tests/lib/badserver.py", "--dir", self.dir, "--ports",
                                   ports, "--log", self.log_file, *args], stdin=subprocess.PIPE)
        atexit.register(self.stop)
        for _ in range(200):
            if os.path.exists(ports):
                break
            time.sleep(0.05)
        with open(ports) as f:
            self.port = json.load(f)

    def stop(self):
        with contextlib.suppress(OSError):
            self.p.stdin.close()
        self.p.terminate()
        self.p.wait()

    def url(self, path, scheme="http", host="127.0.0.1", port=None):
        return f"{scheme}://{host}:{self.port[port or scheme]}/{path}"

    def put(self, name, data):
        write(self.dir + "/" + name, data)

    def log(self):
        """Requests since the last call."""
        if not os.path.exists(self.log_file):
            return []
        with open(self.log_file) as f:
            f.seek(getattr(self, "seen", 0))
            out = [json.loads(l) for l in f]
            self.seen = f.tell()
        return out


def certificates(where):
    """A CA, a server's certificate for 127.0.0.1 and localhost, a client's. Return: the folder."""
    os.makedirs(where, exist_ok=True)

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, cwd=where, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", "/CN=test CA")
    for name, ext in (("server", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:index.test"), ("client", "")):
        openssl("req", *new, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        write(f"{where}/{name}.ext", ext + "\n")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "3650", "-extfile", name + ".ext", "-out", name + ".pem")
    return where
