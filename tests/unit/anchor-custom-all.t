#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what anchor-custom.t proves, and the oracle runs every case
# needs: what anchor-custom.t needs
# tier: full
# timeout: 900
CUSTOM_SAMPLE=9999 exec "$AIP_TOP/tests/unit/anchor-custom.t"
