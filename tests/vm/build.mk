# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_test_prog,log-replay,tests/vm/log_replay.c,common,)
$(call aip_test_prog,chunk-diff,tests/vm/chunk_diff.c,common,)
$(call aip_test_prog,drv-client,tests/vm/drv-client.c,,)
