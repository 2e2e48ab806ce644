#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: chunk-diff finds each chunk that was not reported, and log-replay rebuilds
# proves: a disk from a log of writes exactly, at each boundary
# needs:  python3
set -u
. "$AIP_TOP/tests/lib/tap.sh"
flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/log-replay" "$AIP_B/chunk-diff" >&2 || { fail "the programs build"; exit 1; }
PATH=$AIP_B:$PATH
cd "$AIP_TMP" || exit 1

head -c 1000000 /dev/zero >a
cp a b
poke() { printf x | dd of=b bs=1 seek="$1" conv=notrunc status=none; }
poke 0
poke 65535
poke 999999
is "equal images differ nowhere" "$(chunk-diff 65536 a a - </dev/null)" "chunks 16 differ 0 reported 0 missed 0 vain 0"
is "all reported" "$(printf '%s\n' '0 1' '983040 16960' | chunk-diff 65536 a b -)" "chunks 16 differ 2 reported 2 missed 0 vain 0"
out=$(printf '0 65536\n' | chunk-diff 65536 a b -)
is "a missed chunk is an error" $? 1
is "and is named" "$out" $'missed 983040\nchunks 16 differ 2 reported 1 missed 1 vain 0'
is "what is reported in vain is counted" "$(printf '0 1000000\n' | chunk-diff 65536 a b -)" "chunks 16 differ 2 reported 16 missed 0 vain 14"
printf '131072 4096\n' >w
out=$(printf '0 1\n999999 1\n' | chunk-diff -w w 65536 a b -)
is "written with the same bytes counts too" $? 1
is "written chunks are not in vain" "$(printf '0 131073\n999999 1\n' | chunk-diff -w w 65536 a b - | tail -1)" \
	"chunks 16 differ 2 reported 4 missed 0 vain 1"
printf '983040 1\n0 65536\n' >i
out=$(chunk-diff -i i 65536 a b - </dev/null)
is "what is ignored may differ, its neighbours may not" "$out" $'missed 983040\nchunks 16 differ 1 reported 0 missed 1 vain 0'
printf '%s\n' '65530 5' '999999 1' '0 1' >i
out=$(chunk-diff -i i 65536 a b - </dev/null)
is "to the byte" "$out" $'missed 0\nchunks 16 differ 1 reported 0 missed 1 vain 0'
# the free blocks of two groups whose border lies one block behind a chunk's
printf '%s\n' '4096 61440' '0 4096' '999000 500' '999500 500' >i
is "ignored extents that touch are one" "$(chunk-diff -i i 65536 a b - </dev/null)" "chunks 16 differ 0 reported 0 missed 0 vain 0"
out=$(chunk-diff -w i -i i 65536 a b - </dev/null)
is "a write to a chunk of which a part is ignored counts" "$out" \
	$'missed 983040 (written, the same bytes)\nchunks 16 differ 0 reported 0 missed 1 vain 0'
truncate -s 2000000 c
is "a grown image differs by its bytes" "$(chunk-diff 65536 a c - </dev/null)" "chunks 31 differ 0 reported 0 missed 0 vain 0"
printf 'x\n' | chunk-diff 65536 a b - >/dev/null 2>&1
is "nonsense is not taken for a list" $? 2

# a log of 200 writes, flushes, FUA writes, discards; the disk after each, from another program
python3 - "$AIP_SEED" <<'E'
import random, struct, sys
rnd = random.Random(int(sys.argv[1]))
disk = bytearray(rnd.randbytes(256 * 512))
open('disk.0', 'wb').write(disk)
out = [struct.pack('<QQQI', 0x6a736677736872, 1, 200, 512).ljust(512, b'\0')]
bounds = []
for i in range(200):
    kind = rnd.choice('wwwwFUD')
    sector, n = rnd.randrange(240), rnd.randrange(1, 16)
    if kind == 'F':
        out.append(struct.pack('<QQQQ', 0, 0, 1, 0).ljust(512, b'\0'))
    elif kind == 'D':
        out.append(struct.pack('<QQQQ', sector, n, 4, 0).ljust(512, b'\0'))
        disk[sector * 512:(sector + n) * 512] = bytes(n * 512)
    else:
        data = rnd.randbytes(n * 512)
        out.append(struct.pack('<QQQQ', sector, n, 2 if kind == 'U' else 0, 0).ljust(512, b'\0') + data)
        disk[sector * 512:(sector + n) * 512] = data
    if kind in 'FU':
        bounds.append(i)
        open('at.%d' % i, 'wb').write(disk)
open('end', 'wb').write(disk)
open('log', 'wb').write(b''.join(out))
open('bounds', 'w').write(''.join('%d\n' % b for b in bounds))
E
same "the boundaries are found" <(log-replay boundaries log) bounds
cp disk.0 d
from=0 wrong=''
while read -r n; do
	log-replay apply log d "$from" $((n + 1))
	from=$((n + 1))
	cmp -s d "at.$n" || wrong+=" $n"
done <bounds
is "the disk at each boundary" "$wrong" ""
log-replay apply log d "$from" 200
is "and at the end" "$(cmp d end && echo same)" same
cp disk.0 d
log-replay lose log d 0 200 "$AIP_SEED"
is "a cache that loses writes leaves another disk" "$(cmp -s d end && echo same)" ""
log-replay apply log d 0 201 2>/dev/null
is "no entry that is not there" $? 1
head -c 20000 log >short
log-replay list short >/dev/null 2>&1
is "a torn log is an error" $? 1
tap_done
