// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shdevice.c: commands that set devices up, and when they only look.
 */
#include <string.h>

#include "patch/shstorage.h"

static bool has_any(const struct sh_fields *f, const char *const *args)
{
	for (; *args; args++)
		if (sh_has_arg(f, *args))
			return true;
	return false;
}

static enum sh_effect mdadm(const struct sh_fields *f)
{
	static const char *const wait[] = { "--wait-clean", NULL };
	static const char *const modes[] = { "-A",	"-I",	 "-C",	    "-B",
					     "-G",	"-R",	 "--assem", "--incr",
					     "--creat", "--bui", "--grow",  NULL };
	size_t i;
	static const char *const query[] = {
		"--detail", "-D",  "--examine", "-E",  "--query", "-Q", "--monitor", "-F", "--stop",
		"-S",	    "-Db", "-Es",	"-Eb", "--wait",  "-W", "--version", "-V", NULL
	};

	if (has_any(f, wait))
		return SH_MD_WAIT;
	for (i = 1; i < f->n; i++)
		if (sh_has_prefix(f->v[i], modes))
			return SH_MD;
	return has_any(f, query) && !sh_unclear(f) ? SH_NOTHING : SH_MD;
}

/* -an, --activate n: volumes are switched off, and none on */
static bool deactivates(const struct sh_fields *f)
{
	const char *value;
	bool any = false;
	size_t i, n;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		if (*s == SH_UNKNOWN || *s == SH_UNKNOWN_SPLIT || !strcmp(s, "--refresh"))
			return false;
		n = !strncmp(s, "--activate", 10) ? 10 : !strncmp(s, "--available", 11) ? 11 : 0;
		if (n && (s[n] == '=' || !s[n]))
			value = s[n] ? s + n + 1 : i + 1 < f->n ? f->v[i + 1] : "";
		else if (s[0] == '-' && s[1] == 'a')
			value = s[2] ? s + 2 : i + 1 < f->n ? f->v[i + 1] : "";
		else if (!strncmp(s, "--a", 3))
			return false;
		else
			continue;
		if (strcmp(value, "n") && strcmp(value, "ln") && strcmp(value, "en"))
			return false;
		any = true;
	}
	return any;
}

static enum sh_effect lvchange(const struct sh_fields *f)
{
	return deactivates(f) ? SH_NOTHING : SH_LVM;
}

/* --monitor and --poll change nothing about what is active */
static enum sh_effect vgchange(const struct sh_fields *f)
{
	size_t i;

	if (deactivates(f))
		return SH_NOTHING;
	if (!sh_has_arg(f, "--monitor") && !sh_has_arg(f, "--poll"))
		return SH_LVM;
	for (i = 1; i < f->n; i++)
		if (!strncmp(f->v[i], "-a", 2) || !strncmp(f->v[i], "--a", 3) ||
		    (unsigned char)f->v[i][0] <= SH_UNKNOWN_SPLIT || !strcmp(f->v[i], "--refresh"))
			return SH_LVM;
	return SH_NOTHING;
}

static enum sh_effect lvm(const struct sh_fields *f)
{
	struct sh_fields rest;
	static const char *const query[] = { "vgs",	   "lvs",	"pvs",	   "vgdisplay",
					     "lvdisplay",  "pvdisplay", "version", "help",
					     "dumpconfig", "segtypes",	"formats", NULL };
	size_t i;

	for (i = 0; query[i]; i++)
		if (!strcmp(sh_arg1(f), query[i]))
			return SH_NOTHING;
	rest.v = f->v + 1;
	rest.n = f->n - 1;
	if (!strcmp(sh_arg1(f), "vgchange"))
		return vgchange(&rest);
	return !strcmp(sh_arg1(f), "lvchange") ? lvchange(&rest) : SH_LVM;
}

static enum sh_effect dmsetup(const struct sh_fields *f)
{
	static const char *const query[] = { "info",	   "status", "table", "targets",
					     "version",	   "deps",   "help",  "remove",
					     "remove_all", "ls",     NULL };
	size_t i;

	if (sh_has_arg(f, "--exec"))
		return SH_MULTIPATH;
	for (i = 0; query[i]; i++)
		if (!strcmp(sh_arg1(f), query[i]))
			return sh_unclear(f) && !strcmp(sh_arg1(f), "ls") ? SH_DEVICE : SH_NOTHING;
	return SH_DEVICE;
}

static enum sh_effect dmraid(const struct sh_fields *f)
{
	size_t i;

	for (i = 1; i < f->n; i++) {
		if (!strcmp(f->v[i], "--activate") || !strcmp(f->v[i], "--format") ||
		    !strncmp(f->v[i], "--activate=", 11))
			return SH_DMRAID;
		if (f->v[i][0] == '-' && f->v[i][1] != '-' && strchr(f->v[i], 'a'))
			return SH_DMRAID;
	}
	return f->n < 2 || sh_unclear(f) ? SH_DMRAID : SH_NOTHING;
}

static enum sh_effect multipath(const struct sh_fields *f)
{
	static const char *const query[] = { "-l", "-ll", "-c", "-t", "-h", "-q", NULL };
	size_t i;

	/* -q alone is a way to be quiet, not a query */
	for (i = 0; query[i + 1]; i++)
		if (sh_has_arg(f, query[i]) && !sh_unclear(f))
			return SH_NOTHING;
	return SH_MULTIPATH;
}

static enum sh_effect cryptsetup(const struct sh_fields *f)
{
	static const char *const query[] = { "isLuks",	 "status",    "luksUUID",
					     "luksDump", "remove",    "luksClose",
					     "close",	 "--version", "luksHeaderBackup",
					     NULL };

	return has_any(f, query) ? SH_NOTHING : SH_CRYPT;
}

static enum sh_effect udevadm(const struct sh_fields *f)
{
	static const char *const quiet[] = { "settle", "info", "control", "monitor", "test", NULL };
	size_t i;

	for (i = 0; quiet[i]; i++)
		if (!strcmp(sh_arg1(f), quiet[i]))
			return SH_NOTHING;
	return SH_UDEV;
}

static enum sh_effect blockdev(const struct sh_fields *f)
{
	if (sh_has_arg(f, "--rereadpt") || sh_unclear(f))
		return SH_DEVICE;
	return SH_NOTHING;
}

/* below the device mapper, except with encryption */
static enum sh_effect losetup(const struct sh_fields *f)
{
	return sh_has_arg(f, "-e") || sh_has_arg(f, "--encryption") ? SH_CRYPT : SH_NOTHING;
}

/* jobs of upstart that the scripts start themselves */
static enum sh_effect upstart(const struct sh_fields *f)
{
	static const char *const jobs[] = { "rcS-emergency",	 "rcS-sulogin", "rhgb",
					    "plymouth-shutdown", "prefdm",	NULL };
	size_t i;

	for (i = 0; jobs[i]; i++)
		if (!strcmp(sh_arg1(f), jobs[i]))
			return SH_NOTHING;
	return SH_OPAQUE;
}

enum sh_effect sh_classify_service(const char *name)
{
	static const char *const devices[] = { "iscsi",
					       "iscsid",
					       "multipathd",
					       "drbd",
					       "blk-availability",
					       "lvm2-lvmetad",
					       "lvm2-monitor",
					       "fcoe",
					       "PowerPath",
					       "vxvm-boot",
					       "o2cb",
					       "mdadm-raid",
					       "cryptdisks",
					       "cryptdisks-early",
					       "rbdmap",
					       "lvm2",
					       "udev-post",
					       NULL };
	static const char *const quiet[] = { "rpcidmapd",
					     "rpcbind",
					     "portmap",
					     "network",
					     "syslog",
					     "rsyslog",
					     "auditd",
					     "sshd",
					     "crond",
					     "iptables",
					     "ip6tables",
					     "acpid",
					     "irqbalance",
					     "haldaemon",
					     "messagebus",
					     "mdmonitor",
					     "restorecond",
					     "vmware-tools",
					     "xe-linux-distribution",
					     "vboxadd",
					     "vboxadd-service",
					     "nfslock",
					     "rpcgssd",
					     "ntpd",
					     "ntpdate",
					     "snmpd",
					     "sendmail",
					     "cpuspeed",
					     "microcode_ctl",
					     "lm_sensors",
					     "ipmi",
					     "gpm",
					     "named",
					     "nscd",
					     "ypbind",
					     "winbind",
					     "xinetd",
					     "postfix",
					     NULL };
	size_t i;

	for (i = 0; devices[i]; i++)
		if (!strcmp(name, devices[i]))
			return SH_DEVICE;
	for (i = 0; quiet[i]; i++)
		if (!strcmp(name, quiet[i]))
			return SH_NOTHING;
	if (!strcmp(name, "netfs"))
		return SH_MOUNT;
	return sh_opaque(name);
}

static enum sh_effect service(const struct sh_fields *f)
{
	return sh_classify_service(sh_arg1(f));
}

static enum sh_effect hdparm(const struct sh_fields *f)
{
	static const char *const writes[] = { "--security-erase", "--write-sector",
					      "--repair-sector",  "--make-bad-sector",
					      "--trim-sector",	  NULL };
	size_t i;

	for (i = 1; i < f->n; i++)
		if (sh_has_prefix(f->v[i], writes))
			return SH_WRITE;
	return sh_has_arg(f, "-z") ? SH_DEVICE : SH_NOTHING;
}

static const struct sh_command commands[] = {
	{ "start_udev", SH_UDEV, NULL },
	{ "udevd", SH_UDEV, NULL },
	{ "udevstart", SH_UDEV, NULL },
	{ "udevtrigger", SH_UDEV, NULL },
	{ "udevsettle", SH_NOTHING, NULL },
	{ "udevinfo", SH_NOTHING, NULL },
	{ "udevcontrol", SH_NOTHING, NULL },
	{ "udevadm", 0, udevadm },
	{ "mdadm", 0, mdadm },
	{ "mdadm.static", 0, mdadm },
	{ "mdrun", SH_MD, NULL },
	{ "mdassemble", SH_MD, NULL },
	{ "raidstart", SH_MD, NULL },
	{ "raidadd", SH_MD, NULL },
	{ "raidrun", SH_MD, NULL },
	{ "raid0run", SH_MD, NULL },
	{ "raidautorun", SH_MD, NULL },
	{ "nash", SH_MD, NULL },
	{ "dmraid", 0, dmraid },
	{ "dmraid.static", 0, dmraid },
	{ "multipath", 0, multipath },
	{ "multipath.static", 0, multipath },
	{ "multipathd", SH_MULTIPATH, NULL },
	{ "kpartx", SH_MULTIPATH, NULL },
	{ "kpartx.static", SH_MULTIPATH, NULL },
	{ "dmsetup", 0, dmsetup },
	{ "dmsetup.static", 0, dmsetup },
	{ "lvm", 0, lvm },
	{ "lvm.static", 0, lvm },
	{ "cryptsetup", 0, cryptsetup },
	{ "cryptsetup.static", 0, cryptsetup },
	{ "cryptdisks_start", SH_CRYPT, NULL },
	{ "cryptmount", SH_CRYPT, NULL },
	{ "iscsistart", SH_DEVICE, NULL },
	{ "iscsid", SH_DEVICE, NULL },
	{ "iscsiadm", SH_DEVICE, NULL },
	{ "drbdadm", SH_DEVICE, NULL },
	{ "drbdsetup", SH_DEVICE, NULL },
	{ "zpool", SH_DEVICE, NULL },
	{ "nbd-client", SH_DEVICE, NULL },
	{ "partprobe", SH_DEVICE, NULL },
	{ "partx", SH_DEVICE, NULL },
	{ "sfdisk", SH_DEVICE, NULL },
	{ "fdisk", SH_DEVICE, NULL },
	{ "parted", SH_DEVICE, NULL },
	{ "devlabel", SH_DEVICE, NULL },
	{ "zfcpconf.sh", SH_NOTHING, NULL }, /* SCSI channels, below the device mapper */
	{ "dasdconf.sh", SH_NOTHING, NULL },
	{ "fcoeadm", SH_DEVICE, NULL },
	{ "losetup", 0, losetup },
	{ "blockdev", 0, blockdev },
	{ "hdparm", 0, hdparm },
	{ "vgchange", 0, vgchange },
	{ "lvchange", 0, lvchange },
	{ "powermt", SH_DEVICE, NULL },
	{ "vxdctl", SH_DEVICE, NULL },
	{ "vxconfigd", SH_DEVICE, NULL },
	{ "start", 0, upstart },
	{ "service", 0, service },
};

const struct sh_command *sh_device_command(const char *base)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(base, commands[i].name))
			return &commands[i];
	return NULL;
}

enum sh_effect sh_classify_family(const char *base)
{
	static const char *const lvm_tools[] = {
		"vgchange", "vgscan",	 "vgimport",	"vgmknodes", "vgcfgrestore",
		"vgextend", "vgreduce",	 "vgcreate",	"vgmerge",   "vgsplit",
		"vgrename", "vgck",	 "lvchange",	"lvscan",    "lvcreate",
		"lvextend", "lvconvert", "lvresize",	"lvreduce",  "lvremove",
		"lvrename", "pvscan",	 "pvcreate",	"pvchange",  "pvresize",
		"pvmove",   "lvmchange", "lvmdiskscan", NULL
	};
	static const char *const writers[] = { "mkfs", "mke2fs", "mkreiserfs", "mkdosfs", NULL };

	if (strstr(base, "fsck"))
		return SH_FSCK;
	if (sh_has_prefix(base, lvm_tools))
		return SH_LVM;
	if (sh_has_prefix(base, writers))
		return SH_WRITE;
	return SH_OPAQUE;
}
