// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shstorage.c: the storage commands of boot scripts.
 */
#include <string.h>

#include "patch/shstorage.h"

static const char *const effect_names[] = {
	[SH_NOTHING] = "nothing",
	[SH_UDEV] = "udev",
	[SH_MD] = "md",
	[SH_DMRAID] = "dmraid",
	[SH_MULTIPATH] = "multipath",
	[SH_LVM] = "lvm",
	[SH_CRYPT] = "crypt",
	[SH_DEVICE] = "device",
	[SH_FSCK] = "fsck",
	[SH_MOUNT] = "mount",
	[SH_MOUNT_ALL] = "mount all",
	[SH_WRITE] = "write",
	[SH_RO] = "read-only",
	[SH_RO_ALL] = "read-only loop",
	[SH_MD_WAIT] = "mdadm --wait-clean",
	[SH_KEXEC] = "kexec",
	[SH_POWEROFF] = "power-off",
	[SH_HOOK] = "hook",
	[SH_FASTBOOT] = "fastboot",
	[SH_WAIT] = "wait",
	[SH_END] = "end",
	[SH_UNSAFE] = "unsafe",
	[SH_OPAQUE] = "unknown command",
	[SH_OPAQUE_WRITE] = "unknown command",
	[SH_OPAQUE_COMPUTED] = "computed command",
	[SH_OPAQUE_FILE] = "unknown file",
	[SH_OPAQUE_STORAGE] = "unknown storage command",
};

const char *sh_effect_name(enum sh_effect e)
{
	return effect_names[e];
}

bool sh_is_activation(enum sh_effect e)
{
	return e >= SH_UDEV && e <= SH_DEVICE;
}

bool sh_is_first_write(enum sh_effect e)
{
	return e >= SH_FSCK && e <= SH_WRITE;
}

bool sh_has_prefix(const char *s, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (!strncmp(s, *prefixes, strlen(*prefixes)))
			return true;
	return false;
}

const char *sh_basename(const char *path)
{
	const char *s = strrchr(path, '/');

	return s ? s + 1 : path;
}

bool sh_has_arg(const struct sh_fields *f, const char *arg)
{
	size_t i;

	for (i = 1; i < f->n; i++)
		if (!strcmp(f->v[i], arg))
			return true;
	return false;
}

bool sh_unclear(const struct sh_fields *f)
{
	size_t i;

	for (i = 1; i < f->n; i++)
		if (*f->v[i] == SH_UNKNOWN || *f->v[i] == SH_UNKNOWN_SPLIT)
			return true;
	return false;
}

const char *sh_arg1(const struct sh_fields *f)
{
	return f->n > 1 ? f->v[1] : "";
}

static bool contains(const char *name, const char *const *hints)
{
	for (; *hints; hints++)
		if (strcasestr(name, *hints))
			return true;
	return false;
}

enum sh_effect sh_opaque(const char *name)
{
	static const char *const devices[] = {
		"lvm",	   "vg",      "raid",  "mdadm",	 "multi",  "mpath",  "crypt",  "luks",
		"disk",	   "volume",  "stor",  "san",	 "iscsi",  "scsi",   "device", "mapper",
		"activat", "assembl", "block", "part",	 "zfs",	   "zpool",  "drbd",   "udev",
		"dm-",	   "dmsetup", "emc",   "powerp", "vx",	   "gfs",    "ocfs",   "hba",
		"fcoe",	   "nbd",     "snap",  "pool",	 "lun",	   "attach", "array",  "cluster",
		"cache",   "ceph",    "rbd",   "nvme",	 "unlock", NULL
	};
	static const char *const writers[] = { "fsck",	"mount", "fs",	 "repair",
					       "check", "swap",	 "loop", NULL };

	if (contains(name, devices))
		return SH_OPAQUE_STORAGE;
	return contains(name, writers) ? SH_OPAQUE_WRITE : SH_OPAQUE;
}

bool sh_is_standard_dir(const char *name)
{
	static const char *const dirs[] = { "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", NULL };
	size_t i, n = (size_t)(sh_basename(name) - name);

	if (!n)
		return true;
	for (i = 0; dirs[i]; i++)
		if (strlen(dirs[i]) == n && !strncmp(name, dirs[i], n))
			return true;
	return false;
}

static enum sh_effect dd(const struct sh_fields *f)
{
	static const char *const memory[] = { "/dev/ram",     "/dev/zram", "/dev/shm/",
					      "/dev/console", "/dev/tty",  "/dev/kmsg",
					      "/dev/zero",    "/dev/full", NULL };
	size_t i;

	for (i = 1; i < f->n; i++) {
		if (!strncmp(f->v[i], "of=", 3) && sh_has_prefix(f->v[i] + 3, memory))
			continue;
		if (!strncmp(f->v[i], "of=", 3) && !strncmp(f->v[i] + 3, "/dev/", 5) &&
		    strcmp(f->v[i] + 3, "/dev/null") && strcmp(f->v[i] + 3, "/dev/urandom"))
			return SH_WRITE;
		if (*f->v[i] <= SH_UNKNOWN_SPLIT ||
		    (!strncmp(f->v[i], "of=", 3) && (unsigned char)f->v[i][3] <= SH_UNKNOWN_SPLIT))
			return SH_WRITE;
	}
	return SH_NOTHING;
}

/* halt -w only writes a record; poweroff, reboot, halt without it end the machine */
static enum sh_effect halt(const struct sh_fields *f)
{
	return sh_has_arg(f, "-w") || sh_has_arg(f, "--wtmp-only") ? SH_NOTHING : SH_POWEROFF;
}

/* A kernel that is only loaded is not started. */
static enum sh_effect kexec(const struct sh_fields *f)
{
	bool load = sh_has_arg(f, "-l") || sh_has_arg(f, "--load") || sh_has_arg(f, "-p") ||
		    sh_has_arg(f, "--load-panic") || sh_has_arg(f, "-u") ||
		    sh_has_arg(f, "--unload");
	size_t i;

	for (i = 1; load && i < f->n; i++)
		if (!strcmp(f->v[i], "--exec") || *f->v[i] == SH_UNKNOWN_SPLIT ||
		    (f->v[i][0] == '-' && f->v[i][1] != '-' && strchr(f->v[i], 'e')))
			load = false;
	return load ? SH_NOTHING : SH_KEXEC;
}

static enum sh_effect tune2fs(const struct sh_fields *f)
{
	return f->n == 3 && !strcmp(sh_arg1(f), "-l") ? SH_NOTHING : SH_WRITE;
}

/* with a second operand it sets the label */
static enum sh_effect e2label(const struct sh_fields *f)
{
	return f->n == 2 && *sh_arg1(f) != SH_UNKNOWN_SPLIT ? SH_NOTHING : SH_WRITE;
}

static enum sh_effect systemctl(const struct sh_fields *f)
{
	static const char *const ends[] = { "poweroff", "reboot",    "halt",	"kexec", "default",
					    "rescue",	"emergency", "isolate", NULL };
	size_t i;

	for (i = 0; ends[i]; i++)
		if (sh_has_arg(f, ends[i]))
			return SH_POWEROFF;
	return SH_OPAQUE_STORAGE; /* whatever a unit does */
}

/* it cuts the power some seconds later */
static enum sh_effect ups(const struct sh_fields *f)
{
	return sh_has_arg(f, "killpower") || sh_has_arg(f, "--killpower") || sh_has_arg(f, "-k")
		       ? SH_POWEROFF
		       : SH_OPAQUE;
}

static enum sh_effect telinit(const struct sh_fields *f)
{
	return !strcmp(sh_arg1(f), "u") || !strcmp(sh_arg1(f), "q") ? SH_NOTHING : SH_POWEROFF;
}

static enum sh_effect umount(const struct sh_fields *f)
{
	size_t i;
	bool all = false, ro = false;

	for (i = 1; i < f->n; i++)
		if (f->v[i][0] == '-' && f->v[i][1] != '-') {
			all |= strchr(f->v[i], 'a') != NULL && f->v[i][1] != 't' &&
			       f->v[i][1] != 'O';
			ro |= strchr(f->v[i], 'r') != NULL && f->v[i][1] != 't' &&
			      f->v[i][1] != 'O';
		}
	/* -a -r: what is busy becomes read-only, but only of the types that are named */
	return all && ro && !sh_has_arg(f, "-t") && !sh_has_arg(f, "-O") ? SH_RO_ALL : SH_NOTHING;
}

static enum sh_effect hook(const struct sh_fields *f)
{
	return sh_has_arg(f, "start") || sh_has_arg(f, "clear_dirtyflag") || sh_unclear(f)
		       ? SH_HOOK
		       : SH_NOTHING;
}

bool sh_is_disk(const char *path)
{
	static const char *const disks[] = { "/dev/sd",	   "/dev/hd",	"/dev/vd",   "/dev/xvd",
					     "/dev/md",	   "/dev/dm",	"/dev/disk", "/dev/mapper",
					     "/dev/cciss", "/dev/nvme", "/dev/ram",  NULL };

	return sh_has_prefix(path, disks);
}

/* Are all the devices that are named in memory? */
static bool only_memory(const struct sh_fields *f)
{
	static const char *const prefixes[] = { "/dev/ram", "/dev/zram", "/dev/compcache", NULL };
	bool any = false;
	size_t i;

	for (i = 1; i < f->n; i++) {
		if (*f->v[i] == '-' || f->v[i][strspn(f->v[i], "0123456789")] == '\0')
			continue;
		if (sh_is_unknown(f->v[i]) || !sh_has_prefix(f->v[i], prefixes))
			return false;
		any = true;
	}
	return any;
}

static enum sh_effect format(const struct sh_fields *f)
{
	return only_memory(f) ? SH_NOTHING : SH_WRITE;
}

static enum sh_effect swapon(const struct sh_fields *f)
{
	if (only_memory(f) && !sh_has_arg(f, "-a"))
		return SH_NOTHING;
	return f->n == 2 && (!strcmp(sh_arg1(f), "-s") || !strcmp(sh_arg1(f), "--show"))
		       ? SH_NOTHING
		       : SH_WRITE;
}

/* only without operands it waits for all that runs in the background */
static enum sh_effect wait_all(const struct sh_fields *f)
{
	return f->n == 1 ? SH_WAIT : SH_NOTHING;
}

/* without the shell's own command another of that name is run, or none */
static enum sh_effect enable(const struct sh_fields *f)
{
	size_t i;

	for (i = 1; i < f->n; i++)
		if (*f->v[i] == '-' && strchr(f->v[i], 'n'))
			return SH_UNSAFE;
	return SH_NOTHING;
}

static enum sh_effect hash(const struct sh_fields *f)
{
	return sh_has_arg(f, "-p") || sh_unclear(f) ? SH_UNSAFE : SH_NOTHING;
}

static enum sh_effect btrfs(const struct sh_fields *f)
{
	if (!strcmp(sh_arg1(f), "check") || !strcmp(sh_arg1(f), "rescue") || sh_unclear(f))
		return SH_FSCK;
	return !strcmp(sh_arg1(f), "device") ? SH_DEVICE : SH_WRITE;
}

static const struct sh_command commands[] = {
	{ "zfs", SH_MOUNT, NULL },
	{ "xfs_repair", SH_FSCK, NULL },
	{ "xfs_check", SH_FSCK, NULL },
	{ "reiserfsck", SH_FSCK, NULL },
	{ "tune2fs", 0, tune2fs },
	{ "e2label", 0, e2label },
	{ "resize2fs", SH_WRITE, NULL },
	{ "debugfs", SH_WRITE, NULL },
	{ "xfs_growfs", SH_WRITE, NULL },
	{ "btrfs", 0, btrfs },
	{ "mount", 0, sh_classify_mount },
	{ "umount", 0, umount },
	{ "swapon", 0, swapon },
	{ "mkswap", 0, format },
	{ "wipefs", SH_WRITE, NULL },
	{ "blkdiscard", SH_WRITE, NULL },
	{ "fstrim", SH_WRITE, NULL },
	{ "shred", SH_WRITE, NULL },
	{ "dd", 0, dd },
	{ "kexec", 0, kexec },
	{ "halt", 0, halt },
	{ "reboot", 0, halt },
	{ "poweroff", 0, halt },
	{ "shutdown", SH_POWEROFF, NULL },
	{ "systemctl", 0, systemctl },
	{ "apcupsd", 0, ups },
	{ "apccontrol", 0, ups },
	{ "telinit", 0, telinit },
	{ "init", 0, telinit },
	{ "upsdrvctl", SH_POWEROFF, NULL },
	{ "aipsnap", 0, hook },
	{ "plymouth", SH_NOTHING, NULL },
	{ "hash", 0, hash },
	{ "alias", SH_UNSAFE, NULL },
	{ "enable", 0, enable },
	{ "wait", 0, wait_all },
};

static const struct sh_command *find_command(const char *base)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(base, commands[i].name))
			return &commands[i];
	return sh_device_command(base) ?: sh_hidden_command(base);
}

enum sh_effect sh_classify(const struct sh_fields *f)
{
	/* scripts of the administrator that the distributions have always called here */
	static const char *const scripts[] = { "/etc/sysconfig/modules/*.modules",
					       "/etc/rc.modules",
					       "/etc/rc.serial",
					       "/sbin/halt.local",
					       "/etc/rc.d/rc.modules",
					       "/etc/rc.d/rc.serial",
					       NULL };
	const char *base = sh_basename(f->v[0]);
	const struct sh_command *command;
	enum sh_effect e;
	size_t i;

	for (i = 0; scripts[i]; i++)
		if (!strcmp(f->v[0], scripts[i]))
			return SH_NOTHING;
	if (sh_is_unknown(f->v[0]) || !*base)
		return SH_OPAQUE_COMPUTED;
	if (!strncmp(f->v[0], "/etc/init.d/", 12) || !strncmp(f->v[0], "/etc/rc.d/init.d/", 17))
		return strcmp(base, "halt") ? sh_classify_service(base) : SH_POWEROFF;
	/* it shows what it would do, or its version */
	if (!strcmp(base, "fsck") && f->n == 2 &&
	    (!strcmp(f->v[1], "-N") || !strcmp(f->v[1], "-V")))
		return SH_NOTHING;
	command = find_command(base);
	if (command) {
		e = command->look ? command->look(f) : command->effect;
		if (e != SH_NOTHING || sh_is_standard_dir(f->v[0]))
			return e;
	}
	e = sh_classify_family(base);
	if (e != SH_OPAQUE)
		return e;
	if (sh_is_standard_dir(f->v[0]) && sh_is_harmless(base))
		return SH_NOTHING;
	return sh_opaque(f->v[0]);
}

static const char *const sources[] = { "/etc/init.d/functions",
				       "/etc/rc.d/init.d/functions",
				       "/etc/selinux/config",
				       "/etc/udev/udev.conf",
				       "/etc/profile.d/lang.sh",
				       "/etc/os-release",
				       "/etc/rc.serial",
				       "/etc/rc.readonly",
				       "/etc/locale.conf",
				       "/etc/vconsole.conf",
				       "functions",
				       "/lib/lsb/init-functions",
				       "/etc/rc.status",
				       NULL };
static const char sysconfig[] = "/etc/sysconfig/";

enum sh_effect sh_classify_source(const char *path)
{
	size_t i, n = strlen(sysconfig);

	for (i = 0; sources[i]; i++)
		if (!strcmp(path, sources[i]))
			return SH_NOTHING;
	/* the files of that folder, not of those below, are settings */
	if (strncmp(path, sysconfig, n) != 0 || !path[n] || strchr(path + n, '/'))
		return SH_OPAQUE_FILE;
	/* /etc/sysconfig/harddisk${disk[...]}: options for hdparm */
	if (!strncmp(path + n, "harddisk", 8) &&
	    (!path[n + 8] || !strcmp(path + n + 8, "s") || path[n + 8] == SH_UNKNOWN_SPLIT))
		return SH_NOTHING;
	if (!strcmp(path + n, "udev") || !strcmp(path + n, "autofsck"))
		return SH_NOTHING;
	return sh_is_unknown(path) || sh_opaque(path + n) != SH_OPAQUE ? SH_OPAQUE_FILE
								       : SH_NOTHING;
}

bool sh_is_script(const char *path)
{
	static const char *const folders[] = { sysconfig, "/etc/init.d/", "/etc/rc", NULL };
	size_t i;

	for (i = 0; sources[i]; i++)
		if (!strcmp(path, sources[i]))
			return true;
	return sh_has_prefix(path, folders) || !strcmp(path, "/sbin/halt.local");
}
