// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shharmless.c: commands that boot scripts use and that neither set up, check nor
 * mount anything.  Those that do it with certain options (awk, find, blockdev, ...) are looked
 * at elsewhere (shstorage.c, shwrap.c) before this table is asked.
 */
#include <string.h>

#include "patch/shstorage.h"

/* Names between blanks.  retstorecon is a typing error in released scripts. */
static const char harmless[] =
	" VBoxControl [ __fgrep __pids_pidof __pids_var_run __readlink "
	"__sed_discard_ignored_files acpi acpid alsactl alsaunmute aplay apmd "
	"apply_ctrlaltdel apply_sysctl arch arp arping auditctl auditd aumix "
	"aumix-minimal authconfig-tui base64 basename bc beep biosdecode biosdevname "
	"blkid boot-splash brctl brltty bunzip2 bzip2 cal cardctl cat chcon checkpid "
	"chgrp chkconfig chmod chown chronyc chronyd chvt cksum clear clock clockdiff "
	"cmp col column comm confirm consoletype convertquota cpufreq-set cpupower "
	"cpuspeed crc32 crond ctrlaltdel curl cut date dbus-send declare depmod df "
	"dhclient diff dig dir dircolors dirname dirs dmesg dmidecode dnsdomainname "
	"domainname du dumpe2fs dumpkeys echo echo_failure echo_passed echo_success "
	"echo_warning egrep envsubst esd espeak ethtool expand export exportfs expr "
	"factor failure false fc fgconsole fgrep figlet file find_crypto_mount_point "
	"findfs findmnt firstboot fixfiles fold free fstab_decode_str fuser "
	"get_numeric_dev getcap getconf getenforce getent getfacl getkey getopt "
	"getopts getsebool gettext gpasswd gpm gprintf grep groupadd groups gunzip "
	"gzip hash haveged head hexdump history host hostid hostname hostnamectl "
	"hwclock iconv id ifconfig ifdown ifenslave ifup insmod iostat ip6tables "
	"ip6tables-restore ip6tables-save ipcalc ipcrm ipcs ipmitool iptables "
	"iptables-restore iptables-save ipvsadm irqbalance is_false is_ignored_file "
	"is_true isapnp iwconfig jobs join journalctl kbd_mode kbdrate key_is_random "
	"kill killall killall5 killproc klogd kmodule kudzu last ldconfig let link "
	"lldptool ln load_policy load_sysctl loadkeys local locale localectl "
	"log_failure_msg log_success_msg log_warning_msg logger logname ls lsattr "
	"lsblk lscpu lsdasd lshw lsmod lsmod.old lsof lspci lspcmcia lsscsi lsusb "
	"lvdisplay lvs man matchpathcon mcelog mcookie md5 md5sum mesg microcode_ctl "
	"mii-tool mkdir mkfifo mknod mktemp modinfo modprobe modprobe.old "
	"modprobe.static mountpoint namei nameif netreport netstat nfsstat nl nmcli "
	"nproc nslookup ntpd ntpdate ntsysv numastat numlockx od openssl passed passwd "
	"paste pathchk pccardctl pcmcia pgrep pidof pidofproc pidstat ping pkill play "
	"plymouth-quit plymouthd pmap popd powertop pr printenv printf ps pushd "
	"pvdisplay pvs pwd quotacheck quotaoff quotaon raidstop rdate read readlink "
	"readonly realpath rename renice reset resolve_dm_name restorecon retstorecon "
	"rev rhgb rhgb-client rm rmdir rmmod rndc rngd route rpcinfo rsyslogd runlevel "
	"sar save_previous selinuxenabled semodule sendmail sensors seq sestatus "
	"setcap setenforce setfacl setfiles setfont setkeycodes setleds setpci "
	"setsebool setserial setsysfont setterm setupcon setxkbmap sg_inq sg_map "
	"sg_scan sha1sum sha224sum sha256sum sha384sum sha512sum showmount shuf sleep "
	"smartctl smartd sndconfig snmpd snmptrap stat status strings strstr stty "
	"success sulogin sum swapoff sync sysctl sysctl.static sysfsutils syslogd "
	"system-config-keyboard system-config-network-cmd system-config-network-tui "
	"tac tail taskset tc test timeconfig timedatectl times top touch tput tr true "
	"tset tsort tty tunctl tuned tuned-adm type typeset ulimit umask unalias uname "
	"unexpand unicode_start unicode_stop uniq unlink unset unzip update-rc.d "
	"update_boot_stage uptime usb_modeswitch useradd usermod usermodehelper users "
	"usleep uudecode uuencode uuidgen vconfig vgdisplay vgs vlan vlock vmstat "
	"vmware-rpctool vmware-toolbox-cmd vpddecode w wall warning wc wget whatmask "
	"which who whoami wpa_supplicant x86_energy_perf_policy xenstore-list "
	"xenstore-read xenstore-write xfs_info xxd yes zcat zgrep ";

bool sh_is_harmless(const char *base)
{
	size_t n = strlen(base);
	const char *s = harmless;

	if (strchr(base, ' '))
		return false;
	while (n && (s = strstr(s, base))) {
		if (s[-1] == ' ' && s[n] == ' ')
			return true;
		s += n;
	}
	return false;
}
