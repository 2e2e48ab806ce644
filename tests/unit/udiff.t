#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: diffs are applied exactly or refused, under sanitizers
# needs: gcc, cmocka
exec tests/lib/unit test-udiff
