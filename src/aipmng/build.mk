# SPDX-License-Identifier: GPL-2.0-or-later
# everything but main.c is an archive too, so that tests link parts of it
AIPMNG_SRC := $(addprefix src/aipmng/,adapt.c change.c conf.c ctx.c history.c lock.c log.c modes.c \
	modupdate.c patches.c plan.c recdir.c reconcile.c record.c replace.c revert.c source_thin.c \
	state.c status.c strlist.c survey.c target.c textdiff.c work.c)
$(call aip_lib,aipmng,$(AIPMNG_SRC))
$(call aip_prog,aipmng,src/aipmng/main.c,aipmng patch json rpm common,rpm libcjson)
