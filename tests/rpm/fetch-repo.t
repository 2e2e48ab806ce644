#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: the index is found in the [aip] section of yum.repos.d as dnf would find it: base URLs, mirror lists,
#         metalinks, variables, proxy, client certificates, repo_gpgcheck; a dead, stale or tampered mirror costs
#         only the way to the next one; a copy that dnf reposync made and nginx serves is as good
# needs:  createrepo_c, modifyrepo_c, dnf reposync, nginx, rpmbuild, gpg, openssl
# timeout: 240
# order:  20
import gzip
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.environ["AIP_TOP"] + "/tests/lib")
import sources  # noqa: E402
from sources import (B, Key, Root, Server, TMP, build, case, certificates, done, envelope, gpg, helpers_left,  # noqa: E402
                     payload, write)

build("aip-indexes", "aip-fetch", sanitized=True)
key, other = Key("publisher"), Key("repository")
certs = certificates(TMP + "/certs")
server = Server("--tls", certs + "/server.pem", certs + "/server.key", "--client-ca", certs + "/ca.pem", "--proxy")
TIMES = "connect_timeout = 20\ntimeout = 40\n"
SHIPPED = payload("shipped", 3)


def run(*args, **kw):
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)
    if r.returncode:
        print(args, r.stdout.decode(errors="replace"), file=sys.stderr)
    return r


def repository(name, data, sign=None):
    """A dnf repository with an index in it."""
    path = f"{server.dir}/{name}"
    os.makedirs(path, exist_ok=True)
    run("createrepo_c", "--quiet", path)
    write(f"{TMP}/in/index.json.gz", gzip.compress(data, mtime=0))
    run("modifyrepo_c", "--mdtype=aip_patches", f"{TMP}/in/index.json.gz", path + "/repodata")
    if sign:
        md = path + "/repodata/repomd.xml"
        write(md + ".asc", gpg("--armor", "--local-user", sign.fpr, "--detach-sign", data=open(md, "rb").read()))
    return path


def root(*lines, conf="", keys=(key,), section="aip"):
    r = Root(TIMES + conf, keys, SHIPPED)
    r.write("/etc/yum.repos.d/aip.repo", f"[{section}]\nname=aip\n" + "".join(line + "\n" for line in lines))
    return r


def record_file(repo):
    return next(f"{repo}/repodata/{f}" for f in os.listdir(repo + "/repodata") if "index.json" in f)


FIVE, SIX = envelope(payload(serial=5), [key]), envelope(payload(serial=6), [key])
good = repository("good", FIVE)
url = server.url("plain/good")

# ---- base URLs -----------------------------------------------------------------------
r = root(f"baseurl={url}")
x = r.load()
case("baseurl", x.rc == 0 and x.have() == (5, "network") and not x.warnings and r.cached() == FIVE, x)
case("it says which mirror", x.member()["origin"] == f"repository aip at {url}", x.member())
server.log()
x = r.load()
paths = [e["path"] for e in server.log()]
case("unchanged: only repomd.xml is fetched", len(paths) == 1 and paths[0].endswith("/repomd.xml")
     and x.have() == (5, "network") and x.json["answered"] == 1, (paths, str(x)))
x = root(f"baseurl=file://{good}").load()
case("baseurl: a folder", x.have() == (5, "network"), x)
x = root("baseurl=http://127.0.0.1:1/dead", f"    {url}").load()
case("baseurl: a dead mirror, then a good one", x.rc == 0 and x.have() == (5, "network") and "mirror http://127.0.0.1:1/dead" in x.text, x)
x = root(f"baseurl=http://127.0.0.1:{server.port['hang']}/, {url}").load()
case("baseurl: a mirror that hangs, then a good one", x.have() == (5, "network") and x.seconds < 25, x)
for enabled, there in (("0", False), ("1", True), ("no", False), ("True", True), ("on", True)):
    x = root(f"baseurl={url}", f"enabled={enabled}").load()
    case(f"enabled={enabled}", (x.have() is not None) == there and x.json["asked"] == there, x)
x = root(f"baseurl={url}", section="other").load()
case("a section of another name is not looked at", x.json["asked"] == 0 and not x.warnings, x)
x = root(f"baseurl={url}", section="fleet-patches", conf="repo = fleet-patches\n").load()
case("repo = NAME: unless configured", x.have() == (5, "network"), x)
x = root(f"baseurl={url}", conf="repo = none\n").load()
case("repo = none", x.json["asked"] == 0, x)
r = root(f"baseurl={url}")
r.write("/etc/yum.repos.d/aaa.repo", b"[broken\nno equals sign")
x = r.load()
case("somebody else's broken .repo file does not harm", x.have() == (5, "network"), x)
x = root().load()
case("a section without any URL: exit code 6", x.json["no_patch"]["exit"] == 6 and "no mirror" in x.text, x)
os.makedirs(server.dir + "/bare")
run("createrepo_c", "--quiet", server.dir + "/bare")
x = root(f"baseurl={server.url('plain/bare')}").load()
case("a repository without an index: told how to publish one", x.json["no_patch"]["exit"] == 6 and "aip_patches" in x.text
     and "aip-mkindex publish" in x.text, x)
x = root(f"baseurl={server.url('plain/none')}").load()
case("no repository there: exit code 6", x.json["no_patch"]["exit"] == 6 and "404" in x.text, x)
r = root(f"baseurl={url}", conf=f"index = {server.url('plain/six.json')}\n")
server.put("six.json", SIX)
x = r.load()
case("together with an index URL: the highest serial wins", x.have() == (6, "network") and x.json["asked"] == 2, x)

# ---- variables ---------------------------------------------------------------------------
arch = os.uname().machine
shutil.copytree(good, f"{server.dir}/v/9/{arch}/west")
r = root(f"baseurl={server.url('plain/v/$releasever/$basearch/${site}')}")
r.write("/etc/dnf/vars/site", b"west\n")
x = r.load()
case("variables: an unknown $releasever leads nowhere", not x.have(), x)
r.write("/etc/yum/vars/releasever", b"9\n")
x = r.load()
case("variables: $basearch, and files of /etc/yum/vars and /etc/dnf/vars", x.have() == (5, "network"), x)
os.remove(r.path + "/etc/yum/vars/releasever")
write(TMP + "/release.spec", "Name: fake-release\nVersion: 9.4\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n"
      "Provides: system-release = 9.4-1\nProvides: system-release(releasever) = 9\n%description\nx\n%files\n")
run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {TMP}/rpmbuild", TMP + "/release.spec")
run("rpm", "--root", r.path, "--dbpath", "/var/lib/rpm", "-i", "--nodeps", f"{TMP}/rpmbuild/RPMS/noarch/fake-release-9.4-1.noarch.rpm")
x = r.load()
case("variables: $releasever from the package that provides system-release(releasever)", x.have() == (5, "network"), x)

# ---- mirror lists and metalinks ------------------------------------------------------------
dead, bare = "http://127.0.0.1:1/dead/", server.url("plain/bare/")
server.put("mirrors", f"# mirrors\n{dead}\n{bare}\n{url}/\n".encode())
x = root(f"mirrorlist={server.url('plain/mirrors')}").load()
case("mirrorlist", x.rc == 0 and x.have() == (5, "network") and x.json["outcome"]["exit"] == 0, x)
server.put("no-mirrors", b"<html>sorry</html>\n")
x = root(f"mirrorlist={server.url('plain/no-mirrors')}").load()
case("mirrorlist that names none", not x.have() and x.json["no_patch"]["exit"] == 6, x)
x = root(f"mirrorlist={server.url('status/500')}", f"baseurl={url}").load()
case("mirrorlist broken, baseurl there", x.have() == (5, "network"), x)


def metalink(repomd, *mirrors):
    data = open(repomd, "rb").read()
    urls = "".join(f'<url protocol="http" type="http" location="DE" preference="{p}">{m}/repodata/repomd.xml</url>'
                   for p, m in mirrors)
    return (f'<?xml version="1.0" encoding="utf-8"?><metalink version="3.0" xmlns="http://www.metalinker.org/">'
            f'<files><file name="repomd.xml"><size>{len(data)}</size><verification>'
            f'<hash type="sha256">{hashlib.sha256(data).hexdigest()}</hash></verification><resources maxconnections="1">'
            f'{urls}</resources></file></files></metalink>').encode()


stale = repository("stale", envelope(payload(serial=4), [key]))
server.put("metalink", metalink(good + "/repodata/repomd.xml", (80, url), (100, server.url("plain/stale"))))
r = root(f"metalink={server.url('plain/metalink')}")
x = r.load()
case("metalink: the preferred mirror is behind, its repomd.xml is not the one described", x.have() == (5, "network")
     and "metalink describes" in x.text, x)
x = root(f"mirrorlist={server.url('plain/metalink')}").load()
case("metalink given as mirrorlist", x.have() == (5, "network"), x)
server.put("bad-metalink", b"<metalink><files>")
x = root(f"metalink={server.url('plain/bad-metalink')}", f"baseurl={url}").load()
case("metalink broken, baseurl there", x.have() == (5, "network"), x)

# ---- tampered mirrors -------------------------------------------------------------------------
tampered = f"{server.dir}/tampered"
shutil.copytree(good, tampered)
f = record_file(tampered)
write(f, gzip.compress(envelope(payload(serial=99), [other])))
x = root(f"baseurl={server.url('plain/tampered')}, {url}").load()
case("index replaced on a mirror: not what repomd.xml says, the next one is asked", x.have() == (5, "network")
     and "repomd.xml describes" in x.text and x.json["outcome"]["exit"] == 0, x)
repository("forged", envelope(payload(serial=99), [other]))
x = root(f"baseurl={server.url('plain/forged')}, {url}").load()
case("index and repomd.xml replaced: the signature fails, the next one is asked", x.have() == (5, "network")
     and x.json["outcome"]["exit"] == 0 and server.url("plain/forged") in x.text, x)
x = root(f"baseurl={server.url('plain/forged')}").load()
case("no other mirror: exit code 4", x.have() is None and x.json["outcome"]["exit"] == 4, x)
r = root(f"baseurl={url}")
r.load()
r.write("/etc/yum.repos.d/aip.repo", f"[aip]\nbaseurl={server.url('plain/stale')}, {url}\n")
x = r.load()
case("a mirror that is behind (or replays): the next one is asked", x.have() == (5, "network") and x.json["outcome"]["exit"] == 0, x)
for what, href in (("outside of the repository", "../good/index.json.gz"), ("absolute", "/etc/passwd"),
                   ("another protocol", "file:///etc/passwd")):
    d = f"{server.dir}/href"
    shutil.rmtree(d, ignore_errors=True)
    shutil.copytree(good, d)
    md = open(d + "/repodata/repomd.xml").read()
    name = "repodata/" + os.path.basename(record_file(good))
    write(d + "/repodata/repomd.xml", md.replace(name, href))
    x = root(f"baseurl={server.url('plain/href')}").load()
    case(f"location of the record {what}: not followed", x.have() is None and "location" in x.text, x)
shutil.rmtree(d)
shutil.copytree(good, d)
md = open(d + "/repodata/repomd.xml").read()
write(d + "/repodata/repomd.xml", md.replace(f'<location href="{name}"', f'<location xml:base="{url}" href="{name}"'))
os.remove(record_file(d))
x = root(f"baseurl={server.url('plain/href')}").load()
case("another base for the record", x.have() == (5, "network"), x)
x = root(f"baseurl={server.url('plain/href', 'https')}", "sslverify=0").load()
case("another base for the record: not from https to http", x.have() is None and "location" in x.text, x)
d = f"{server.dir}/huge"
os.makedirs(d + "/repodata")
with open(d + "/repodata/repomd.xml", "wb") as f:
    f.truncate(50 << 20)
x = root(f"baseurl={server.url('plain/huge')}, {url}").load()
case("a huge repomd.xml: the next one is asked", x.have() == (5, "network") and "larger than" in x.text, x)
x = root(f"baseurl={server.url('endless')}, {server.url('stall')}, {url}").load()
case("mirrors that are no repositories at all", x.have() == (5, "network"), x)

# ---- TLS, proxy, password --------------------------------------------------------------------------
mtls = server.url("plain/good", "https", port="mtls")
tls = ("sslcacert=/etc/pki/ca.pem", "sslclientcert=/etc/pki/client.pem", "sslclientkey=/etc/pki/client.key")
r = root(f"baseurl={mtls}", *tls)
for n in ("ca.pem", "client.pem", "client.key"):
    r.write("/etc/pki/" + n, open(f"{certs}/{n}", "rb").read())
x = r.load()
case("client certificate of the section, paths inside the root", x.have() == (5, "network"), x)
x = root(f"baseurl={mtls}", "sslverify=0").load()
case("client certificate missing", not x.have() and x.json["no_patch"]["exit"] == 6, x)
x = root(f"baseurl={server.url('plain/good', 'https')}").load()
case("unknown CA", not x.have() and "sslcacert" in x.text, x)
for word in ("on", "True", "maybe"):
    x = root(f"baseurl={server.url('plain/good', 'https')}", f"sslverify={word}").load()
    case(f"unknown CA, sslverify={word}", not x.have() and "sslcacert" in x.text, x)
x = root(f"baseurl={server.url('plain/good', 'https')}", "sslverify=0").load()
case("sslverify=0, as dnf has it", x.have() == (5, "network"), x)
proxy = f"http://127.0.0.1:{server.port['proxy']}"
named = server.url("plain/good", host="mirror.test")
x = root(f"baseurl={named}", f"proxy={proxy}").load()
case("proxy of the section", x.have() == (5, "network"), x)
r = root(f"baseurl={named}")
r.write("/etc/dnf/dnf.conf", f"[main]\nproxy={proxy}\n")
x = r.load()
case("proxy of dnf.conf", x.have() == (5, "network"), x)
x = root(f"baseurl={named}", conf=f"proxy = {proxy}\n").load()
case("proxy of aip.conf", x.have() == (5, "network"), x)
r = root(f"baseurl={url}", "proxy=_none_", conf="proxy = http://127.0.0.1:1\n")
x = r.load()
case("proxy=_none_ in the section goes before aip.conf", x.have() == (5, "network"), x)
x = root(f"baseurl={server.url('to/' + server.url('plain/good').replace('/', '%2F'), 'https')}", "sslverify=0").load()
case("https to http: not followed here either", not x.have(), x)
shutil.copytree(good, server.dir + "/private")
x = root(f"baseurl={server.url('auth/private')}", "username=u", "password=p@ss").load()
case("user and password of the section", x.have() == (5, "network") and "p@ss" not in str(x), x)

# ---- repo_gpgcheck -------------------------------------------------------------------------------------
repository("signed", FIVE, other)
pub = ("repo_gpgcheck=1", "gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-repo")


def checked(u, *lines):
    r = root(f"baseurl={u}", *lines)
    r.write("/etc/pki/rpm-gpg/RPM-GPG-KEY-repo", other.public)
    return r


r = checked(server.url("plain/signed"), *pub)
x = r.load()
case("repo_gpgcheck: a signed repomd.xml", x.have() == (5, "network"), x)
case("repo_gpgcheck: no temporary files are left", not [f for f in os.listdir(r.path + "/var/cache/aip") if f.startswith("scratch")])
for word in ("1", "on"):
    x = checked(url, f"repo_gpgcheck={word}", pub[1]).load()
    case(f"repo_gpgcheck={word}: an unsigned one is refused", not x.have(), x)
r = root(f"baseurl={url}", pub[1])
r.write("/etc/dnf/dnf.conf", "[main]\nrepo_gpgcheck = yes\n")
x = r.load()
case("repo_gpgcheck in dnf.conf", not x.have(), x)
shutil.copytree(server.dir + "/signed", server.dir + "/resigned")
write(server.dir + "/resigned/repodata/repomd.xml.asc", gpg("--armor", "--local-user", key.fpr, "--detach-sign",
      data=open(server.dir + "/resigned/repodata/repomd.xml", "rb").read()))
x = checked(server.url("plain/resigned") + ", " + server.url("plain/signed"), *pub).load()
case("repo_gpgcheck: signed by another key; the next mirror is asked", x.have() == (5, "network") and "signature of repomd.xml" in x.text, x)
x = checked(server.url("plain/signed"), "repo_gpgcheck=1").load()
case("repo_gpgcheck without gpgkey: told", not x.have() and "gpgkey" in x.text, x)
x = checked(server.url("plain/signed"), "repo_gpgcheck=1", f"gpgkey={server.url('plain/key')}").load()
case("repo_gpgcheck: keys are not taken from the network", not x.have() and "only keys in files" in x.text, x)

# ---- a copy made by reposync, served by nginx --------------------------------------------------------------
write(TMP + "/dnf.conf", f"[main]\nreposdir=/none\ncachedir={TMP}/dnf\nlogdir={TMP}/dnf\npersistdir={TMP}/dnf\n"
      f"[aip]\nname=aip\nbaseurl={url}\ngpgcheck=0\n")
s = run("dnf", "-c", TMP + "/dnf.conf", "--releasever=9", "reposync", "--repoid=aip", "--download-metadata", "-p", TMP + "/mirror")
case("dnf reposync --download-metadata copies it", s.returncode == 0 and os.path.exists(record_file(TMP + "/mirror/aip")), s.stdout)
with socket.create_server(("127.0.0.1", 0)) as sock:
    port = sock.getsockname()[1]
write(TMP + "/nginx.conf", f"daemon off; pid {TMP}/nginx.pid; error_log {TMP}/nginx.err; worker_processes 1;\n"
      + ("user root;\n" if os.geteuid() == 0 else "") + "events {}\nhttp {\n"
      + "".join(f"{t}_temp_path {TMP}/ngx-{t};\n" for t in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
      + f"access_log {TMP}/nginx.log;\nserver {{ listen 127.0.0.1:{port}; root {TMP}/mirror; }} }}\n")
os.chmod(TMP, 0o755)
nginx = subprocess.Popen(["nginx", "-c", TMP + "/nginx.conf", "-e", TMP + "/nginx.err"])
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    r = root(f"baseurl=http://127.0.0.1:{port}/aip")
    x = r.load()
    case("the copy behind nginx is as good as the original", x.have() == (5, "network") and r.cached() == FIVE and not x.warnings, x)
    r = Root(TIMES + f"index = http://127.0.0.1:{port}/aip/repodata/{os.path.basename(record_file(TMP + '/mirror/aip'))}\n", [key], SHIPPED)
    x = r.load()
    case("its file by URL, behind nginx", x.have() == (5, "network"), x)
    x = r.load()
    case("nginx: unchanged costs one 304", x.have() == (5, "network") and " 304 " in open(TMP + "/nginx.log").read().splitlines()[-1], x)
finally:
    nginx.terminate()
    nginx.wait()

# ---- built without librepo -------------------------------------------------------------------------------------
build("aip-fetch", B=B + "/norepo", WITHOUT_LIBREPO="1")
sources.flavour = sources.SAN
libs = subprocess.run(["ldd", TMP + "/libexec/aip-fetch"], stdout=subprocess.PIPE).stdout.decode()
case("WITHOUT_LIBREPO=1: no librepo is needed", "librepo" not in libs and "libcurl" in libs, libs)
x = root(f"baseurl={url}").load()
case("WITHOUT_LIBREPO=1: an enabled section is told, exit code 6", x.json["no_patch"]["exit"] == 6 and "without librepo" in x.text
     and "repo = none" in x.text, x)
x = root(f"baseurl={url}", conf=f"index = {server.url('plain/six.json')}\n").load()
case("WITHOUT_LIBREPO=1: URLs work", x.have() == (6, "network"), x)
case("no helper is left behind", not helpers_left(), helpers_left())
done()
