# SPDX-License-Identifier: GPL-2.0-or-later
# One line a unit test: $(call aip_test_prog,test-NAME,sources,archives,pkg-config names)
$(call aip_test_prog,test-common,tests/unit/test_common.c,common,cmocka)
