#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: damaged, lying and oversized packages, broken repodata, a failing gpg and a full disk give a clear error and leave the old index alone; nothing is ever written by a package's paths
# needs: rpmbuild, createrepo_c, gpg, python3, strace
# timeout: 300
. "$AIP_TOP/tests/lib/tap.sh"
. "$AIP_TOP/tests/lib/mkrpm.sh"
cd "$AIP_TMP" || exit 1
export LC_ALL=C HOME=$AIP_TMP
mkdir -p "$AIP_B" && flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aip-mkindex" >&2 || { fail "aip-mkindex builds"; tap_done; }
mk() { timeout 120 "$AIP_B/aip-mkindex" "$@"; }
build() { mk build -o old.json --stream t --issued 2026-01-01T00:00:00Z --report none "$@"; }
status() { "$@" >out 2>err; echo $?; }

mkrpm_scripts s1 1
good=$(mkrpm initscripts 9.01-1 "$PWD/s1" --define '_binary_payload w9.gzdio')
size=$(stat -c %s "$good")
build "$good" || fail "the good package is read"
cp old.json before.json

# refused NAME WHAT FILE...: status 1, the words, the file's name, and the old index as it was
refused() {
	local name=$1 words=$2
	shift 2
	is "$name: status" "$(status build "$@")" 1
	has "$name: it says why" "$(cat err)" "$words"
	same "$name: the old index is untouched" old.json before.json
}

# ---- damaged packages ---------------------------------------------------------------
: >empty.rpm
refused "an empty file" "empty.rpm" empty.rpm
head -c 100000 /dev/urandom >noise.rpm
refused "noise" "noise.rpm: not a package" noise.rpm
mkdir folder.rpm
mkfifo fifo.rpm
refused "a FIFO" "fifo.rpm" fifo.rpm
rmdir folder.rpm
rm fifo.rpm
bad=0
for ((cut = 0; cut < size; cut += size / 40)); do
	head -c "$cut" "$good" >cut.rpm
	# behind the scripts only the end of the archive is missing: that may be read
	if [ "$(status build cut.rpm)" = 1 ]; then grep -q cut.rpm err; else [ "$cut" -gt $((size * 9 / 10)) ]; fi &&
		cmp -s old.json before.json || bad=$((bad + 1))
done
is "cut off at 40 places: refused, and at the very end read as it was" "$bad" 0
# one byte wrong anywhere: refused, or what came out is the same
python3 - "$good" <<'PY'
import random, sys
data = open(sys.argv[1], "rb").read()
random.seed(1)
for i in range(60):
    b = bytearray(data)
    b[random.randrange(96, len(b))] ^= 1 << random.randrange(8)
    open(f"flip{i}.rpm", "wb").write(b)
PY
bad=0
for i in $(seq 0 59); do
	build "flip$i.rpm" 2>err
	# a name or version may have been hit; digests in the index are of what is in the package
	cmp -s old.json before.json || bad=$((bad + 1))
	cp before.json old.json
done
is "60 packages with one bit wrong: refused, or read as they were" "$bad" 0
is "with --keep-going the good one is taken" "$(status build --keep-going "$good" noise.rpm empty.rpm)" 0
same "and gives what it gave" old.json before.json
has "the bad ones are named" "$(cat err)" "noise.rpm"

# ---- lying packages -------------------------------------------------------------------
# the header promises other contents (MD5 of the file, signature header and digests kept consistent is
# what rpm checks first; so build a package and exchange the payload by one of the same names)
mkrpm_scripts s2 2
other=$(mkrpm initscripts 9.02-1 "$PWD/s2" --define '_binary_payload w9.gzdio')
python3 - "$good" "$other" <<'PY'
import struct, sys
def split(path):
    d = open(path, "rb").read()
    def header(o):
        n, size = struct.unpack(">II", d[o + 8:o + 16])
        return o + 16 + 16 * n + size
    sig_end = header(96)
    hdr = sig_end + (-sig_end % 8)
    pay = header(hdr)
    return d[:pay], d[pay:]
a, b = split(sys.argv[1]), split(sys.argv[2])
open("lying.rpm", "wb").write(a[0] + b[1])
open("nothing.rpm", "wb").write(a[0] + __import__("gzip").compress(b"070701" + b"0" * 86 + b"0" * 18 + b"0000000B" + b"00000000" + b"TRAILER!!!\0\0\0\0"))
PY
refused "a payload that is another package's" "lying.rpm" lying.rpm
refused "a payload without the files" "nothing.rpm" nothing.rpm
# a file much larger than any script, and one of 2 GiB that packs to nothing
mkdir big && cp s1/halt big/ && { head -1 s1/rc.sysinit && yes '# filler filler filler' | head -c 6000000; } >big/rc.sysinit
p=$(mkrpm initscripts 9.03-1 "$PWD/big")
refused "a script of 6 MB" "more than 4194304" "$p"
mkdir huge && cp s1/* huge/ && truncate -s 2G huge/sparse
p=$(mkrpm initscripts 9.04-1 "$PWD/huge" --define '_binary_payload w1.gzdio') && rm huge/sparse
is "2 GiB beside the scripts do no harm" "$(status build "$p")" 0
is "and the scripts are read" "$(jq '.files | length' old.json)" 2
cp before.json old.json
mkdir many && cp s1/* many/
p=$(MKRPM_INSTALL='mkdir -p %{buildroot}/etc/x; for i in $(seq 5000); do echo $i >%{buildroot}/etc/x/f$i; done' mkrpm initscripts 9.05-1 "$PWD/many")
is "thousands of files do no harm" "$(status build "$p")" 0
cp before.json old.json
# a symbolic link, a folder where the script should be
mkdir odd && cp s1/halt odd/
p=$(MKRPM_INSTALL='ln -s /etc/passwd %{buildroot}/etc/rc.d/rc.sysinit' mkrpm initscripts 9.06-1 "$PWD/odd")
is "a link instead of a script is no script" "$(build "$p" && jq '.packages[0].files | length' old.json)" 1
is "only halt is there" "$(jq '.files | length' old.json)" 1
cp before.json old.json

# names that only look like the scripts', hard links and empty ones
mkdir names && cp s1/halt names/
p=$(MKRPM_INSTALL='cd %{buildroot}/etc/rc.d; echo "fsck -A" >rc.sysinit.rpmsave; mkdir -p x/etc/rc.d; echo "fsck -A" >x/etc/rc.d/rc.sysinit; echo "fsck -A" >"rc.sysinit "' \
	mkrpm initscripts 9.08-1 "$PWD/names")
is "what is only called like a script is none" "$(build "$p" && jq -r '[.files[].path] | unique | join(" ")' old.json)" /etc/rc.d/init.d/halt
cp before.json old.json
p=$(MKRPM_INSTALL='cd %{buildroot}/etc/rc.d; ln init.d/halt halt2; : >rc.sysinit' mkrpm initscripts 9.09-1 "$PWD/names")
is "a hard link and an empty script do no harm" "$(status build --report table "$p")" 0
has "the empty one is refused" "$(cat out)" "refused  shell: empty"
is "the linked one is read" "$(jq -r '[.files[].path] | unique | join(" ")' old.json)" /etc/rc.d/init.d/halt
cp before.json old.json
# the same name and version with other scripts: both are kept, a client chooses by the digest
mkdir again && mkrpm_scripts again/scripts 99
p=$(AIP_TMP=$PWD/again mkrpm initscripts 9.01-1 "$PWD/again/scripts")
is "two packages of one name and version" "$(status build "$good" "$p")" 0
is "the patches of both are there" "$(jq '.files | length' old.json)" 4
cp before.json old.json
# two entries of one path: made of a script beside it, whose name is as long
mkdir twice && cp s1/* twice/
p=$(MKRPM_INSTALL='echo "fsck -A" >%{buildroot}/etc/rc.d/rc.sysinix' mkrpm initscripts 9.10-1 "$PWD/twice" --define '_binary_payload w.ufdio')
sed 's/rc\.sysinix/rc.sysinit/g' "$p" >twice.rpm
is "two scripts of one path: refused, or the index is good" "$(build twice.rpm 2>err && jq -r '[.files[].path] | length' old.json || cp before.json old.json)" ""
same "the old index is untouched" old.json before.json

# ---- nothing is written, nothing is run ------------------------------------------------
evil=$AIP_TMP/evil
mkdir hostile && cp s1/halt hostile/
printf '#!/bin/bash\ntouch %s\n$(touch %s)\n`touch %s`\n' "$evil" "$evil" "$evil" >hostile/rc.sysinit
p=$(mkrpm initscripts 9.07-1 "$PWD/hostile")
strace -f -qq -o trace -e trace=openat,open,creat,mkdir,mkdirat,symlink,symlinkat,link,linkat,rename,renameat,renameat2,unlink,unlinkat \
	"$AIP_B/aip-mkindex" build -o "$AIP_TMP/traced.json" --stream t --report none "$p" 2>err
is "a hostile script is read" "$([ -e traced.json ]; echo $?)" 0
is "it did not run" "$([ -e "$evil" ]; echo $?)" 1
is "what was written is the index and nothing else" \
	"$(grep -E 'O_(WRONLY|RDWR|CREAT)|creat\(|mkdir|symlink|link\(|rename|unlink' trace | grep -vE '/dev/(null|tty)|traced\.json| = -1 ' | sed 's/^[0-9]* *//')" ""

# ---- repositories ------------------------------------------------------------------------
mkdir repo && cp "$good" repo/ && mkdir s9 && echo x >s9/other && mv "$(mkrpm other 1-1 "$PWD/s9")" repo/
createrepo_c -q repo >&2
is "a repository is read by its metadata" "$(status mk build -o old.json --stream t --issued 2026-01-01T00:00:00Z --report table repo)" 0
has "only what has scripts is opened" "$(cat out)" "1 packages read, 0 known, 0 without scripts"
same "with the same outcome" old.json before.json
mkdir farm && ln -s "$PWD"/repo/*.rpm farm/ && createrepo_c -q farm >&2
is "a repository of links to packages elsewhere" "$(status build farm)" 0
same "is as good" old.json before.json
for z in gz xz zst bz2; do
	createrepo_c -q --general-compress-type=$z repo 2>/dev/null || createrepo_c -q --compress-type=$z repo 2>/dev/null || continue
	is "metadata packed with $z" "$(status build repo)" 0
	same "metadata packed with $z: the same outcome" old.json before.json
done
createrepo_c -q --general-compress-type=gz repo 2>/dev/null || createrepo_c -q repo
primary=$(ls repo/repodata/*primary.xml*)
cp -r repo/repodata saved
: >repo/repodata/repomd.xml
refused "an empty repomd.xml" "repomd.xml" repo
head -c 500 saved/repomd.xml >repo/repodata/repomd.xml
refused "half a repomd.xml" "repomd.xml is damaged" repo
cp saved/repomd.xml repo/repodata/
head -c 200 "$primary" >half && cp half "$primary"
refused "half a primary.xml" "is not what repomd.xml says" repo
rm "$primary"
refused "no primary.xml" "primary.xml" repo
cp "saved/${primary##*/}" repo/repodata/
rm repo/initscripts*.rpm
refused "a package that the metadata lists is missing" "No such file" repo
# metadata that point out of the repository, or bring entities along
forge() {
	python3 - "$@" <<'PY'
import glob, gzip, hashlib, os, re, sys
src, dst = sys.argv[1:3]
p = os.path.basename(glob.glob(src + "/*primary.xml.gz")[0])
xml = gzip.open(f"{src}/{p}").read()
def put(new):
    data = gzip.compress(new)
    open(f"{dst}/{p}", "wb").write(data)
    md = open(f"{src}/repomd.xml").read()
    old = hashlib.sha256(open(f"{src}/{p}", "rb").read()).hexdigest()
    open(f"{dst}/repomd.xml", "w").write(md.replace(old, hashlib.sha256(data).hexdigest()))
    os.rename(f"{dst}/{p}", f"{dst}/" + p.replace(old, hashlib.sha256(data).hexdigest()))
bomb = b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10 if i else b"x" * 10) for i in range(12))
if len(sys.argv) > 3:
    put(xml.replace(b"<metadata", b"<!DOCTYPE metadata [" + bomb + b"]><metadata", 1).replace(b'href="initscripts', b'href="&e11;initscripts'))
else:
    put(re.sub(rb'href="initscripts[^"]*"', b'href="../../../../../../etc/hostname"', xml))
PY
}
forge saved repo/repodata
refused "metadata that point outside" "outside of it" repo
rm -r repo/repodata && cp -r saved repo/repodata
forge saved repo/repodata bomb
refused "metadata with entities that grow without end" "is damaged" repo
rm -r repo/repodata && cp -r saved repo/repodata

# ---- the rest of the world ---------------------------------------------------------------
mkdir fake && printf '#!/bin/sh\necho "gpg: the card is gone" >&2\nexit 2\n' >fake/gpg && chmod +x fake/gpg
is "gpg fails" "$(PATH=$PWD/fake:$PATH status build --sign x "$good")" 1
has "gpg's reason is told" "$(cat err)" "the card is gone"
same "the old index is untouched when gpg fails" old.json before.json
mkdir bin && ln -s "$(type -P bash)" bin/
is "no gpg" "$(PATH=$PWD/bin "$AIP_B/aip-mkindex" build -o old.json --stream t --report none --sign x "$good" 2>err; echo $?)" 1
has "it says what to install" "$(cat err)" "install gpg"
printf '#!/bin/sh\necho nonsense\n' >fake/gpg
is "a gpg that lies" "$(PATH=$PWD/fake:$PATH status build --sign x "$good")" 1
same "the old index is untouched by it" old.json before.json
# the disk is full
if mkdir mnt 2>/dev/null && unshare -rm true 2>/dev/null; then
	out=$(unshare -rm bash -c 'mount -t tmpfs -o size=4k none mnt && cp before.json mnt/old.json 2>/dev/null; '"$AIP_B/aip-mkindex"' build -o mnt/old.json --stream t --report none '"$good"'; echo "rc $?"; ls -A mnt' 2>&1)
	has "disk full: status 1" "$out" "rc 1"
	has "disk full: it says so" "$out" "No space left on device"
	hasnt "disk full: no temporary file stays" "$out" ".aip-"
else
	echo "ok - disk full # SKIP no user namespaces here"
fi
is "a folder that is not there" "$(status mk build -o no/where/x.json --stream t --report none "$good")" 1
has "is named" "$(cat err)" "no/where"
is "standard output that is full" "$(mk build -o - --stream t --report none "$good" >/dev/full 2>err; echo $?)" 1
# a folder without packages, and a repository that carries a newer one
mkdir none
is "no package at all" "$(status mk build -o none.json --stream t --report none none)" 1
has "it says so" "$(cat err)" "no package of initscripts"
is "nothing was written" "$([ -e none.json ]; echo $?)" 1
is "but with --previous that is fine" "$(status build --previous before.json none)" 0
cp before.json old.json
export GNUPGHOME=$PWD/gnupg
install -d -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'p <p@example.com>' ed25519 sign never 2>/dev/null
for n in 1 2; do mk build -o n$n.json --stream t --serial $n --sign p@example.com --report none "$good"; done
mkdir pub && createrepo_c -q pub >&2
is "nothing was published yet" "$(status mk publish pub)" 1
has "it says what to do" "$(cat err)" "--index"
is "an index is published" "$(status mk publish --index n2.json pub)" 0
is "an older one is not put in its place" "$(status mk publish --index n1.json pub)" 1
has "it says why" "$(cat err)" "serial 2 of stream t already"
is "the same one again is" "$(status mk publish --index n2.json pub)" 0
gpgconf --kill all
tap_done
