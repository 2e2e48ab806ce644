#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: every command of doc/mirror.md works as it stands there: keys, index, repositories, nginx, clients, reposync, air gap, two signatures, rotation, withdrawal
# needs: root, rpmbuild, createrepo_c, modifyrepo_c, dnf reposync, nginx, gpg, jq
# timeout: 300
# order: 30
. "$AIP_TOP/tests/lib/tap.sh"
. "$AIP_TOP/tests/lib/mkrpm.sh"
if [ -z "${MIRROR_INSIDE:-}" ]; then
	# namespaces of its own; /etc, /srv, /var/lib and /var/cache are copies or empty
	exec env MIRROR_INSIDE=1 unshare -mnp --fork --mount-proc --kill-child "$0"
fi
cd "$AIP_TMP" || exit 1
export LC_ALL=C HOME=$AIP_TMP PATH=$AIP_TMP/bin:$PATH:/usr/sbin:/sbin
mkdir -p "$AIP_B" && flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aip-mkindex" "$AIP_B/aipmng" "$AIP_B/aip-fetch" >&2 || { fail "the programs build"; tap_done; }
mkdir -p bin libexec srv lib cache
cp "$AIP_B/aip-mkindex" bin/
cp "$AIP_B/aip-fetch" libexec/
export AIP_LIBEXECDIR=$AIP_TMP/libexec
cp "$AIP_B/aipmng" bin/
mount --make-rprivate / && ip link set lo up || exit 1
cp -a /etc etc && mount --bind etc /etc && mount --bind srv /srv || exit 1
cp -a /var/lib/rpm lib/ 2>/dev/null
mount --bind lib /var/lib && mount --bind cache /var/cache || exit 1
echo '%_dbpath /var/lib/rpm' >"$HOME/.rpmmacros" # Debian's own is in the home folder
mkdir -p /etc/aip/aip.conf.d /etc/aip/keys.d /etc/yum.repos.d

# a distribution's mirror
mkdir -p /srv/mirror/el6 /srv/aip
for i in 1 2 3; do
	mkrpm_scripts "$AIP_TMP/s$i" $i
	p=$(mkrpm initscripts "9.0$i-1.el6" "$AIP_TMP/s$i") && mv "$p" /srv/mirror/el6/
done
createrepo_c -q /srv/mirror/el6 || fail "the mirror is made"

# the machine that follows it
rpm -i --nodeps /srv/mirror/el6/initscripts-9.02-*.rpm || fail "the client has initscripts"

# the blocks of the page, one file each
awk -v dir="$AIP_TMP" '/^```sh$/ { n++; out = sprintf("%s/block%02d", dir, n); next } /^```$/ { out = "" } out { print >out }' "$AIP_TOP/doc/mirror.md"
is "the page has its blocks" "$([ "$(ls block* | wc -l)" -gt 15 ]; echo $?)" 0
serial() { jq -r '.streams[] | select(.stream == "example-el6") | .serial' /var/lib/aip/state.json 2>&1; }
records() { grep -c '<data type="aip_patches">' /srv/aip/www/stable/repodata/repomd.xml; }
for b in block*; do
	title=$(head -1 "$b" | cut -c 1-60)
	# one shell for all would hide which failed; variables live on in a file
	if bash -euc '[ ! -e env ] || . ./env; . "./$0"; export -p | grep GNUPGHOME >env' "$b" >"$b.out" 2>&1; then
		ok "mirror.md: $title"
	else
		fail "mirror.md: $title" "$(cat "$b.out")"
	fi
	case $(cat "$b") in
	*--stream*) has "the first index has all builds" "$(cat "$b.out")" "3 packages read" ;;
	*--previous*'--report table'*) has "the job reads new packages only" "$(cat "$b.out")" "0 packages read, 3 known" ;;
	*--keep-all-metadata*) is "the index survives createrepo_c --update" "$(records)" 1 ;;
	*'aipmng --list'*aip.repo* | *aip.repo*'aipmng --list'*)
		has "a client has it from the repository" "$(cat "$b.out")" "9.03-1.el6"
		is "its serial is known" "$(serial)" 2
		has "and its scripts are patched" "$(cat /etc/rc.d/rc.sysinit /etc/rc.d/init.d/halt)" "/etc/aipsnap clear_dirtyflag" ;;
	*'reposync'*) same "the copy's metadata are the same" /srv/site/fleet/repodata/repomd.xml /srv/aip/www/stable/repodata/repomd.xml ;;
	*'--revoke'*)
		is "the client has taken the index of the new key" "$(serial)" 4
		is "and remembers the revoked key" "$(jq -r '.revoked_keys | length' /var/lib/aip/state.json 2>/dev/null)" 1 ;;
	esac
done
[ ! -e /srv/aip/nginx.pid ] || kill "$(cat /srv/aip/nginx.pid)"

# the record is replaced, not doubled, and what it replaced is gone
. ./env
aip-mkindex publish --index /srv/aip/index.json.gz --sign-repomd patches2@example.com /srv/aip/www/stable >/dev/null
is "one record after many publications" "$(records)" 1
is "one index file" "$(ls /srv/aip/www/stable/repodata/*aip-index* | wc -l)" 1
is "no folder is left behind" "$(ls -A /srv/aip/www/stable | sort | tr '\n' ' ')" "aip-index.json.gz repodata "
is "a signed repository needs its key" "$(aip-mkindex publish /srv/aip/www/stable >/dev/null 2>err; echo $?)" 1
has "it says which option" "$(cat err)" "--sign-repomd"
cp -r /srv/aip/www/stable before
aip-mkindex show --json /srv/aip/index.json.gz >plain.json
is "an unsigned index is not published" "$(aip-mkindex publish --index plain.json --sign-repomd patches2@example.com /srv/aip/www/stable 2>err; echo $?)" 1
mkdir fake && printf '#!/bin/sh\necho "no space" >&2\nexit 3\n' >fake/modifyrepo_c && chmod +x fake/modifyrepo_c
is "modifyrepo_c fails" "$(PATH=$PWD/fake:$PATH aip-mkindex publish --sign-repomd patches2@example.com /srv/aip/www/stable 2>err; echo $?)" 1
has "its reason is told" "$(cat err)" "no space"
is "a key that is not there" "$(aip-mkindex publish --sign-repomd nobody /srv/aip/www/stable 2>err; echo $?)" 1
holds "the repository is as it was" diff -r before /srv/aip/www/stable
is "a folder that is no repository" "$(mkdir none; aip-mkindex publish --index /srv/aip/index.json.gz none 2>err; echo $?)" 1
has "it is told how to make one" "$(cat err)" "createrepo_c none"
tap_done
