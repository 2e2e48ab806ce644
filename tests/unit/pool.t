#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a job that crashes, loops, sleeps or never stops talking ends with an error of its own, and no other job suffers
# needs: gcc, cmocka
exec tests/lib/unit test-pool
