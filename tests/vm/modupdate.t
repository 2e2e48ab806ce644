#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: where dnf installed aip-dkms under another kernel (a system being installed), aipmng --modupdate builds
# proves: the driver by the real DKMS for the installed one; in the running guest it installs what is missing,
# proves: loads the driver where that is safe, and says why where it is not
# needs:  the VM lab, rpmbuild, dnf, gpg; Debian's dkms, gcc and kernel headers for the guest
# tier:   full
# timeout: 1200
# order:  9
set -u
. "$(dirname "$0")/product.sh"
product_packages || exit 1
kernel=$("$vm_here/kernel" "$(default_kernel)") && release=$(cat "$kernel/release") || exit 1
module=/lib/modules/$release/updates/dkms/aipsnap.ko
echo "aipmng --modupdate; test -s $module || { cat /var/lib/dkms/aip/*/build/make.log; exit 1; }" >"$AIP_TMP/hook"
img=$(PRODUCT_MORE=aip-dkms product_image --with "dkms,gcc,make,linux-headers-$release" --hook "$AIP_TMP/hook") || {
	fail "dnf installs aip-dkms, --modupdate builds the driver for the kernel that is installed"; exit 1; }
ok "dnf installs aip-dkms, --modupdate builds the driver for the kernel that is installed"
vm_new "$img" && vm_disk 64M || exit 1
check "boot" vm_boot || exit 1
check "without an enabled device the boot has loaded nothing" vm_run 'test ! -e /sys/module/aipsnap'
is "status knows the driver, and that it is not loaded" "$(vm_run 'aipmng --status --json' | jq -r '.driver | "\(.loaded) \([.kernels[] | "\(.running) \(.state)"] | join(" "))"')" "false true installed"
check "--modupdate loads it" vm_run 'aipmng --modupdate && test -e /sys/module/aipsnap'
has "status says so" "$(vm_run 'aipmng --status')" ", loaded"
check "it is the driver: a device is enabled" vm_run 'mkfs.ext4 -q /dev/vdb && aipsnap enable /dev/vdb && aipsnap status'
check "--modupdate with nothing to do" vm_run 'aipmng --modupdate'

version=$(rpm -qp --qf '%{VERSION}-%{RELEASE}' "$AIP_RPM")
check "the module is taken away" vm_run "dkms uninstall -m aip -v $version -k $release && test ! -e $module"
has "status says that the kernel has none" "$(vm_run 'aipmng --status')" "run aipmng --modupdate"
check "--modupdate installs it again" vm_run "aipmng --modupdate && test -s $module"

cp -a "$vm_top/dkms" "$AIP_TMP/src" && sed -i 's/\(MODULE_VERSION(\).*/\1"99-test");/' "$AIP_TMP/src/main.c"
"$vm_here/kbuild" --quick "$(default_kernel)" "$AIP_TMP/src" "$AIP_TMP/ko-other" >&2 || { fail "another build of the driver"; exit 1; }
check "another build of the driver is installed" vm_put "$AIP_TMP/ko-other/aipsnap.ko" "$module"
out=$(vm_run 'aipmng --modupdate')
has "--modupdate: the loaded one goes on until the next boot" "$out" "the next boot loads the new one"
check "and it does go on" vm_run 'aipsnap status | grep -q "/dev/vdb: tracking"'

check "reboot, switched off" vm_reboot aip=off || exit 1
out=$(vm_run 'aipmng --modupdate; echo "status $?"')
has "aip=off: --modupdate does not load it" "$out" "aip=off is on the kernel command line"
has "and its exit code says so" "$out" "status 1"
check "nothing is loaded" vm_run 'test ! -e /sys/module/aipsnap'
check "reboot" vm_reboot || exit 1
is "the new driver runs" "$(vm_run 'cat /sys/module/aipsnap/version')" 99-test

check "the headers go, and the module" vm_run "mv /usr/src /usr/src.away && mkdir /usr/src && cp -a /usr/src.away/aip-* /usr/src/ && rm $module"
out=$(vm_run 'aipmng --modupdate; echo "status $?"')
has "headers missing: what to install" "$out" "has no headers: install"
has "and an error" "$out" "status 1"
check "shutdown" vm_shutdown
tap_done
