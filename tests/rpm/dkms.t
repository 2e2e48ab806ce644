#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aip-dkms adds, builds and installs the driver through the real DKMS, an upgrade replaces it, erase removes it, and missing headers fail nothing
# needs: rpmbuild, rpm, unshare, dkms, gcc, kernel headers
# timeout: 900
# order: 20
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

type -P dkms >/dev/null || { ok "the driver in DKMS # SKIP no dkms here"; exit 0; }
for build in /lib/modules/*/build; do
	[ -e "$build/include/generated/autoconf.h" ] && kernel=$(basename "$(dirname "$build")")
done
[ -n "${kernel:-}" ] || { ok "the driver in DKMS # SKIP no kernel headers here"; exit 0; }
next=$(rr_build next) || rr_die "the next aip does not build"

# A root with DKMS, a compiler and headers: this host's system, seen through an overlay.
R=$AIP_TMP/root
mkdir -p "$AIP_TMP/upper" "$AIP_TMP/work" "$R"
mount -t overlay overlay -o "lowerdir=/,upperdir=$AIP_TMP/upper,workdir=$AIP_TMP/work" "$R" ||
	rr_die "no overlay of the host's root can be mounted"
mount -t proc none "$R/proc" && mount --rbind /dev "$R/dev" && mount -t tmpfs none "$R/tmp" && chmod 1777 "$R/tmp"
rm -rf "$R/var/lib/rpm" "$R/root/.rpmdb" "$R/var/lib/dkms/aip" "$R/lib/modules/$kernel/updates/dkms"
mkdir -p "$R/etc/rpm" "$R/var/lib/rpm"
echo '%_dbpath /var/lib/rpm' >"$R/etc/rpm/macros"
# what runs is the kernel whose headers are there
mv "$R/usr/bin/uname" "$R/usr/bin/uname.real"
printf '#!/bin/sh\n[ "$*" = -r ] && exec cat /etc/aip-test-kernel\nexec uname.real "$@"\n' >"$R/usr/bin/uname"
chmod 755 "$R/usr/bin/uname"
echo "$kernel" >"$R/etc/aip-test-kernel"
rpm --root "$R" --initdb
# what Debian's packages have installed is not in this database: --nodeps
rr_rpm -i --nodeps "$AIP_RPM"
rr_dkms() { rr_in dkms status 2>&1 | grep '^aip/' | sed 's/ *$//'; }
module=lib/modules/$kernel/updates/dkms/aipsnap.ko
version=$(rpm -qp --qf '%{VERSION}-%{RELEASE}' "$AIP_RPM")
version2=$(rpm -qp --qf '%{VERSION}-%{RELEASE}' "$(rr_pkg "$next" aip)")

out=$(rr_rpm -i --nodeps "$(rr_pkg "$AIP_RPMS" aip-dkms)" 2>&1)
is "aip-dkms is installed" $? 0
echo "$out" >&2
is "DKMS has built and installed the driver" "$(rr_dkms)" "aip/$version, $kernel, x86_64: installed"
holds "the module is where modprobe finds it" test -s "$R/$module"
has "it is the driver, for that kernel" "$(modinfo -F vermagic "$R/$module" 2>&1)" "$kernel "
out=$(rr_rpm -U --nodeps "$(rr_pkg "$next" aip)" "$(rr_pkg "$next" aip-dkms)" 2>&1)
is "aip-dkms is upgraded" $? 0
echo "$out" >&2
is "DKMS has the new one only" "$(rr_dkms)" "aip/$version2, $kernel, x86_64: installed"
holds "and its module is there" test -s "$R/$module"
is "the old sources are gone" "$(cd "$R/usr/src" && echo aip-*)" "aip-$version2"
holds "aip-dkms is erased" rr_rpm -e aip-dkms
is "DKMS knows nothing of it" "$(rr_dkms)" ""
is "no module is left" "$(find "$R/lib/modules" -name 'aipsnap*' 2>/dev/null)" ""
is "nothing is left in DKMS's tree" "$(ls "$R/var/lib/dkms/aip" 2>/dev/null)" ""

# no headers of the running kernel
echo 9.9.9-none >"$R/etc/aip-test-kernel"
out=$(rr_rpm -i --nodeps "$(rr_pkg "$AIP_RPMS" aip-dkms)" 2>&1)
is "without headers the installation succeeds" $? 0
has "without headers: says what to install" "$out" "Install kernel-devel-9.9.9-none"
is "without headers: added, not built" "$(rr_dkms)" "aip/$version: added"
out=$(rr_rpm -e aip-dkms 2>&1)
is "without headers: erase succeeds" $? 0
is "without headers: nothing is left" "$(rr_dkms)" ""
umount -R "$R"
tap_done
