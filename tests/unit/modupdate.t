#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aipmng --modupdate has DKMS build and install the driver for every installed kernel that
#         has headers, says what is missing for the others, and --status shows it
# needs: root, dkms, kernel headers, overlayfs
# timeout: 200
. "$AIP_TOP/tests/lib/tap.sh"
export LC_ALL=C

kver=
for d in /lib/modules/*/build/Makefile; do
	[ -e "$d" ] && kver=${d#/lib/modules/} && kver=${kver%%/*}
done
why=
[ "$(id -u)" = 0 ] || why="not root"
type -P dkms >/dev/null || why="no dkms"
[ -n "$kver" ] || why="no kernel headers"
[ -z "$why" ] || { echo "ok - modupdate # SKIP $why"; exit 0; }

if [ -z "${INSIDE:-}" ]; then
	flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipmng" >&2 || exit 1
	INSIDE=1 exec unshare --mount "$0" "$@"
fi

# the host's folders, with what is written to them thrown away
mkdir "$AIP_TMP/over"
mount -t tmpfs none "$AIP_TMP/over"
for d in /usr/src /usr/lib/modules /var /etc; do
	mkdir -p "$AIP_TMP/over$d/"{up,work}
	mount -t overlay -o "lowerdir=$d,upperdir=$AIP_TMP/over$d/up,workdir=$AIP_TMP/over$d/work" none "$d" ||
		{ echo "ok - modupdate # SKIP no overlayfs here"; exit 0; }
done
rm -rf /usr/src/aip-* /var/lib/dkms/aip /var/lib/aip

status() { "$AIP_B/aipmng" --status --json | jq -c "$1"; }

out=$("$AIP_B/aipmng" --modupdate 2>&1)
is "no driver: exit status" "$?" 1
has "no driver: says so" "$out" "no aip driver is installed"
is "no driver: --status" "$(status .driver.version)" null

# a driver of a few lines: what DKMS does with it is the real thing
src=/usr/src/aip-0.1-1
mkdir -p $src
cat >$src/dkms.conf <<'END'
PACKAGE_NAME="aip"
PACKAGE_VERSION="0.1-1"
BUILT_MODULE_NAME[0]="aipsnap"
DEST_MODULE_LOCATION[0]="/updates/dkms"
MAKE[0]="make -C $kernel_source_dir M=$dkms_tree/$module/$module_version/build modules"
CLEAN="true"
AUTOINSTALL="yes"
END
echo 'obj-m := aipsnap.o' >$src/Makefile
cat >$src/aipsnap.c <<'END'
// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
MODULE_LICENSE("GPL");
END
touch "/lib/modules/$kver/modules.builtin" "/lib/modules/$kver/modules.order"
mkdir -p /lib/modules/9.9.9-bare/kernel

is "before: the states" "$(status '[.driver.kernels[].state]')" '["no module","no headers"]'
is "before: DKMS does not know it" "$(status .driver.added)" false
out=$("$AIP_B/aipmng" --modupdate 2>&1)
is "built, but the running kernel has no module here" "$?" 1
has "and says so" "$out" "the running kernel is not one of those in /lib/modules"
has "says for which kernel" "$out" "Building the driver for kernel $kver"
has "and which kernel lacks headers" "$out" "kernel 9.9.9-bare has no headers: install kernel-devel-9.9.9-bare"
is "the states" "$(status '[.driver.kernels[].state]')" '["installed","no headers"]'
holds "DKMS says so too" grep -q installed <(dkms status -m aip -k "$kver")
holds "the module is there" test -e /lib/modules/"$kver"/updates/dkms/aipsnap.ko
out=$("$AIP_B/aipmng" --modupdate 2>&1)
hasnt "a second run builds nothing" "$out" "Building"

# a newer driver that does not compile
cp -r $src /usr/src/aip-0.2-1
sed -i 's/0\.1-1/0.2-1/' /usr/src/aip-0.2-1/dkms.conf
echo '#error broken' >>/usr/src/aip-0.2-1/aipsnap.c
is "a newer source: outdated" "$(status '.driver.kernels[0].state')" '"outdated"'
out=$("$AIP_B/aipmng" --modupdate 2>&1)
is "a build that fails: exit status" "$?" 1
has "a build that fails: where to look" "$out" "/var/lib/dkms/aip/0.2-1/build/make.log"
holds "the old module stays" test -e /lib/modules/"$kver"/updates/dkms/aipsnap.ko
sed -i '/#error/d' /usr/src/aip-0.2-1/aipsnap.c
"$AIP_B/aipmng" --modupdate >/dev/null 2>&1
is "repaired: installed" "$(status '.driver.kernels[0].state')" '"installed"'
is "--modupdate --json" "$("$AIP_B/aipmng" --modupdate --json 2>/dev/null | jq -c .driver.version)" '"0.2-1"'
tap_done
