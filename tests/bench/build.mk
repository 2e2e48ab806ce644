# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_test_prog,bench-index,tests/bench/bench_index.c,patch json rpm common,libcjson rpm)
