#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: bash completion offers exactly what aipmng, aipsnap and aipbackup understand where it stands
# needs: bash, the built programs
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

# ---- aipsnap: for each command what its --help names
# shellcheck source=/dev/null
. "$AIP_TOP/doc/completion/aipsnap"
# shellcheck source=/dev/null
. "$AIP_TOP/doc/completion/aipbackup"
flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" "$AIP_B/aipbackup" >&2

# words PROGRAM WORD...: what is offered for the last word
words() {
	local program=$1
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	"_$program"
	printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | xargs
}
options() { grep -oE -- '--[a-z][a-z-]+' | LC_ALL=C sort -u | xargs; }

commands=$("$AIP_B/aipsnap" --help | sed -n 's/^  \([a-z_]*\)  .*/\1/p' | LC_ALL=C sort | xargs)
is "aipsnap: its commands" "$(words aipsnap "")" "--help --version $commands"
for command in $commands; do
	is "aipsnap $command: its options" "$(words aipsnap "$command" "--")" "$({ echo --help; "$AIP_B/aipsnap" "$command" --help; } | options)"
done
is "aipsnap generation new" "$(words aipsnap generation n)" new
is "aipsnap snapshot: what it does" "$(words aipsnap snapshot "" | tr ' ' '\n' | grep -v -- -- | xargs)" "create list remove"
is "aipsnap: nothing to offer for a number" "$(words aipsnap start --timeout "")" ""
has "aipsnap: files for --store" "$(cd "$AIP_TOP" && words aipsnap snapshot create --store "do")" doc
has "aipsnap: devices" "$(words aipsnap enable /dev/nul)" /dev/null

# ---- aipbackup
commands=$("$AIP_B/aipbackup" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | LC_ALL=C sort | xargs)
is "aipbackup: its commands" "$(words aipbackup "")" "--help --version $commands"
all=$(for command in $commands; do words aipbackup "$command" "--"; done | options)
is "aipbackup: every option of --help, and no other" "$(echo "$all --version" | options)" "$("$AIP_B/aipbackup" --help | options)"
is "aipbackup prune: its options" "$(words aipbackup prune --)" "--dry-run --help --json --keep --quiet"
is "aipbackup: nothing to offer for a number" "$(words aipbackup prune --keep "")" ""
has "aipbackup: folders" "$(cd "$AIP_TOP" && words aipbackup verify "do")" doc
tap_done
