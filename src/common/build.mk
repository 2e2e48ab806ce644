# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_lib,common,$(addprefix src/common/,base64.c bashn.c buf.c cleanup.c err.c fs.c hex.c jsonw.c rfc3339.c root.c spawn.c))
