# SPDX-License-Identifier: GPL-2.0-or-later
# Linked statically: it runs when only a read-only root is there.  Nothing but libc and src/common.
$(call aip_lib,aipsnap,$(addprefix src/aipsnap/,blkdev.c blkdev_find.c blkdev_refuse.c bootenv.c bound.c changes.c ctl.c \
	fingerprint.c fingerprint_disk.c fingerprint_ext.c fingerprint_xfs.c hooks.c id.c mounts.c reader.c \
	settable.c sha256.c store.c switch.c sysattr.c tablefile.c track.c tracked.c xfslog.c))
AIPSNAP_STATIC ?= $(if $(SAN)$(COVERAGE),,-static-pie)
$(call aip_prog,aipsnap,$(addprefix src/aipsnap/,main.c cmd_changes.c cmd_enable.c cmd_fingerprint.c cmd_late.c \
	cmd_seal.c cmd_snapshot.c cmd_start.c cmd_status.c report.c),aipsnap common,,$(AIPSNAP_STATIC))
