#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""boundaries.py: power cuts at every moment, from a log of all writes of a disk.

  boundaries.py [--lose N] SEED EXTENTS FIRST LOG...

The disk holds the table and is itself tracked, from byte FIRST to its end (a partition or, 0, the
whole disk); LOG... are the logs (dm-log-writes' format) of successive boots; EXTENTS is the table file's
map, lines "file-block disk-block blocks" of 4096 bytes.

At each flush the table is what the log says it is.  Between two flushes a power cut may leave any
part of what was written: all subsets (up to 256, then a random choice) of the writes to the table,
whole or torn within a block.  In each of these states, where the table is CLEAN (both copies
valid and equal), its bitmaps must name every chunk that was written since the lineage
began (in a DIRTY table it has no name yet), those included that were written since the last flush and may or may not be there.

--lose N takes what log N wrote to the table for lost: to see the check fail.

Prints one line of counts; status 1 when a state is found that would lose a change.
"""
import itertools
import os
import random
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import table as tab  # noqa: E402

SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
PER_BLOCK = tab.BLOCK // SECTOR
UNIT_SHIFT = 5  # what was written is noted in units of 16 KiB, the smallest chunk


def entries(path):
    """(flags, sector, sectors, data) of a log, data b'' for discards (zeroes)."""
    with open(path, 'rb') as f:
        magic, version, count, size = struct.unpack('<QQQI', f.read(28))
        if magic != 0x6a736677736872 or version != 1 or size != SECTOR:
            sys.exit('%s: not a log of writes' % path)
        f.seek(SECTOR)
        for _ in range(count):
            sector, sectors, flags, length = struct.unpack('<QQQQ', f.read(SECTOR)[:32])
            data = b''
            if flags & MARK:
                f.seek((length + SECTOR - 1) // SECTOR * SECTOR, 1)
                continue
            if not flags & DISCARD:
                data = f.read(sectors * SECTOR)
                if len(data) != sectors * SECTOR:
                    sys.exit('%s: torn' % path)
            yield flags, sector, sectors, data


class Own:
    """Where the table lies."""

    def __init__(self, path):
        self.at = {}  # disk sector -> (file block, sector in block)
        with open(path, encoding='ascii') as f:
            for line in f:
                block, disk, count = map(int, line.split())
                for n in range(count):
                    for s in range(PER_BLOCK):
                        self.at[(disk + n) * PER_BLOCK + s] = (block + n, s)


class State:
    """The table's bytes, and what must be named by it."""

    def __init__(self, own, first):
        self.own, self.first = own, first
        self.blocks = {}
        self.known = False  # the device is in the table
        self.lineage = None  # of the last CLEAN table
        self.old = set()  # units written in that lineage until then
        self.new = set()  # and since then (or since the device is known)
        self.lineages = 0
        self.parsed = None

    def must_name(self, lineage):
        """What a CLEAN table of this lineage has to name.  A new lineage begins after the last CLEAN one."""
        return (self.old, self.new) if lineage == self.lineage else (self.new,)

    def seal(self, lineage):
        """The table is CLEAN for good."""
        self.lineages += lineage != self.lineage
        self.old = set().union(*self.must_name(lineage))
        self.new, self.lineage = set(), lineage

    def block(self, n):
        return bytes(self.blocks.get(n, bytes(tab.BLOCK)))

    def poke(self, block, sector, data):
        self.blocks.setdefault(block, bytearray(tab.BLOCK))[sector * SECTOR:(sector + 1) * SECTOR] = data
        self.parsed = None

    def table(self):
        if self.parsed is None:
            self.parsed = tab.Table(self.block)
        return self.parsed


def split(own, first, sector, sectors, data):
    """The parts of a write: [(block, sector, bytes)] of the table, {unit} of the rest."""
    table, rest = [], set()
    for n in range(sectors):
        where = own.at.get(sector + n)
        if where is None:
            rest.add(sector + n - first >> UNIT_SHIFT)
        else:
            table.append((*where, data[n * SECTOR:(n + 1) * SECTOR] or bytes(SECTOR)))
    return table, rest


def has_slot(table):
    return any(not isinstance(copy, str) and copy[1] for copy in table.copies)


def missed(table, state, extra):
    """(is it CLEAN, chunks that are written and not named)."""
    lost = set()
    slots = table.clean()
    for slot in slots.values():
        shift = slot.chunk_shift - 9 - UNIT_SHIFT
        named = table.changed(slot)
        chunks = slot.sectors - 1 >> slot.chunk_shift - 9
        lost.update(u >> shift for u in itertools.chain(*state.must_name(slot.lineage), extra)
                    if u >> shift not in named and 0 <= u >> shift <= chunks)
    return bool(slots), lost


def subsets(rnd, writes):
    """Which of the writes to the table, in order, a power cut may leave: lists of poke triples."""
    n = len(writes)
    if n <= 8:
        picks = [[w for i, w in enumerate(writes) if mask >> i & 1] for mask in range(1 << n)]
    else:
        # every prefix, each one alone missing, and a random choice
        picks = [writes[:i] for i in range(n + 1)]
        picks += [writes[:i] + writes[i + 1:] for i in range(n)]
        picks += [[w for w in writes if rnd.random() < 0.5] for _ in range(64)]
    for pick in picks:
        yield [p for w in pick for p in w]
    for _ in range(min(16, 4 * n)):  # torn: some sectors of one write only
        pick = [w for w in writes if rnd.random() < 0.7]
        if pick:
            k = rnd.randrange(len(pick))
            pick[k] = [p for p in pick[k] if rnd.random() < 0.5]
        yield [p for w in pick for p in w]


def main(argv):
    lose = None
    if argv[1:2] == ['--lose']:
        lose = int(argv[2])
        del argv[1:3]
    if len(argv) < 5:
        sys.exit(__doc__)
    rnd = random.Random(int(argv[1]))
    own, first, logs = Own(argv[2]), int(argv[3]) // SECTOR, argv[4:]
    state = State(own, first)
    count = {'entries': 0, 'boundaries': 0, 'clean': 0, 'states': 0}
    bad = []

    def look(where, table, extra):
        count['states'] += 1
        clean, lost = missed(table, state, extra)
        count['clean'] += clean
        if lost:
            bad.append('%s: CLEAN, but chunks %s were written and are not named' % (where, sorted(lost)[:8]))

    def window(where, table_writes, data, after):
        """A power cut between two flushes: `data` may or may not be there."""
        before = {b: bytes(state.blocks[b]) for w in table_writes for b, _, _ in w if b in state.blocks}
        touched = {b for w in table_writes for b, _, _ in w}
        if table_writes:
            for pokes in subsets(rnd, table_writes):
                for b, s, d in pokes:
                    state.poke(b, s, d)
                look(where, tab.Table(state.block), data)
                for b in touched:
                    if b in before:
                        state.blocks[b] = bytearray(before[b])
                    else:
                        state.blocks.pop(b, None)
                state.parsed = None
        elif data:
            look(where, state.table(), data)
        # and now all of it is there
        for w in table_writes:
            for b, s, d in w:
                state.poke(b, s, d)
        table = state.table()
        slots = table.clean()
        if not state.known and has_slot(table):
            state.known, state.new = True, set(after)
        elif slots:
            state.seal(next(iter(slots.values())).lineage)
            state.new |= data
        else:
            state.new |= data

    for number, path in enumerate(logs, 1):
        table_writes, data, after, n = [], set(), set(), -1
        for n, (flags, sector, sectors, payload) in enumerate(entries(path)):
            count['entries'] += 1
            if sectors:
                mine, rest = split(own, first, sector, sectors, payload)
                if mine and number != lose:
                    table_writes.append(mine)
                data |= rest
                if table_writes:
                    after |= rest
            if flags & (FLUSH | FUA):
                window('%s, before entry %d' % (path, n), table_writes, data, after)
                table_writes, data, after = [], set(), set()
                count['boundaries'] += 1
                if len(bad) >= 20:
                    break
                look('%s, at the flush %d' % (path, n), state.table(), ())
        # an end of power: what was not flushed is there, or not
        window('%s, at its end' % path, table_writes, data, after)
    print(' '.join('%s %d' % item for item in count.items()), 'lineages', state.lineages, 'bad', len(bad))
    for line in bad[:20]:
        print(line)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
