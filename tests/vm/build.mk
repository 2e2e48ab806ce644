# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_test_prog,log-replay,tests/vm/log_replay.c,common,)
$(call aip_test_prog,chunk-diff,tests/vm/chunk_diff.c,common,)
$(call aip_test_prog,drv-client,tests/vm/drv-client.c,,)

# the driver's tests on a kernel that finds bugs (its first build takes half an hour and more)
check-vm-debug:
	set -e; k=$$(tests/vm/debug-kernel); AIP_KERNEL=$$k AIP_TEST_TIMEOUT=$${AIP_TEST_TIMEOUT:-7200} tests/run --tier full --area vm --only '[dt]r*'
.PHONY: check-vm-debug
$(call aip_test_prog,drv-fuzz,tests/vm/drv-fuzz.c,,)
