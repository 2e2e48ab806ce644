/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shstorage.h: what a command does to disks, volumes and file systems.
 *
 * Known commands only; everything else is SH_OPAQUE, for the caller to judge.
 */
#ifndef AIP_SHSTORAGE_H
#define AIP_SHSTORAGE_H

#include <stdbool.h>

#include "patch/shvalue.h"

enum sh_effect {
	SH_NOTHING,
	/* device initialisation */
	SH_UDEV,
	SH_MD,
	SH_DMRAID,
	SH_MULTIPATH,
	SH_LVM,
	SH_CRYPT,
	SH_DEVICE, /* other: iSCSI, DRBD, loop, partition scans */
	/* first writers */
	SH_FSCK,
	SH_MOUNT,     /* a real file system, or read-write again */
	SH_MOUNT_ALL, /* all of fstab */
	SH_WRITE,     /* mkfs, swapon, dd to a device */
	/* the end */
	SH_RO,	   /* one file system read-only */
	SH_RO_ALL, /* all that are mounted */
	SH_MD_WAIT,
	SH_KEXEC,
	SH_POWEROFF,
	/* ours */
	SH_HOOK,
	SH_FASTBOOT, /* looks for /fastboot */
	/* not about storage */
	SH_WAIT,	    /* for background commands */
	SH_END,		    /* ends the script */
	SH_UNSAFE,	    /* changes the rules by which the script was read */
	SH_OPAQUE,	    /* not known */
	SH_OPAQUE_WRITE,    /* not known, and its name speaks of checks or mounts */
	SH_OPAQUE_COMPUTED, /* not known before it runs: $(...), read, eval, a shell's input */
	SH_OPAQUE_FILE,	    /* the commands of another file, not known */
	SH_OPAQUE_STORAGE,  /* not known, and its name speaks of devices */
};

/** sh_effect_name - Return: short name for people ("lvm", "fsck", ...). */
const char *sh_effect_name(enum sh_effect e);

/** sh_is_activation - does it belong to device initialisation? */
bool sh_is_activation(enum sh_effect e);
/** sh_is_first_write - must it not run before tracking starts? */
bool sh_is_first_write(enum sh_effect e);

/** sh_classify - what a command with these arguments does; @f has at least the name. */
enum sh_effect sh_classify(const struct sh_fields *f);

/** sh_classify_source - what reading the commands of another file can do. */
enum sh_effect sh_classify_source(const char *path);

/**
 * sh_opaque - what kind of unknown command the name speaks of
 * Return: SH_OPAQUE_STORAGE (devices), SH_OPAQUE_WRITE (checks, mounts) or SH_OPAQUE.
 */
enum sh_effect sh_opaque(const char *name);

/** sh_is_standard_dir - is it a command without a path, or in one of the system's folders? */
bool sh_is_standard_dir(const char *name);

/** sh_is_harmless - is the name (no path) one of the many that have nothing to do with storage? */
bool sh_is_harmless(const char *base);

/** sh_basename - Return: what follows the last slash. */
const char *sh_basename(const char *path);

/** sh_has_arg - is one of the arguments exactly @arg? */
bool sh_has_arg(const struct sh_fields *f, const char *arg);

/** sh_arg1 - Return: the first argument, "" when there is none. */
const char *sh_arg1(const struct sh_fields *f);

/** sh_unclear - is an argument unknown, so that options may hide in it? */
bool sh_unclear(const struct sh_fields *f);

/** sh_has_prefix - does the string begin with one of these (up to NULL)? */
bool sh_has_prefix(const char *s, const char *const *prefixes);

/** sh_is_disk - is it a node of a disk, a part of one or a volume? */
bool sh_is_disk(const char *path);

/** sh_is_script - is it a file whose commands boot scripts are known to run or to read? */
bool sh_is_script(const char *path);

struct sh_command {
	const char *name;
	enum sh_effect effect; /* when .look is NULL */
	enum sh_effect (*look)(const struct sh_fields *f);
};

/** sh_device_command - Return: the entry of a command that sets devices up or looks at them, or NULL. */
const struct sh_command *sh_device_command(const char *base);

/** sh_hidden_command - Return: the entry of a command that can run others unseen or write files, or NULL. */
const struct sh_command *sh_hidden_command(const char *base);

/** sh_classify_family - the same for whole families of names (fsck.*, vg*, mkfs.*), or SH_OPAQUE. */
enum sh_effect sh_classify_family(const char *base);

/** sh_classify_service - what starting a service does. */
enum sh_effect sh_classify_service(const char *name);

/** sh_classify_mount - mount's own options are a language. */
enum sh_effect sh_classify_mount(const struct sh_fields *f);

/** sh_virtual_path - does the path lie in a file system without a disk? */
bool sh_virtual_path(const char *path);

#endif
