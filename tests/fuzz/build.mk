# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzz targets: tests/fuzz/fuzz_NAME.c, seeds in tests/fuzz/NAME/.  One line each:
#   $(call aip_fuzz,NAME,archives in link order,pkg-config names,extra libs)
# Built by tests/fuzz/fuzz.t (clang, libFuzzer, sanitizers), not by plain make.
aip_fuzz = $(eval $(call aip_prog_,fuzz-$(1),tests/fuzz/fuzz_$(1).c,$(2),$(3),$(4) -fsanitize=fuzzer))

$(call aip_fuzz,json,json common,libcjson)
$(call aip_fuzz,udiff,patch common)
$(call aip_fuzz,index,patch json rpm common,libcjson rpm)
$(call aip_fuzz,envelope,patch json rpm common,libcjson rpm)
$(call aip_fuzz,rpmpkg,rpm common,rpm)
$(call aip_fuzz,conf,aipmng fetchwire patch json rpm common,rpm libcjson)
$(eval $(call aip_prog_,fuzz-state,tests/fuzz/fuzz_state.c src/fetch/gunzip.c,aipmng fetchwire patch json rpm common,rpm libcjson zlib,-fsanitize=fuzzer))
$(call aip_fuzz,record,aipmng patch json rpm common,rpm libcjson)
$(call aip_fuzz,anchor,anchor patch common)
