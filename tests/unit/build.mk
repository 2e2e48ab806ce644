# SPDX-License-Identifier: GPL-2.0-or-later
# One line a unit test: $(call aip_test_prog,test-NAME,sources,archives,pkg-config names)
$(call aip_test_prog,test-common,tests/unit/test_common.c,common,cmocka)
$(call aip_test_prog,test-bashn,tests/unit/test_bashn.c,common,cmocka)
$(call aip_test_prog,test-json,tests/unit/test_json.c,json common,cmocka libcjson)
$(call aip_test_prog,test-udiff,tests/unit/test_udiff.c,patch common,cmocka)
$(call aip_test_prog,test-index,tests/unit/test_index.c,patch json rpm common,cmocka libcjson rpm)
$(call aip_test_prog,test-envelope,tests/unit/test_envelope.c,patch json rpm common,cmocka libcjson rpm)
# what the fetch tests look at sources through
$(call aip_test_prog,aip-indexes,tests/unit/aip_indexes.c,aipmng fetchwire patch json rpm common,rpm libcjson)
$(call aip_test_prog,test-anchor,tests/unit/test_anchor.c,anchor patch common,cmocka)
$(call aip_test_prog,test-conf,tests/unit/test_conf.c,aipmng fetchwire patch json rpm common,cmocka rpm libcjson)
$(call aip_test_prog,test-accept,tests/unit/test_accept.c src/fetch/gunzip.c,aipmng fetchwire patch json rpm common,cmocka rpm libcjson zlib,-Xlinker --wrap=time)
$(call aip_test_prog,test-aipsnap,tests/unit/test_aipsnap.c,aipsnap common,cmocka)
