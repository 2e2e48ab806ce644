#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the anchor engine judges every case of tests/data/anchor right, with a real bash -n, under AddressSanitizer and UBSan
# needs: gcc, cmocka, bash
exec tests/lib/unit test-anchor
