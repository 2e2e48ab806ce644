# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# patched.sh: images whose initscripts are patched, and traced.

# by_hand: a hook for tests/vm/image that puts the lines in by landmarks of the
# scripts (for tests of the lab itself; the product's own way is aipmng)
by_hand() {
	cat <<'E'
set -e
awk '/^if \[ -f \/fastboot \]/ && !n++ {
	print "# start tracking\nif [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n\t/etc/aipsnap start --tracking\nfi"
} { print } END { exit n != 1 }' /etc/rc.d/rc.sysinit >/tmp/rc.sysinit
cat /tmp/rc.sysinit >/etc/rc.d/rc.sysinit
awk '{ print } /fstab-decode mount -n -o ro,remount/ { loop = 1 } loop && $1 == "done" {
	loop = 0; n++
	print "\n# now clear dirty flag on tracking table\n[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag"
} END { exit n != 1 }' /etc/rc.d/init.d/halt >/tmp/halt
cat /tmp/halt >/etc/rc.d/init.d/halt
rm /tmp/rc.sysinit /tmp/halt
bash -n /etc/rc.d/rc.sysinit
bash -n /etc/rc.d/init.d/halt
E
}

# traced: a hook that makes fsck and aipsnap tell the trace port when they run
traced() {
	cat <<'E'
set -e
cat >/usr/libexec/lab/trace <<'T'
E
	cat "$vm_here/guest/trace"
	cat <<'E'
T
chmod 755 /usr/libexec/lab/trace
mv /sbin/fsck /sbin/fsck.real
printf '#!/bin/bash\n/usr/libexec/lab/trace fsck\nexec /sbin/fsck.real "$@"\n' >/sbin/fsck
rm -f /etc/aipsnap
printf '#!/bin/bash\n/usr/libexec/lab/trace "$1"\n[ ! -x /sbin/aipsnap ] || exec /sbin/aipsnap "$@"\n' >/etc/aipsnap
chmod 755 /sbin/fsck /etc/aipsnap
E
}

# traced_image RPM...: print the path of an image, patched by hand and traced
traced_image() {
	{ by_hand; traced; } >"$AIP_TMP/hook"
	"$vm_here/image" --hook "$AIP_TMP/hook" "$@"
}
