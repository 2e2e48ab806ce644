#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the project's own packages, installed by dnf, patch the boot scripts before the
# proves: first boot, an update of initscripts in the running guest keeps them
# proves: patched, and both boots run the hooks at their places
# needs:  the VM lab, rpmbuild, dnf, gpg
# timeout: 900
# order:  8
set -u
. "$(dirname "$0")/product.sh"
product_packages || exit 1
cat >"$AIP_TMP/hook" <<'E'
# the package is there, and has patched both scripts
rpm -q aip initscripts && grep -q 'aipsnap start --tracking' /etc/rc.d/rc.sysinit && grep -q clear_dirtyflag /etc/rc.d/init.d/halt || exit 1
E
. "$vm_here/patched.sh"
traced >>"$AIP_TMP/hook"
img=$(product_image --hook "$AIP_TMP/hook") || { fail "dnf installs initscripts and aip, and aip patches the scripts"; exit 1; }
ok "dnf installs initscripts and aip, and aip patches the scripts"
vm_new "$img" || exit 1
check "first boot" vm_boot || exit 1
check "aipmng says that both files are patched" vm_run 'aipmng --status; aipmng --status --json | grep -q patched' || vm_run 'cat /var/log/aip.log'
check "the new initscripts comes into the guest" vm_put "${product_initscripts[2]}" /root/initscripts-2.rpm
check "dnf updates initscripts" vm_run 'dnf -y install /root/initscripts-2.rpm; rpm -q initscripts-9.12.1-2'
check "its scripts are there, patched" vm_run '
	sed -n 2p /etc/rc.d/rc.sysinit | grep "release 2" && grep -q "aipsnap start --tracking" /etc/rc.d/rc.sysinit &&
	grep -q clear_dirtyflag /etc/rc.d/init.d/halt && aipmng --status'
check "reboot on the updated scripts" vm_reboot || exit 1
check "shutdown" vm_shutdown
is "start, then fsck, then clear_dirtyflag, in both boots" "$(vm_trace | awk '{ print $1 }' | uniq | tr '\n' ' ')" \
	"boot start fsck clear_dirtyflag boot start fsck clear_dirtyflag "
tap_done
