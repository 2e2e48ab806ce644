#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: like sources.t, for every single system call of every run
# needs: gpg, ptrace
# tier: full
# timeout: 7200
# order: 10
AIP_FAULTS=all exec "$AIP_TOP/tests/fault/sources.t"
