#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# table3.sh SEED HOW: another second boot: resume, or not when a fact differs.
. /drv/guest.sh
load_module
read -r ida id2 idb </drv/state
mkdir -p /m
mount -o ro /dev/vdb /m
drv-client load /m/table >/dev/null || fail "the table loads"
case $2 in
resume)
	has "resumed" "$(drv-client start 0 /dev/vda U1 fp1 2>&1)" resumed
	raw_mix /dev/vda 32
	image /dev/vda /tmp/B
	no_miss "since the first id, over the reboot" 0 "$ida" /drv/A1 /tmp/B
	no_miss "since the second one" 0 "$id2" /drv/A2 /tmp/B ;;
fingerprint) has "another fingerprint" "$(drv-client start 0 /dev/vda U1 fp2 2>&1)" "new why 7" ;;
identity) has "another UUID" "$(drv-client start 0 /dev/vda U2 fp1 2>&1)" "new why 5" ;;
none) has "no fingerprint" "$(drv-client start 0 /dev/vda U1 none 2>&1)" "new why 8" ;;
written)
	tok=$(drv-client begin 0 /dev/vda 2>/dev/null)
	dd if=/dev/urandom of=/dev/vda bs=4k count=1 oflag=direct conv=notrunc status=none
	has "a write while starting" "$(drv-client commit 0 "$tok" U1 fp1 2>&1)" "new why 9"
	refuses "the old id is gone" "errno 2" drv-client changes 0 "$ida" ;;
esac
the_end
