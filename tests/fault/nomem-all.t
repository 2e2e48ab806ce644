#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: like nomem.t, for every single allocation of every run
# needs: rpmbuild, rpm, gpg
# tier: full
# timeout: 7200
# order: 10
AIP_FAULTS=all exec "$AIP_TOP/tests/fault/nomem.t"
