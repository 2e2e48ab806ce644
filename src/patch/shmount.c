// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shmount.c: what a call of mount does.
 */
#include <string.h>

#include "patch/shstorage.h"

/* Types without a local disk below them, or that are never written */
static bool virtual_type(const char *list)
{
	static const char *const types[] = {
		"proc",	     "sysfs",	 "usbfs",   "usbdevfs",	 "devpts",	"tmpfs",
		"ramfs",     "devtmpfs", "devfs",   "selinuxfs", "securityfs",	"debugfs",
		"configfs",  "cgroup",	 "cgroup2", "mqueue",	 "binfmt_misc", "rpc_pipefs",
		"hugetlbfs", "fusectl",	 "pstore",  "efivarfs",	 "nfs",		"nfs4",
		"nfsd",	     "cifs",	 "smbfs",   "ncpfs",	 "glusterfs",	"overlay",
		"autofs",    "tracefs",	 "bpf",	    "cpuset",	 "squashfs",	"iso9660",
		"cramfs",    "udf",	 "9p",	    NULL
	};
	size_t i, n;

	if (!strncmp(list, "no", 2))
		return false;
	for (;; list += n + 1) {
		n = strcspn(list, ",");
		for (i = 0; types[i]; i++)
			if (strlen(types[i]) == n && !strncmp(types[i], list, n))
				break;
		if (!types[i])
			return false;
		if (!list[n])
			return true;
	}
}

bool sh_virtual_path(const char *path)
{
	static const char *const roots[] = { "/proc", "/sys",	 "/dev", "/selinux",
					     "/run",  "/cgroup", NULL };
	size_t i, n;

	for (i = 0; roots[i]; i++) {
		n = strlen(roots[i]);
		if (!strncmp(path, roots[i], n) && (!path[n] || path[n] == '/'))
			return true;
	}
	return false;
}

struct mount_args {
	bool all, fake, bind, move, remount, ro, rw, unclear, list;
	const char *type;
	const char *operands[3];
	size_t n;
};

static bool has_option(const char *list, const char *name)
{
	size_t n = strlen(name), k;

	for (;; list += k + 1) {
		k = strcspn(list, ",");
		if (k == n && !strncmp(list, name, n))
			return true;
		if (!list[k])
			return false;
	}
}

static void options(struct mount_args *m, const char *list)
{
	m->unclear |= sh_is_unknown(list) && !has_option(list, "remount");
	m->remount |= has_option(list, "remount");
	m->ro |= has_option(list, "ro");
	m->rw |= has_option(list, "rw");
	m->bind |= has_option(list, "bind") || has_option(list, "rbind");
	m->move |= has_option(list, "move");
	/* remount and something unknown: it may be rw */
	if (sh_is_unknown(list))
		m->rw = true;
}

static void long_option(struct mount_args *m, const char *s)
{
	if (!strcmp(s, "--all"))
		m->all = true;
	else if (!strcmp(s, "--fake"))
		m->fake = true;
	else if (!strcmp(s, "--bind") || !strcmp(s, "--rbind"))
		m->bind = true;
	else if (!strcmp(s, "--move") || !strncmp(s, "--make-", 7))
		m->move = true;
	else if (!strcmp(s, "--read-only"))
		m->ro = true;
	else if (!strncmp(s, "--options=", 10))
		options(m, s + 10);
	else if (!strncmp(s, "--types=", 8))
		m->type = s + 8;
	else if (strcmp(s, "--verbose") && strcmp(s, "--no-mtab") && strcmp(s, "--internal-only"))
		m->unclear = true;
}

/* One word of short options.  Return: how many of the following words it takes (0 or 1). */
static size_t short_options(struct mount_args *m, const char *s, const char *next)
{
	const char *value;

	for (s++; *s; s++) {
		switch (*s) {
		case 'a':
			m->all = true;
			break;
		case 'f':
			m->fake = true;
			break;
		case 'r':
			m->ro = true;
			break;
		case 'w':
			m->rw = true;
			break;
		case 'B':
		case 'R':
			m->bind = true;
			break;
		case 'M':
			m->move = true;
			break;
		case 'l':
			m->list = true;
			break;
		case 'n':
		case 'v':
		case 'i':
		case 's':
		case 'F':
			break;
		case 'o':
		case 't':
		case 'O':
		case 'L':
		case 'U':
		case 'p':
			value = s[1] ? s + 1 : next;
			if (*s == 'o')
				options(m, value);
			else if (*s == 't')
				m->type = value;
			else if ((*s == 'L' || *s == 'U') && m->n < 3)
				m->operands[m->n++] = value;
			return s[1] ? 0 : 1;
		default:
			m->unclear = true;
			return 0;
		}
	}
	return 0;
}

static enum sh_effect remount_effect(const struct mount_args *m)
{
	if (m->ro && !m->rw)
		return m->all && (!m->type || !strncmp(m->type, "no", 2)) ? SH_RO_ALL : SH_RO;
	if (m->n && sh_virtual_path(m->operands[m->n - 1]))
		return SH_NOTHING;
	return SH_MOUNT;
}

enum sh_effect sh_classify_mount(const struct sh_fields *f)
{
	struct mount_args m = { 0 };
	const char *target;
	bool only = false;
	size_t i;

	for (i = 1; i < f->n; i++) {
		const char *s = f->v[i];

		if (!only && !strcmp(s, "--"))
			only = true;
		else if (!only && !strncmp(s, "--", 2))
			long_option(&m, s);
		else if (!only && *s == '-' && s[1])
			i += short_options(&m, s, i + 1 < f->n ? f->v[i + 1] : "");
		else if (m.n < 3)
			m.operands[m.n++] = s;
	}
	if (m.remount)
		return m.fake ? SH_NOTHING : remount_effect(&m);
	if (m.unclear)
		return SH_MOUNT;
	if (m.fake || m.bind || m.move)
		return SH_NOTHING;
	if (m.type && virtual_type(m.type))
		return SH_NOTHING;
	if (m.all)
		return SH_MOUNT_ALL;
	if (!m.n)
		return SH_NOTHING; /* lists */
	target = m.operands[m.n - 1];
	/* one operand may be a device of fstab: /dev/sda1, but not /dev/pts */
	if (m.n == 1 && !strncmp(target, "/dev/", 5) && strcmp(target, "/dev/pts") &&
	    strcmp(target, "/dev/shm"))
		return SH_MOUNT;
	return sh_virtual_path(target) && !sh_is_unknown(target) ? SH_NOTHING : SH_MOUNT;
}
