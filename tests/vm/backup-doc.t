#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: every command of doc/backup.md works, in its order, in a real guest
# needs:  the VM lab, see tests/vm/README.md
# timeout: 600
# order:  8
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/product.sh"

product_packages || exit 1
kernel=$(default_kernel)
"$vm_here/kbuild" --quick "$kernel" "$vm_top/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
img=$(PRODUCT_MORE=aip-backup product_image --kernel "$kernel" --ko "$AIP_TMP/ko/aipsnap.ko") || { fail "the guest's disk can be made"; exit 1; }
vm_new "$img" && vm_disk 96M && vm_disk 700M && vm_disk 96M || exit 1
check "boot" vm_boot || exit 1
check "the machine of the page" vm_run '
	set -e
	mkfs.ext4 -q /dev/vdb && mkfs.ext4 -q /dev/vdc
	mkdir -p /data /backup
	mount /dev/vdb /data && mount /dev/vdc /backup
	head -c 20000000 /dev/urandom >/data/old' || exit 1
n=0
while IFS= read -r command; do
	n=$((n + 1))
	check "command $n: ${command:0:70}" vm_run "$command"
done < <(awk '/^```console/ { on = 1; next } /^```/ { on = 0 } on && sub(/^# /, "")' "$vm_top/doc/backup.md")
check "(the page has commands)" [ $n -gt 15 ]
check "the file that came back is the one of then" vm_run 'cmp /tmp/hostname-of-then /etc/hostname'
check "0001 restored is the first state: without what came later" vm_run '
	mount -o ro,noload /dev/vdd /mnt && cmp /mnt/old /data/old && [ ! -e /mnt/etc-of-today ] && umount /mnt'
check "the driver did not complain" [ -z "$(vm_complaints)" ]
vm_stop
tap_done
