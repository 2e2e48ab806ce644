#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: serials, revocations, clocks and damaged state are judged right; the formats of state, cache and
#         of the talk with aip-fetch are read strictly, under sanitizers
# needs: gcc, cmocka
exec tests/lib/unit test-accept
