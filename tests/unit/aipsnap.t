#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: digests, lists, maps of changes, freeze hooks and deadlines of aipsnap, under sanitizers
# needs: gcc, cmocka
exec tests/lib/unit test-aipsnap
