#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: JSON is read strictly and errors name their place, under sanitizers
# needs: gcc, cmocka
exec tests/lib/unit test-json
