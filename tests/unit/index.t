#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: an index is taken only if every entry is allowed, is written the same way always, and patches lead where they say
# needs: gcc, cmocka
exec tests/lib/unit test-index
