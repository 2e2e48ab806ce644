# SPDX-License-Identifier: GPL-2.0-or-later
# Linked statically: it runs when only a read-only root is there.  Nothing but libc and src/common.
$(call aip_lib,aipsnap,$(addprefix src/aipsnap/,fingerprint.c fingerprint_disk.c fingerprint_ext.c fingerprint_xfs.c \
	reader.c sha256.c))
