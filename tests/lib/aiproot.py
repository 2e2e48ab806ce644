# SPDX-License-Identifier: GPL-2.0-or-later
"""A throwaway root with a real rpm database and a real initscripts package, on
which aipmng is run with --root.  Nothing of the host's system is touched.

    import aiproot
    aiproot.enter()                       # root, or a user namespace in which we are
    kit = aiproot.Kit()                   # builds packages, knows the scripts
    root = kit.root("one")
    root.rpm("-i", kit.package("1.0-1"))
    root.index(kit.scripts("1.0-1"))      # the index that the package ships
    root.aipmng("--patches")
"""
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys

TOP = os.environ["AIP_TOP"]
BUILD = os.environ["AIP_B"]
TMP = os.environ["AIP_TMP"]
AIPMNG = f"{TMP}/aipmng"  # a copy: others may build meanwhile
RC, HALT = "/etc/rc.d/rc.sysinit", "/etc/rc.d/init.d/halt"
PATHS = (RC, HALT)

RC_TEXT = """#!/bin/bash
# rc.sysinit, {stamp}
/sbin/start_udev
if [ -x /sbin/lvm ]; then
\t/sbin/lvm vgchange -a y --sysinit
fi

if [ -f /fastboot ]; then
\tfastboot=yes
fi
[ -n "$fastboot" ] || fsck -T -t noopts=_netdev -A
"""
HALT_TEXT = """#!/bin/bash
# halt, {stamp}
mount | awk '{{ print $1,$3 }}' | while read dev dir; do
    fstab-decode mount -n -o ro,remount $dev $dir
done

mdadm --wait-clean --scan
"""
HOOKS = {
    RC: "# start tracking\nif [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n"
        "\t/etc/aipsnap start --tracking\nfi\n",
    HALT: "# now clear dirty flag on tracking table\n"
          "[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag\n",
}

_failed = False


def case(name, good, seen=""):
    """One line for the runner."""
    global _failed
    print(("ok - " if good else "not ok - ") + name, flush=True)
    if not good:
        _failed = True
        print(f"{name}: {seen}", file=sys.stderr, flush=True)
    return good


def skip(name, why):
    print(f"ok - {name} # SKIP {why}", flush=True)


def done():
    sys.exit(1 if _failed else 0)


def enter():
    """rpm --root calls chroot: be root, if need be in a user namespace of our own."""
    if os.geteuid() != 0:
        os.execvp("unshare", ["unshare", "-r", "--", sys.executable] + sys.argv)
    os.environ["LC_ALL"] = "C"
    os.environ["HOME"] = TMP
    for f in ("B", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        os.environ.pop(f, None)
    with open(f"{TMP}/.rpmmacros", "w", encoding="ascii") as f:
        f.write(f"%_dbpath /var/lib/rpm\n%_topdir {TMP}/rpmbuild\n"
                "%_build_id_links none\n%debug_package %{nil}\n")


@contextlib.contextmanager
def _locked(folder):
    """One build of a folder at a time."""
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


def build(*programs, flavour=None):
    """Have programs of the build folder, up to date; @flavour "san": under ASan and UBSan."""
    folder = f"{BUILD}/{flavour}" if flavour else BUILD
    os.makedirs(folder, exist_ok=True)
    with _locked(folder):
        subprocess.run(["make", "-s", "-C", TOP, f"B={folder}"] +
                       ["SAN=address,undefined"] * (flavour == "san") +
                       [f"{folder}/{p}" for p in programs], check=True, stdout=sys.stderr)
    return folder


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def patched(path, text):
    """The patched script, made here on its own: before /fastboot, after the loop."""
    text = text.decode()
    at = text.index("if [ -f /fastboot") if path == RC else text.index("done\n") + 5
    return (text[:at] + HOOKS[path] + text[at:]).encode()


class Kit:
    """Packages and their scripts; equal stamps give equal scripts."""

    def __init__(self, flavour=None):
        shutil.copy2(build("aipmng", flavour=flavour) + "/aipmng", AIPMNG)

    def scripts(self, stamp):
        return {RC: RC_TEXT.format(stamp=stamp).encode(),
                HALT: HALT_TEXT.format(stamp=stamp).encode()}

    def package(self, vr, attr="", scripts=None, define=()):
        """Build initscripts VERSION-RELEASE; @attr is %config or the like."""
        scripts = scripts or self.scripts(vr)
        version, release = vr.split("-")
        work = f"{TMP}/package-{vr}-{''.join(c for c in attr if c.isalpha())}"
        for p in PATHS:
            write(work + p, scripts[p])
        spec = f"{work}/initscripts.spec"
        write(spec, f"""Name: initscripts
Version: {version}
Release: {release}
Summary: boot scripts of a test
License: none
BuildArch: noarch
AutoReqProv: no
%description
Boot scripts of a test.
%install
install -D -m 755 {work}{RC} %{{buildroot}}{RC}
install -D -m 755 {work}{HALT} %{{buildroot}}{HALT}
%files
{attr} {RC}
{attr} {HALT}
""")
        defines = [a for d in (f"_rpmdir {work}", *define) for a in ("--define", d)]
        subprocess.run(["rpmbuild", "--quiet", "-bb", *defines, spec], check=True, stdout=sys.stderr)
        return f"{work}/noarch/initscripts-{vr}.noarch.rpm"

    def root(self, name):
        return Root(f"{TMP}/{name}")


KEPT = ("etc", "var/lib/aip", "var/cache", "var/log")


class Root:
    def __init__(self, path):
        self.path = path
        for d in ("var/lib/rpm", "var/log", "etc", "usr/share/aip"):
            os.makedirs(f"{path}/{d}")

    def rpm(self, *args, check=True):
        cmd = ["rpm", "--root", self.path]
        if os.path.exists("/etc/debian_version"):
            cmd.append("--force-debian")
        return subprocess.run(cmd + ["--nodeps"] * (args[0] != "-V") + list(args), check=check,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def index(self, *scripts, serial=1, withdrawn=()):
        """Ship an index with patches for these scripts."""
        args = []
        for i, s in enumerate(scripts):
            for p in PATHS:
                f = f"{TMP}/index-script-{i}-{os.path.basename(p)}"
                write(f, s[p])
                args.append(f"{p}={f}")
        for w in withdrawn:
            args = ["--withdrawn", w] + args
        subprocess.run([sys.executable, f"{TOP}/tests/lib/mkindex.py", "--serial", str(serial),
                        "-o", f"{self.path}/usr/share/aip/index.json"] + args, check=True)

    def cmd(self, *args):
        return [AIPMNG, "--root", self.path, *args]

    def aipmng(self, *args, wrap=(), timeout=60, **kw):
        return subprocess.run([*wrap, *self.cmd(*args)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=timeout, **kw)

    def status(self):
        return json.loads(self.aipmng("--status", "--json").stdout)

    def file(self, path):
        return self.path + path

    def get(self, path):
        return read(self.path + path)

    def put(self, path, data, mode=0o755):
        write(self.path + path, data)
        os.chmod(self.path + path, mode)

    def states(self, pristine, post=None):
        """For each script "pristine", "patched" or "other"."""
        out = []
        for p in PATHS:
            now = self.get(p)
            want = post[p] if post else patched(p, pristine[p])
            out.append("pristine" if now == pristine[p] else
                       "patched" if now == want else "other")
        return tuple(out)

    def save(self, name):
        """Remember scripts and state, for restore(); the rpm database is left out."""
        keep = f"{TMP}/saved-{name}"
        for d in KEPT:
            if os.path.isdir(f"{self.path}/{d}"):
                shutil.copytree(f"{self.path}/{d}", f"{keep}/{d}", symlinks=True)
        return keep

    def restore(self, keep):
        for d in KEPT:
            shutil.rmtree(f"{self.path}/{d}", ignore_errors=True)
            if os.path.isdir(f"{keep}/{d}"):
                shutil.copytree(f"{keep}/{d}", f"{self.path}/{d}", symlinks=True)

    def leftovers(self):
        """Temporary files that nobody will ever remove."""
        out = []
        for base, _, files in os.walk(self.path):
            out += [os.path.join(base, f) for f in files if ".aip-" in f]
        return out
