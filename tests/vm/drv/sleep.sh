#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sleep.sh SEED: hibernation, up to where the tasks stand still and back: the lab's shared folders do not
# survive more.  vda 48M, vdb 48M.
. /drv/guest.sh
load_module
if ! grep -q disk /sys/power/state || ! echo freezer >/sys/power/pm_test 2>/dev/null; then
	echo "# this kernel does not hibernate, or not for a test"
	the_end
fi
read -r a ida < <(drv-client enable /dev/vda unsaved)
read -r o n < <(drv-client switch "$a:dev=/dev/vdb" 2>/dev/null) || fail "a snapshot"
dd if=/dev/urandom of=/dev/vda bs=64k count=3 oflag=direct conv=notrunc status=none
is "before: three chunks" "$(drv-client changes "$a" "$o" | wc -l)" 3
holds "the machine goes to sleep and comes back" sh -c 'echo disk >/sys/power/state'
is "it is tracked anew" "$(state "$a")" 3
has "and why" "$(drv-client status "$a")" " why 15 "
refuses "the lineage from before is over" "errno 2" drv-client changes "$a" "$o"
refuses "all of it" "errno 2" drv-client changes "$a" "$ida"
has "the snapshot has ended" "$(drv-client snapshot "$n")" "flags 1 why"
read -r id _ < <(drv-client switch "$a" 2>/dev/null)
dd if=/dev/urandom of=/dev/vda bs=64k count=2 seek=5 oflag=direct conv=notrunc status=none
is "after: what is written is seen" "$(drv-client changes "$a" "$id" | xargs)" "5 6"
drv-client remove "$n"
drv-client disable "$a"
holds "unload" rmmod aipsnap
echo disk >/sys/power/state || fail "sleep without the driver"
the_end
