#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: aip-mkindex reads packages of every compression and age, makes the same signed index from the same input, keeps what it had, and reports what it did
# needs: rpmbuild, gpg, jq, python3
# timeout: 300
. "$AIP_TOP/tests/lib/tap.sh"
. "$AIP_TOP/tests/lib/mkrpm.sh"
cd "$AIP_TMP" || exit 1
export LC_ALL=C HOME=$AIP_TMP
mkdir -p "$AIP_B" && flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aip-mkindex" >&2 || { fail "aip-mkindex builds"; tap_done; }
mk() { "$AIP_B/aip-mkindex" "$@"; }
status() { "$@" >out 2>err; echo $?; }
sha() { sha256sum "$1" | cut -c 1-64; }
fixed=(--issued 2026-01-01T00:00:00Z --expires 2036-01-01T00:00:00Z)

"$AIP_TOP/tests/lib/gpgkeys" keys >&2
export GNUPGHOME=$AIP_TMP/keys/gnupg
alice=$(cat keys/alice.fpr) bob=$(cat keys/bob.fpr) carol=$(cat keys/carol.fpr)

# ---- packages of every kind ---------------------------------------------------------
mkdir repo repo/deep
n=0
for how in 'w9.gzdio' 'w9.bzdio' 'w2.xzdio' 'w9.lzdio' 'w3.zstdio' 'w.ufdio'; do
	n=$((n + 1))
	mkrpm_scripts "s$n" $n
	p=$(mkrpm initscripts "9.0$n-1.el6" "$PWD/s$n" --define "_binary_payload $how") && mv "$p" repo/deep/
done
# MD5 digests in the header, as RHEL 5 and older
mkrpm_scripts s7 7
p=$(mkrpm initscripts 8.45-1.el5 "$PWD/s7" --define '_binary_filedigest_algorithm 1' --define '_source_filedigest_algorithm 1') && mv "$p" repo/
is "packages of all kinds are built" "$(find repo -name '*.rpm' | wc -l)" 7
is "one has MD5 digests" "$(rpm -qp --qf '%{FILEDIGESTALGO}' repo/initscripts-8.45*.rpm)" "(none)"
# one with an epoch, one without any script, one script without a lawful place, and a source package's name
mkrpm_scripts s8 8
sed -i 's/^fsck.*//; /^if \[ -z "$fastboot"/,/^fi/d; 3i fsck -A' s8/rc.sysinit
p=$(mkrpm initscripts 7.93-1.el4 "$PWD/s8" --define 'x 1') && mv "$p" repo/
mkdir s9 && echo x >s9/other
p=$(mkrpm other 1-1 "$PWD/s9") && mv "$p" repo/

is "build ends well" "$(status mk build -o one.json --stream test "${fixed[@]}" --report table=one.txt --report json=one.report --report html=one.html repo)" 0
cat err >&2
one=$(jq -S . one.json)
is "every readable build is in the index" "$(jq '.packages | length' <<<"$one")" 8
is "every lawful script has its patch" "$(jq '.files | length' <<<"$one")" 15
for i in 1 2 3 4 5 6 7; do
	for f in rc.sysinit halt; do
		pre=$(sha "s$i/$f")
		jq -r --arg p "$pre" '.files[$p].diff' one.json >diff.txt
		# an independent program applies it
		cp "s$i/$f" patched && patch -s --no-backup-if-mismatch -F0 patched diff.txt >&2
		is "the patch of s$i/$f leads where it says" "$(jq -r --arg p "$pre" '.files[$p].post' one.json)" "$(sha patched)"
	done
done
is "the place is the one written down here" "$(grep -n 'start tracking' patched || grep -n 'now clear' patched)" \
	"25:# now clear dirty flag on tracking table"
has "the table says what was refused" "$(cat one.txt)" "rc.sysinit  refused"
has "the table counts" "$(cat one.txt)" "8 packages read, 0 known, 1 without scripts, 0 not readable"
is "the JSON report has each package" "$(jq '[.packages[] | .state] | group_by(.) | map("\(.[0]) \(length)") | join(",")' one.report)" '"none 1,read 8"'
is "the JSON report has the proofs" "$(jq '[.packages[] | .scripts // [] | .[] | .proof.verdict] | group_by(.) | map("\(.[0]) \(length)") | join(",")' one.report)" '"proved 15,refused 1"'
hasnt "the page needs nothing from elsewhere" "$(cat one.html)" "http"
has "the page shows the lines in place" "$(cat one.html)" "/etc/aipsnap start --tracking"
holds "the page is well formed" python3 -c '
import html.parser, sys
class P(html.parser.HTMLParser):
    void = {"meta", "br"}
    def __init__(s): super().__init__(); s.open = []
    def handle_starttag(s, t, a):
        if t not in s.void: s.open.append(t)
    def handle_endtag(s, t): assert s.open and s.open.pop() == t, (t, s.getpos())
p = P(); p.feed(open("one.html").read()); assert not p.open, p.open'

# ---- the same input, the same bytes ---------------------------------------------------
mkdir repo2 && find repo -name '*.rpm' -exec cp {} repo2/ \;
mk build -o two.json --stream test "${fixed[@]}" --report none -j 1 repo2/*.rpm
same "the same packages in another order and place give the same bytes" two.json one.json
mk build -o three.json --stream test --expires 10d --report none repo2
SOURCE_DATE_EPOCH=1000000000 mk build -o four.json --stream test --expires 10d --report none repo2
is "SOURCE_DATE_EPOCH is the time" "$(jq -r '.issued + " " + .expires' four.json)" "2001-09-09T01:46:40Z 2001-09-19T01:46:40Z"

# ---- going on from a previous index ---------------------------------------------------
mkrpm_scripts s10 10
p=$(mkrpm initscripts 9.10-1.el6 "$PWD/s10") && mv "$p" repo/
is "a new package joins" "$(status mk build -o next.json --previous one.json "${fixed[@]}" repo)" 0
has "only new packages are read" "$(cat out)" "1 packages read, 8 known, 1 without scripts"
is "the serial goes on" "$(jq .serial next.json)" 2
mk build -o whole.json --stream test --serial 2 "${fixed[@]}" --report none repo
same "it is what a build of everything gives" next.json whole.json
# the same name and version with other scripts is another build
mkrpm_scripts s11 11
p=$(mkrpm initscripts 9.10-1.el6 "$PWD/s11") && mkdir rebuilt && mv "$p" rebuilt/
mk build -o rebuilt.json --previous next.json "${fixed[@]}" rebuilt >out
has "a rebuild with the same version is seen" "$(cat out)" "1 packages read, 0 known"
is "both builds are in the index" "$(jq '[.packages[] | select(.evr == "9.10-1.el6")] | length' rebuilt.json)" 2
# what is gone from the mirror stays in the index; what the index says stays
mk build -o kept.json --previous next.json "${fixed[@]}" --report none rebuilt
is "nothing is forgotten" "$(jq '.files | length' kept.json)" 19
jq '.files |= with_entries(.value.diff |= sub("-24,0 \\+25"; "-23,0 +24"))' one.json >odd.json
pre=$(sha s1/halt)
mk build -o odd2.json --previous odd.json "${fixed[@]}" --report none repo
has "an old patch stays as it is" "$(jq -r --arg p "$pre" '.files[$p].diff' odd2.json)" "@@ -23,0"
mk build -o odd3.json --previous odd.json --reread "${fixed[@]}" --report none repo
has "with --reread it is made anew" "$(jq -r --arg p "$pre" '.files[$p].diff' odd3.json)" "@@ -24,0"

# ---- signing, verifying ----------------------------------------------------------------
is "signed by two keys" "$(status mk build -o signed.json.gz --stream test --sign "$alice" --sign "$carol" repo)" 0
cat err >&2
is "packed by its name" "$(head -c 2 signed.json.gz | od -An -tx1 | tr -d ' ')" 1f8b
is "verified with both" "$(status mk verify --key keys/alice.asc --key keys/carol.asc --threshold 2 signed.json.gz)" 0
has "it says who signed" "$(cat out)" "$alice, $carol"
is "one foreign key more is not enough" "$(status mk verify --key keys/alice.asc --key keys/bob.asc --threshold 2 signed.json.gz)" 4
is "a foreign key alone is refused" "$(status mk verify --key keys/mallory.asc signed.json.gz)" 4
is "a signed file that was changed is refused" "$(gunzip -c signed.json.gz | sed 's/"payload":"\(.\{40\}\)./"payload":"\1B/' >changed.json; status mk verify --key keys/alice.asc changed.json)" 4
is "an unsigned index is not verified" "$(status mk verify --key keys/alice.asc one.json)" 4
is "its form is" "$(status mk verify one.json)" 0
is "expired is refused" "$(status mk verify --key keys/alice.asc --now 2099-01-01T00:00:00Z signed.json.gz)" 4
is "a third signature is added" "$(status mk sign --sign "$bob" -o three.json signed.json.gz)" 0
is "all three count" "$(status mk verify --key keys/alice.asc --key keys/bob.asc --key keys/carol.asc --threshold 3 three.json)" 0
is "an unsigned index is signed afterwards" "$(status mk sign --sign "$bob" -o late.json one.json && mk verify --key keys/bob.asc late.json >/dev/null; echo $?)" "0
0"
is "the JSON of show is the payload" "$(mk show --json signed.json.gz | jq '.files | length')" "$(jq '.files | length' next.json)"
has "show names packages" "$(mk show signed.json.gz)" "initscripts-9.01-1.el6.noarch"
has "show names what has no place" "$(mk show signed.json.gz)" "no lawful place"
is "a key that is not there" "$(status mk build -o never.json --stream t --sign nobody@example.com repo)" 1
has "gpg's words are told" "$(cat err)" "nobody@example.com"
is "nothing was written" "$([ -e never.json ]; echo $?)" 1
is "a key that the index revokes cannot sign it" "$(status mk build -o never.json --stream t --revoke "$alice" --sign "$alice" repo)" 1
has "it is told why" "$(cat err)" "does not itself revoke"
is "another key can" "$(status mk build -o revoking.json --stream t --revoke "$alice" --sign "$bob" repo)" 0
is "the revoked one counts no more" "$(mk sign --sign "$alice" -o both.json revoking.json; status mk verify --key keys/alice.asc both.json)" 4
post=$(jq -r --arg p "$pre" '.files[$p].post' one.json)
mk build -o withdrawn.json --previous one.json --withdraw "$post" --report none repo
is "a patch is withdrawn" "$(jq -r '.withdrawn[0]' withdrawn.json)" "$post"
mk build -o withdrawn2.json --previous withdrawn.json --report none repo
is "and stays withdrawn" "$(jq -r '.withdrawn[0]' withdrawn2.json)" "$post"

# ---- merging ---------------------------------------------------------------------------
mk build -o el6.json --stream fleet "${fixed[@]}" --report none repo/deep
mk build -o rest.json --stream other "${fixed[@]}" --serial 9 --report none repo/*.rpm
is "merge" "$(status mk merge -o merged.json "${fixed[@]}" el6.json rest.json)" 0
is "it has what both had" "$(jq -c '[.stream, .serial, (.files | length), (.packages | length)]' merged.json)" '["fleet",2,17,9]'
is "two patches for one file do not merge" "$(status mk merge -o never.json --stream x one.json odd.json)" 1
has "and it says so" "$(cat err)" "two different patches"

# ---- loose scripts ----------------------------------------------------------------------
is "prove: all proved" "$(status mk prove s1/rc.sysinit s1/halt)" 0
has "prove: the line" "$(cat out)" "s1/rc.sysinit: proved, after line 17"
is "prove: some refused" "$(status mk prove s1/rc.sysinit s8/rc.sysinit)" 5
is "prove: --json" "$(mk prove --json s1/halt | jq -r '.[0] | [.verdict, .insert_after, .post] | join(" ")')" "proved 24 $(jq -r --arg p "$pre" '.files[$p].post' one.json)"
is "prove: which kind?" "$(cp s1/halt script; status mk prove script)" 2
is "prove: --kind" "$(status mk prove --kind halt script)" 0
printf '#!/bin/bash\n/sbin/start_udev\n\033]0;title\007\n' >rc.sysinit.esc
hasnt "prove: control characters of a script do not reach the terminal" "$(mk prove --explain --kind rc.sysinit rc.sysinit.esc)" "$(printf '\033')"
is "prove: no such file" "$(status mk prove --kind halt nothing)" 1
printf 'initscripts 1-1 any halt s1/halt\ninitscripts 1-1 any rc.sysinit s1/rc.sysinit # text\n\n# more\nx 2-1 any halt s2/halt\n' >list
is "loose scripts as builds" "$(status mk build -o loose.json --stream t --scripts list --report none)" 0
is "they are two builds" "$(jq -c '[.packages[] | [.name, (.files | length)]]' loose.json)" '[["initscripts",2],["x",1]]'
printf 'x 1-1 any halt\n' >list
is "a line that is short" "$(status mk build -o never.json --stream t --scripts list)" 1
has "is named" "$(cat err)" "list: line 1"

# ---- the command line ----------------------------------------------------------------------
is "no command" "$(status mk)" 2
is "unknown command" "$(status mk frobnicate)" 2
is "no output named" "$(status mk build --stream t repo)" 2
is "no stream for a first index" "$(status mk build -o never.json repo)" 2
is "a serial that does not rise" "$(status mk build -o never.json --previous next.json --serial 2 repo)" 1
is "a time that is none" "$(status mk build -o never.json --stream t --expires tomorrow repo)" 2
is "a report that is none" "$(status mk build -o never.json --stream t --report pdf repo)" 2
is "help" "$(status mk --help)" 0
# shellcheck source=/dev/null
. "$AIP_TOP/doc/completion/aip-mkindex"
COMP_WORDS=(aip-mkindex build --keep) COMP_CWORD=2
_aip_mkindex
is "completion" "${COMPREPLY[*]}" "--keep-going"
all=$(grep -oE -- '--[a-z][a-z-]+' "$AIP_TOP/doc/completion/aip-mkindex" | sort -u | xargs)
is "every option of --help is completed, and nothing else" "$all" "$(mk --help | grep -oE -- '--[a-z][a-z-]+' | sort -u | xargs)"
is "index on standard output" "$(mk build -o - --stream t "${fixed[@]}" repo2 | jq .serial)" 1
tap_done
