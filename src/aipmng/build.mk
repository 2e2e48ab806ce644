# SPDX-License-Identifier: GPL-2.0-or-later
# this machine's clock is never believed to be before the build
CPPFLAGS_src/aipmng := -DAIP_BUILD_TIME=$(or $(SOURCE_DATE_EPOCH),$(shell date +%s))
# everything but main.c is an archive too, so that tests link parts of it
AIPMNG_SRC := $(addprefix src/aipmng/,accept.c adapt.c cache.c change.c conf.c ctx.c driver.c helper.c \
	history.c indexes.c lock.c log.c modes.c modupdate.c outside.c patches.c plan.c recdir.c \
	reconcile.c record.c replace.c revert.c source.c state.c status.c strlist.c survey.c target.c \
	textdiff.c trust.c work.c yumrepo.c)
$(call aip_lib,aipmng,$(AIPMNG_SRC))
$(call aip_prog,aipmng,src/aipmng/main.c,aipmng fetchwire anchor patch json rpm common,rpm libcjson)
