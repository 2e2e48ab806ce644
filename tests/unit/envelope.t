#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: nothing comes out of an envelope but what enough trusted, unrevoked keys signed; keys and signatures by gpg
# needs: gcc, cmocka, gpg
tests/lib/gpgkeys "$AIP_TMP/keys" >&2 || { echo "not ok - keys were made"; exit 1; }
exec tests/lib/unit test-envelope "$AIP_TMP/keys"
