# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_test_prog,faultrun,tests/fault/faultrun.c,)
