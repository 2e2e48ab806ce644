# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_test_prog,faultrun,tests/fault/faultrun.c,)
# aipmng whose memory runs out where it is told to
$(call aip_test_prog,aipmng-nomem,src/aipmng/main.c tests/fault/nomem.c,aipmng fetchwire anchor patch json rpm common,rpm libcjson,$(addprefix -Xlinker --wrap=,malloc calloc realloc strdup strndup asprintf vasprintf))
