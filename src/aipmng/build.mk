# SPDX-License-Identifier: GPL-2.0-or-later
# everything but main.c is an archive too, so that tests link parts of it
AIPMNG_SRC := $(addprefix src/aipmng/,conf.c ctx.c log.c strlist.c todo.c) src/rpm/pkgdb.c
$(call aip_lib,aipmng,$(AIPMNG_SRC))
$(call aip_prog,aipmng,src/aipmng/main.c,aipmng common)
