#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: like errors.t, every error at every write-side call
# needs: rpmbuild, rpm, ptrace
# tier: full
# timeout: 7200
# order: 10
AIP_FAULTS=all exec "$AIP_TOP/tests/fault/errors.t"
