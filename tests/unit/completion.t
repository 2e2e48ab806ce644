#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: bash completion offers exactly what aipmng understands where it stands
# needs: bash, the built aipmng
. "$AIP_TOP/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$AIP_TOP/doc/completion/aipmng"

# offered WORD...: what is offered for the last word
offered() {
	COMP_WORDS=(aipmng "$@")
	COMP_CWORD=$#
	_aipmng
	printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | xargs
}
is "a mode" "$(offered --mo)" "--modupdate"
is "a mode by its first letters" "$(offered --re)" "--reconcile --reset-serial --revert"
is "after a mode no other mode" "$(offered --status --re)" ""
is "--patches after --modupdate" "$(offered --modupdate --p)" "--patches"
is "--json where there is a --json form" "$(offered --status --j)" "--json"
is "no --json where there is none" "$(offered --revert --j)" ""
is "folders after --root" "$(cd "$AIP_TOP" && offered --root "do")" "doc"

# every option of --help is offered somewhere, and nothing else
mkdir -p "$AIP_B" && flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipmng" >&2
help=$("$AIP_B/aipmng" --help | grep -oE -- '--[a-z][a-z-]+' | grep -vx -- --erase | LC_ALL=C sort -u | xargs)
all=$(grep -oE -- '--[a-z][a-z-]+' "$AIP_TOP/doc/completion/aipmng" | LC_ALL=C sort -u | xargs)
is "every option of --help (but --erase, which is for the package)" "$all" "$help"
tap_done
