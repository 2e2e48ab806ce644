# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_test_prog,anchor-prove,tests/upstream/anchor_prove.c,anchor patch common,)

# the whole upstream history, on demand: a checkout (or bare repository) of fedora-sysv/initscripts
check-upstream: $(B)/anchor-prove
	@test -n "$(INITSCRIPTS)" || { echo "usage: make check-upstream INITSCRIPTS=<checkout of fedora-sysv/initscripts>"; exit 2; }
	tests/upstream/check $(UPSTREAM_FLAGS) $(B)/anchor-prove $(INITSCRIPTS)
.PHONY: check-upstream
