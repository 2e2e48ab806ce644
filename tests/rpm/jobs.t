#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aip-jobs sets up systemd units where systemd is, init script and cron elsewhere, and removes them again
# needs: rpmbuild, rpm, unshare, systemctl
# timeout: 600
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

# ---- SysV
rr_new sysv
mkdir -p "$R"/etc/rc.d/init.d "$R"/etc/rc.d/rc{0,1,2,3,4,5,6}.d "$R"/var/lock/subsys
out=$(rr_rpm -i "$AIP_RPM" 2>&1)
is "SysV: the package is installed without a word" "$out" ""
same "SysV: the init script is in place" "$R/etc/rc.d/init.d/aip" "$R/usr/share/aip/jobs/aip.init"
same "SysV: the driver's too" "$R/etc/rc.d/init.d/aipsnap" "$R/usr/share/aip/jobs/aipsnap.init"
same "SysV: so is the cron file" "$R/etc/cron.d/aip" "$R/usr/share/aip/jobs/aip.cron"
is "SysV: their modes" "$(stat -c %a "$R/etc/rc.d/init.d/aip" "$R/etc/cron.d/aip" | xargs)" "755 644"
is "SysV: links where chkconfig is missing" "$(cd "$R/etc/rc.d" && echo rc?.d/*aip)" \
	"rc0.d/K05aip rc1.d/K05aip rc2.d/S95aip rc3.d/S95aip rc4.d/S95aip rc5.d/S95aip rc6.d/K05aip"
is "SysV: links of the driver's" "$(cd "$R/etc/rc.d" && echo rc?.d/*aipsnap)" \
	"rc0.d/K04aipsnap rc1.d/K04aipsnap rc2.d/S96aipsnap rc3.d/S96aipsnap rc4.d/S96aipsnap rc5.d/S96aipsnap rc6.d/K04aipsnap"
rm "$R/etc/rc.d/rc3.d/S95aip"
holds "SysV: a link leads to the script" test -x "$R/etc/rc.d/rc2.d/S95aip"
is "SysV: rpm finds nothing changed" "$(rr_rpm -V aip 2>&1)" ""
is "SysV: no systemd links" "$(find "$R/etc/systemd" 2>/dev/null)" ""
before=$(stat -c %i "$R/etc/cron.d/aip")
holds "SysV: reinstallation" rr_rpm -U --replacepkgs "$AIP_RPM"
is "SysV: and what is right is not written again" "$(stat -c %i "$R/etc/cron.d/aip")" "$before"
[ ! -e "$R/etc/rc.d/rc3.d/S95aip" ] && ok "SysV: what an administrator switched off stays so" ||
	fail "SysV: what an administrator switched off stays so"
out=$(rr_in /etc/rc.d/init.d/aip start 2>&1)
is "SysV: the service starts" "$? $out" "0 "
holds "SysV: with the mark that lets rc stop it at shutdown" test -e "$R/var/lock/subsys/aip"
holds "SysV: it stops" rr_in /etc/rc.d/init.d/aip stop
[ ! -e "$R/var/lock/subsys/aip" ] && ok "SysV: and the mark is gone" || fail "SysV: and the mark is gone"
rr_in /etc/rc.d/init.d/aip nonsense >/dev/null 2>&1
is "SysV: an unknown action is a usage error" $? 2
holds "SysV: erase" rr_rpm -e aip
is "SysV: nothing of aip is left in /etc" "$(find "$R/etc" -name '*aip*' -o -name 'K05*' -o -name 'S95*' | sort | xargs)" ""
rr_drop

# ---- chkconfig there: it is asked, with the script in place
rr_new chkconfig
mkdir -p "$R"/etc/rc.d/init.d
printf '#!/bin/sh\n[ -e /etc/rc.d/init.d/$2 ] && echo "$@" >>/chkconfig.log\n' >"$R/usr/sbin/chkconfig"
chmod 755 "$R/usr/sbin/chkconfig"
rr_rpm -i "$AIP_RPM" && rr_rpm -U --replacepkgs "$AIP_RPM" && rr_rpm -e aip
is "chkconfig is asked to add once and to delete at the end" "$(cat "$R/chkconfig.log")" $'--add aip\n--add aipsnap\n--del aip\n--del aipsnap'
rr_drop

# ---- systemd, not running (an image is being built)
rr_new systemd
rr_copy "$R" "$(type -P systemctl)"
mkdir -p "$R/usr/lib/systemd/system"
cp /lib/systemd/systemd "$R/usr/lib/systemd/systemd"
cp -a /lib/systemd/system/*.target /lib/systemd/system/*.slice "$R/usr/lib/systemd/system/"
out=$(rr_rpm -i "$AIP_RPM" 2>&1)
is "systemd: the package is installed without a word" "$out" ""
wants=etc/systemd/system
holds "systemd: the service is enabled" test -L "$R/$wants/multi-user.target.wants/aip.service"
holds "systemd: so is the driver's late service" test -L "$R/$wants/multi-user.target.wants/aipsnap-late.service"
holds "systemd: so is the timer" test -L "$R/$wants/timers.target.wants/aip.timer"
is "systemd: no init script, no cron file" "$(ls "$R/etc/cron.d/aip" "$R/etc/rc.d/init.d/aip" 2>/dev/null)" ""
is "systemd: rpm finds nothing changed" "$(rr_rpm -V aip 2>&1)" ""
rr_in systemctl disable aip.timer >/dev/null 2>&1
holds "systemd: an update" rr_rpm -U --replacepkgs "$AIP_RPM"
[ ! -L "$R/$wants/timers.target.wants/aip.timer" ] && ok "systemd: what an administrator disabled stays so" ||
	fail "systemd: what an administrator disabled stays so"
if type -P systemd-analyze >/dev/null; then
	out=$(systemd-analyze verify --man=no --root="$R" aip.service aip-reconcile.service aip.timer aipsnap-late.service 2>&1 | grep -i 'aip')
	is "systemd: the units are well formed" "$out" ""
else
	ok "systemd: the units are well formed # SKIP no systemd-analyze here"
fi
holds "systemd: erase" rr_rpm -e aip
is "systemd: no link is left" "$(find "$R/$wants" -name 'aip*')" ""
rr_drop

# ---- no room for the init script: said, and nothing fails
rr_new full
mkdir -p "$R"/etc/rc.d "$R"/etc/cron.d
mount -t tmpfs -o size=4k none "$R/etc/cron.d" && head -c 4096 /dev/zero >"$R/etc/cron.d/filler"
out=$(rr_rpm -i "$AIP_RPM" 2>&1)
is "full disk: the installation succeeds" $? 0
has "full disk: and says which file is missing" "$out" "could not write /etc/cron.d/aip"
umount "$R/etc/cron.d"
tap_done
