#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: every file keeps the style that a machine can check: licence line, formatter, shellcheck, man pages
# needs: clang-format, shellcheck, man
. "$AIP_TOP/tests/lib/tap.sh"
for check in spdx whitespace format shell python man spec; do
	holds "style: $check" "$AIP_TOP/tools/style" $check
done

# the checks themselves find what they are for
cp -r "$AIP_TOP/tools" "$AIP_TOP/.clang-format" "$AIP_TOP/aip.spec" "$AIP_TMP" && cd "$AIP_TMP" || exit 1
mkdir doc
printf 'int a;\n' >a.c
printf '// SPDX-License-Identifier: GPL-2.0-or-later\nint  b ;  \n' >b.c
printf '#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-or-later\n[ $x = 1 ] && cd /x; [[ a ]]\n' >c
printf '# SPDX-License-Identifier: GPL-2.0-or-later\nif\n' >d.py
printf '.\\" SPDX-License-Identifier: GPL-2.0-or-later\n.TH WRONG 1\n.SH NAME\n.wrong\n' >doc/e.1
echo 0.0.0 >VERSION
git init -q . && git add -f a.c b.c c d.py doc VERSION aip.spec
finds() { has "style: $1 finds what it is for" "$(tools/style "$1" 2>/dev/null)" "$2"; }
finds spdx a.c:
finds whitespace b.c:2:
finds format b.c:2:
finds shell c:3:
finds python d.py:
finds man doc/e.1:
finds spec aip.spec:
tap_done
