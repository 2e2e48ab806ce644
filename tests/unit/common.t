#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: src/common does what its headers say, under AddressSanitizer and UBSan
# needs: gcc, cmocka
exec tests/lib/unit test-common
