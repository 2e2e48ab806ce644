# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_lib,rpm,$(addprefix src/rpm/,digest.c packet.c pkgdb.c quiet.c rpmpkg.c rpmsig.c unpack.c))
