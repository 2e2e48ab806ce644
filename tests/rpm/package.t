#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the tarball is reproducible and complete, a source package builds, and the package aip carries what belongs on a machine
# needs: rpmbuild, rpm, git
# timeout: 600
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"
cd "$AIP_TOP" || exit 1

# ---- the tarball
name=aip-$(cat VERSION)
holds "a tarball" tools/mkdist "$AIP_TMP/a/$name.tar.gz"
tools/mkdist "$AIP_TMP/b/$name.tar.gz"
holds "the same tree, the same bytes" cmp "$AIP_TMP/a/$name.tar.gz" "$AIP_TMP/b/$name.tar.gz"
tar -tzf "$AIP_TMP/a/$name.tar.gz" >"$AIP_TMP/list"
if [ -e .git ]; then
	git ls-files | while read -r f; do [ ! -e "$f" ] || echo "$name/$f"; done | LC_ALL=C sort >"$AIP_TMP/tracked"
	same "it holds what git tracks" "$AIP_TMP/list" "$AIP_TMP/tracked"
fi
is "all of it belongs to root" "$(tar -tvzf "$AIP_TMP/a/$name.tar.gz" | awk '{ print $2 }' | sort -u)" "0/0"
tar -xzf "$AIP_TMP/a/$name.tar.gz" -C "$AIP_TMP"
holds "an unpacked tarball makes one itself" "$AIP_TMP/$name/tools/mkdist" "$AIP_TMP/c/$name.tar.gz"
tar -tzf "$AIP_TMP/c/$name.tar.gz" >"$AIP_TMP/list2"
same "with the same files" "$AIP_TMP/list2" "$AIP_TMP/list"

# ---- the source package, and a package built from it with a publisher's key
next=$(rr_build next) || rr_die "make srpm and rpmbuild --rebuild"
ok "make srpm, rpmbuild --rebuild"
srpm=$(find "$next" -name '*.src.rpm')
is "it holds the spec, the tarball and the key" "$(rpm -qpl "$srpm" | sort | xargs)" "RPM-GPG-KEY-aip $name.tar.gz aip.spec"
is "what it needs to be built on a RHEL-family system" "$(rpm -qp --requires "$srpm" | grep -c -- '-devel$\|-static$\|^gcc$\|^make$')" \
	"$(grep -c '^BuildRequires:.*\(-devel\|-static\|gcc\|make\)$' aip.spec)"
pinned=$(rr_pkg "$next" aip)

# ---- what is in it
files() { rpm -qp --qf '[%{FILEMODES:perms} %{FILEFLAGS:fflags} %{FILENAMES}\n]' "$1"; }
files "$AIP_RPM" >"$AIP_TMP/files"
for want in \
	'-rwxr-xr-x  /usr/sbin/aipmng' \
	'-rwxr-xr-x  /usr/libexec/aip/aip-trigger' \
	'-rwxr-xr-x  /usr/libexec/aip/aip-fetch' \
	'-rw-r--r-- cn /etc/aip/aip.conf' \
	'-rw-r--r-- cn /etc/yum.repos.d/aip.repo' \
	'-rw-r--r-- cn /etc/logrotate.d/aip' \
	'drwxr-xr-x  /etc/aip/aip.conf.d' \
	'drwxr-xr-x  /etc/aip/keys.d' \
	'drwxr-xr-x  /var/lib/aip' \
	'drwxr-xr-x  /var/cache/aip' \
	'-rw------- g /var/log/aip.log' \
	'-rw-r--r--  /usr/lib/systemd/system/aip.service' \
	'-rw-r--r--  /usr/lib/systemd/system/aip.timer' \
	'-rw-r--r--  /usr/share/aip/patch/rc.sysinit-sample.patch' \
	'-rw-r--r--  /usr/share/aip/patch/halt-sample.patch' \
	'lrwxrwxrwx  /opt/NetJapan/patch' \
	'-rw-r--r-- d /usr/share/man/man8/aipmng.8.gz' \
	'-rw-r--r-- d /usr/share/man/man5/aip.conf.5.gz' \
	'-rw-r--r--  /usr/share/bash-completion/completions/aipmng'; do
	if grep -qxF -- "$want" "$AIP_TMP/files"; then ok "has ${want##* }"; else fail "has ${want##* }" "$want; there is: $(grep -F -- "${want##* }" "$AIP_TMP/files")"; fi
done
is "nothing in it is writable for others" "$(grep -v '^l' "$AIP_TMP/files" | grep '^........w')" ""
key=/etc/pki/rpm-gpg/RPM-GPG-KEY-aip
is "without a publisher's key no key file" "$(grep -c "$key" "$AIP_TMP/files")" 0
rpm2cpio "$pinned" | (cd "$AIP_TMP" && cpio -idm --quiet ".$key" ./usr/share/aip/'*' ./opt/'*' ./etc/yum.repos.d/aip.repo)
is "the [aip] section names the pinned key" "$(grep ^gpgkey "$AIP_TMP/etc/yum.repos.d/aip.repo")" "gpgkey=file://$key"
rpm2cpio "$AIP_RPM" | cpio -i --quiet --to-stdout ./etc/yum.repos.d/aip.repo >"$AIP_TMP/unpinned.repo"
is "and no key where none was pinned, but still wants packages to be signed" "$(grep '^gpg' "$AIP_TMP/unpinned.repo" | xargs)" "gpgcheck=1"
has "it says what is to be put there" "$(cat "$AIP_TMP/unpinned.repo")" "#gpgkey=file:///"
same "the pinned key is the publisher's" "$AIP_TMP$key" tests/data/rpm/publisher.asc
is "a pinned key is replaced by updates, an edited one is kept aside" "$(files "$pinned" | grep "$key")" "-rw-r--r-- c $key"
holds "the link of the product's documentation leads to the samples" test -f "$AIP_TMP/opt/NetJapan/patch/halt-sample.patch"
is "one trigger, on initscripts, no triggerun" "$(rpm -qp --triggers "$AIP_RPM" | head -1)" "triggerin scriptlet (using /bin/sh) -- initscripts"
is "reverts only when \$1 is 0" "$(rpm -qp --scripts "$AIP_RPM" | grep -B3 'aip-trigger erase' | grep -c 'if \[ "$1" = 0 \]')" 1
# ---- scriptlets whose reader has gone away (a dnf that was killed) and whose tools are not there
for name in aip aip-dkms; do
	for tag in POSTIN PREUN POSTUN TRIGGERSCRIPTS; do
		body=$(rpm -qp --qf "%{$tag}" "$(rr_pkg "$AIP_RPMS" $name)")
		[ "$body" != "(none)" ] || continue
		for count in 0 1; do
			{
				sleep 0.2
				env --default-signal=PIPE PATH=/nonexistent /bin/sh -c "$body" "$tag" $count
				echo $? >"$AIP_TMP/status"
			} 2>&1 >&2 | true
			is "$name: $tag $count with a closed pipe for its words" "$(cat "$AIP_TMP/status")" 0
		done
	done
done

# (programs that count their lines write where they were built)
[ -n "${COVERAGE:-}" ] || is "no path of the build machine in it" "$(rpm2cpio "$AIP_RPM" | LC_ALL=C grep -ac "$AIP_TMP\|/BUILD/")" 0
tap_done
