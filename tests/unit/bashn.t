#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: bash -n is asked in a clean environment, its warnings count, nothing of a script runs, and it ends in time
# needs: gcc, cmocka, bash
exec tests/lib/unit test-bashn
