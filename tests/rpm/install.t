#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: whichever of aip and initscripts is installed first, the trigger patches both scripts
# needs: rpmbuild, rpm, unshare, gpg
# timeout: 600
# order: 10
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

a=$(rr_initscripts 9.03.1-1)
rr_key fleet
mkdir "$AIP_TMP/www"
rr_index "$AIP_TMP/www/index.json" "9.03.1-1"
rr_serve "$AIP_TMP/www"

rr_new first
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
holds "initscripts is installed" rr_rpm -i "$a"
both "and is as the package has it" 9.03.1-1
holds "aip after it" rr_rpm -i "$AIP_RPM"
both "aip after initscripts: patched" 9.03.1-1+hook

rr_new second
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
holds "aip alone" rr_rpm -i "$AIP_RPM"
holds "initscripts after it" rr_rpm -i "$a"
both "initscripts after aip: patched" 9.03.1-1+hook

rr_new together
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
holds "both in one transaction" rr_rpm -i "$AIP_RPM" "$a"
both "both in one transaction: patched" 9.03.1-1+hook
tap_done
