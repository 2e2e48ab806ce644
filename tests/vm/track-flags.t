#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: /.aipsnap_dirty, aip=off and a halt without its hook each end in a new lineage, for
# proves: the right reason, and a reboot through both hooks in between in none
# needs:  the VM lab, see tests/vm/README.md
# timeout: 1200
# order:  9
# tier:   full
set -u
. "$(dirname "$0")/track.sh"
track_image || exit 1
vm_new "$track_img" && track_disk vdb 128M || exit 1
check "the guest boots" vm_boot || exit 1
check "file system" vm_run 'mkfs.ext4 -q /dev/vdb && echo "/dev/vdb /data ext4 defaults 1 2" >>/etc/fstab && mount /data' || exit 1
check "enable" track_enable vdb || exit 1

track_dirt "$AIP_SEED" /data vdb
check "reboot with the flag set" vm_run 'touch /.aipsnap_dirty' && vm_reboot || exit 1
track_broken "/.aipsnap_dirty: a new lineage" vdb flag
check "/.aipsnap_dirty: the flag is removed when the boot is over" vm_run '! test -e /.aipsnap_dirty'

check "a new point" track_point vdb
track_dirt $((AIP_SEED + 1)) /data vdb
check "reboot" vm_reboot || exit 1
track_resumed "without the flag it goes on" vdb
track_check "and nothing is missed" vdb

check "a new point" track_point vdb
check "reboot with aip=off" vm_reboot aip=off || exit 1
check "aip=off: nothing is tracked" vm_run '! aipsnap changes /dev/vdb --since '"${track_id[vdb]}"
check "aip=off: written unseen" vm_run 'cp /bin/bash /data/unseen'
check "aip=off: the flag is made, for what no fingerprint shows" vm_run 'test -e /.aipsnap_dirty'
check "reboot, without it" vm_reboot || exit 1
track_broken "after aip=off: a new lineage" vdb flag

check "a new point" track_point vdb
check "halt loses its hook" vm_run 'sed -i /clear_dirtyflag/d /etc/rc.d/init.d/halt && bash -n /etc/rc.d/init.d/halt'
check "reboot through it" vm_reboot || exit 1
track_broken "after a halt without the hook: a new lineage" vdb not-sealed
check "shutdown" vm_shutdown
tap_done
