#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: cppcheck and gcc's analyzer find nothing in the user-space sources, and both do run
# needs: cppcheck, gcc 12 or later
# timeout: 600
. "$AIP_TOP/tests/lib/tap.sh"
holds "no finding of static analysis" "$AIP_TOP/tools/analyze"
printf 'int f(int n)\n{\n\tint a[4] = { 0 };\n\treturn a[4] + n;\n}\n' >"$AIP_TMP/a.c"
printf '#include <stdlib.h>\nint g(void)\n{\n\tint *p = malloc(4);\n\t*p = 1;\n\tfree(p);\n\treturn *p;\n}\n' >"$AIP_TMP/b.c"
out=$("$AIP_TOP/tools/analyze" "$AIP_TMP/a.c" "$AIP_TMP/b.c")
has "cppcheck sees a read behind an array" "$out" "a.c:4: cppcheck:"
has "gcc's analyzer sees a use after free" "$out" "b.c:7:"
tap_done
