# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_lib,patch,$(addprefix src/patch/,arena.c envelope.c hook.c index.c indexio.c udiff.c))
# the anchor engine: reads scripts as shell; who does not adapt does without
$(call aip_lib,anchor,$(wildcard src/patch/anchor*.c src/patch/sh*.c))
