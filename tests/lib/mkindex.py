#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a patch index for the scripts that the RPM tests use, and sign it with gpg.

  mkindex.py [--stream S] [--serial N] [--expires TIME] [--issued TIME] [--withdrawn POST]...
             [--sign KEYID]... [-o OUT] PATH=FILE...

PATH is where FILE lies on a machine.  The place is the line before the test for
/fastboot and the line after the loop that mounts read-only: written down here on
its own, so that the tests do not believe the engine that they test.  Without
--sign the plain payload is written; with it a DSSE envelope; OUT ending in .gz is
compressed.  GNUPGHOME says where the secret keys are.
"""
import argparse
import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
import time

HOOKS = {
    "/etc/rc.d/rc.sysinit": (
        b"# start tracking\n"
        b"if [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n"
        b"\t/etc/aipsnap start --tracking\n"
        b"fi\n"
    ),
    "/etc/rc.d/init.d/halt": (
        b"# now clear dirty flag on tracking table\n"
        b"[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag\n"
    ),
}
TYPE = "application/vnd.aip.index+json"


def place(path, lines):
    """The number of lines above the place."""
    if path.endswith("rc.sysinit"):
        at = [i for i, line in enumerate(lines) if re.match(rb"if \[ -f /fastboot", line)]
        assert len(at) == 1, f"{path}: {len(at)} tests for /fastboot"
        return at[0]
    loop = [i for i, line in enumerate(lines) if re.search(rb"^\s+fstab-decode.*ro,remount", line)]
    assert len(loop) == 1, f"{path}: {len(loop)} loops"
    assert lines[loop[0] + 1].strip() == b"done"
    return loop[0] + 2


def entry(path, data):
    """The digest of the script and its entry in the index."""
    lines = data.splitlines(keepends=True)
    n = place(path, lines)
    hook = HOOKS[path]
    post = b"".join(lines[:n]) + hook + b"".join(lines[n:])
    added = hook.decode().splitlines(keepends=True)
    diff = f"@@ -{n},0 +{n + 1},{len(added)} @@\n" + "".join("+" + line for line in added)
    return hashlib.sha256(data).hexdigest(), {
        "path": path,
        "post": hashlib.sha256(post).hexdigest(),
        "diff": diff,
    }


def sign(key, signed):
    """One signature of an envelope: binary, detached, SHA-256."""
    sig = subprocess.run(
        ["gpg", "--batch", "--quiet", "--digest-algo", "SHA256", "--local-user", key + "!",
         "--detach-sign", "-o", "-"],
        input=signed, stdout=subprocess.PIPE, check=True).stdout
    return {"keyid": key[-16:].lower(), "sig": base64.b64encode(sig).decode()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--stream", default="test")
    p.add_argument("--serial", type=int, default=1)
    p.add_argument("--issued", default=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    p.add_argument("--expires", default=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30 * 86400)))
    p.add_argument("--withdrawn", action="append", default=[])
    p.add_argument("--sign", action="append", default=[])
    p.add_argument("-o", dest="out", default="-")
    p.add_argument("files", nargs="*")
    a = p.parse_args()
    files = {}
    for f in a.files:
        path, name = f.split("=", 1)
        with open(name, "rb") as fd:
            pre, e = entry(path, fd.read())
        files[pre] = e
    payload = json.dumps({
        "format": 1, "stream": a.stream, "serial": a.serial, "issued": a.issued,
        "expires": a.expires, "revoked_keys": [], "withdrawn": sorted(a.withdrawn),
        "files": dict(sorted(files.items())), "packages": [],
    }, separators=(",", ":")).encode()
    out = payload
    if a.sign:
        pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)
        out = json.dumps({
            "payloadType": TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [sign(k, pae) for k in a.sign],
        }).encode() + b"\n"
    if a.out.endswith(".gz"):
        out = gzip.compress(out, mtime=0)
    if a.out == "-":
        sys.stdout.buffer.write(out)
    else:
        with open(a.out, "wb") as fd:
            fd.write(out)


main()
