# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_prog,aipbackup,$(addprefix src/aipbackup/,backup.c chain.c copy.c extents.c list.c main.c manifest.c \
	nbd.c prune.c restore.c set.c source.c sums.c ui.c used.c verify.c),json common,libnbd libcjson ext2fs libxxhash)
